import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CheckerProcess } from '../../../client/prover/service/checker-process.ts';
import { realCheckedBlock } from '../../support/checked-block.ts';
import { needsData } from '../../support/data.ts';

describe('checks in a process of their own', () => {
  test('blocks at once → each its own answer; close waits for them', needsData(), async () => {
    const checker = new CheckerProcess();
    const good = await realCheckedBlock('mainnet-2675001');
    const bad = { ...good, witness: { ...good.witness, state: good.witness.state.slice(1) } };
    const other = await realCheckedBlock('mainnet-1');
    const checks = Promise.all([checker.check(good), checker.check(bad), checker.check(other)]);
    await checker.close();
    const [ofGood, ofBad, ofOther] = await checks;
    assert.ok(ofGood.ok && ofOther.ok);
    assert.deepEqual([ofGood.claim.blockHash, ofOther.claim.blockHash], [good.blockHash, other.blockHash]);
    assert.ok(!ofBad.ok && ofBad.kind === 'rejected');
    assert.equal(ofBad.rule, 'witness');
  });

  test('too many under way → no room until one is answered', needsData(), async () => {
    const checker = new CheckerProcess();
    const block = await realCheckedBlock('mainnet-1');
    let answered = 0;
    const checks = [1, 2, 3, 4].map(async () => {
      await checker.check(block);
      answered++;
    });
    await checker.room();
    assert.ok(answered >= 1, `${answered} answered`);
    await Promise.all(checks);
    await checker.close();
  });

  test('a process that ends → no answer but an error, for each block', needsData(), async () => {
    const checker = new CheckerProcess({ maxBytes: 1 });
    const block = await realCheckedBlock('mainnet-24628607');
    for (let attempt = 0; attempt < 2; attempt++)
      await assert.rejects(checker.check(block), { code: 'checkFailed', message: /the memory limit is reached/ });
    await checker.close();
  });
});
