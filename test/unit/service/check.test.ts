import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBlockCheck } from '../../../client/prover/service/check.ts';
import { realCheckedBlock } from '../../support/checked-block.ts';
import { needsData } from '../../support/data.ts';

describe('check of executed blocks', () => {
  for (const name of ['mainnet-1', 'mainnet-2675001', 'mainnet-21688509', 'mainnet-22615247', 'mainnet-24628607']) {
    test(`${name} → the claim that execution expects`, needsData(), async () => {
      const block = await realCheckedBlock(name);
      const result = (await createBlockCheck())(block);
      assert.ok(result.ok, result.ok ? '' : result.reason);
      assert.equal(result.claim.blockHash, block.blockHash);
    });
  }

  test('rejects a claim of another block', needsData(), async () => {
    const check = await createBlockCheck();
    const block = await realCheckedBlock('mainnet-1');
    const result = check({ ...block, blockHash: `0x${'00'.repeat(32)}` });
    assert.ok(!result.ok && result.kind === 'otherClaim');
    assert.match(result.reason, /^blockHash: execution has 0x000/);
    const otherParent = check({ ...block, parentHash: `0x${'00'.repeat(32)}` });
    assert.ok(!otherParent.ok && otherParent.kind === 'otherClaim');
  });

  test('rejects a witness without a node', needsData(), async () => {
    const block = await realCheckedBlock('mainnet-2675001');
    const result = (await createBlockCheck())({
      ...block,
      witness: { ...block.witness, state: block.witness.state.slice(1) },
    });
    assert.ok(!result.ok && result.kind === 'rejected');
    assert.equal(result.rule, 'witness');
  });
});
