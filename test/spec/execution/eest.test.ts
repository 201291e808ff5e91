import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { decodeBlock } from '../../../client/execution/chain/block-codec.ts';
import { hex } from '../../../client/execution/chain/block-error.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { executeBlock } from '../../../client/execution/state/execute-block.ts';
import { digestOf } from '../../support/content-digest.ts';
import { dataDir, needsData } from '../../support/data.ts';
import { type BlockOutcome, eestFiles, eestTests, runBlockchainTest } from '../../support/eest.ts';
import { isExpectedException } from '../../support/eest-exceptions.ts';

/** Too long for every run; `ZKL1_TEST_FULL=1` runs them too, and the benchmark folder. */
const HEAVY = new Set(['test_run_until_out_of_gas.json']);
const isFull = process.env.ZKL1_TEST_FULL === '1';

describe('execution spec tests, blockchain_tests', needsData(), () => {
  const files = dataDir() === undefined ? [] : eestFiles('blockchain_tests');
  if (isFull && dataDir() !== undefined) files.push(...eestFiles('benchmark'));
  let tests = 0;
  let invalid = 0;
  let diffs = 0;

  for (const file of files) {
    const name = basename(file, '.json');
    const skip = HEAVY.has(basename(file)) && !isFull ? { skip: 'heavy: ZKL1_TEST_FULL=1 runs it' } : {};
    test(`${name} → valid blocks run to their headers, invalid ones are rejected by their rule`, skip, async () => {
      for (const [id, fixture] of eestTests(file)) {
        const { outcomes, head } = await runBlockchainTest(fixture);
        for (const outcome of outcomes) {
          if (outcome.expected === undefined) await checkValid(id, outcome);
          else checkRejected(id, outcome);
          if (outcome.expected !== undefined) invalid++;
          if (outcome.rootByDiff !== undefined) diffs++;
        }
        assert.equal(head, fixture.lastblockhash, id);
        tests++;
      }
    });
  }

  test('all fixtures were read → their number', () => {
    assert.ok(isFull ? tests === 488 : tests === 456, `${tests} tests`);
    assert.equal(invalid, 68);
    assert.ok(diffs >= 436, `${diffs} state diffs`);
  });
});

/** A block that is valid on the full state gives its root by its diff too, and runs from the recorded witness alone, and records the same again. */
async function checkValid(id: string, outcome: BlockOutcome): Promise<void> {
  const { error, execution, rootByDiff, network, blockRlp } = outcome;
  assert.ok(execution, `${id}: ${error?.code}: ${error?.message}`);
  const block = decodeBlock(network.common, blockRlp);
  // From Cancun on, the diff alone gives the same state.
  assert.equal(rootByDiff, block.common.isActivatedEIP(4844) ? hex(block.header.stateRoot) : undefined, id);
  const again = await executeBlock(network, block, ContentMap.ofWitness(execution.witness));
  assert.equal(digestOf(again.witness), digestOf(execution.witness), id);
  assert.equal(digestOf(again.changes), digestOf(execution.changes), id);
}

function checkRejected(id: string, { expected, error }: BlockOutcome): void {
  assert.ok(error, `${id} was accepted, expected ${expected}`);
  assert.ok(
    isExpectedException(expected ?? '', error),
    `${id}: expected ${expected}, got ${error.code}: ${error.message}`,
  );
}
