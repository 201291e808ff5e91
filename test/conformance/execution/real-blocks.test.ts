import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeBlock } from '../../../client/execution/chain/block-codec.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { executeBlock } from '../../../client/execution/state/execute-block.ts';
import { executeBlockFile } from '../../../client/execution/state/execute-file.ts';
import { blockFile, blockFileNames, INCOMPLETE, openedBlockFile } from '../../support/block-files.ts';
import { digestOf } from '../../support/content-digest.ts';
import { needsData } from '../../support/data.ts';

describe('real blocks', needsData(), () => {
  test('all twenty are there', () => assert.equal(blockFileNames().length, 20));

  for (const name of blockFileNames()) {
    const missing = INCOMPLETE[name];
    if (missing !== undefined) {
      test(`${name} with an incomplete witness → rejected for the node it lacks`, async () => {
        const outcome = await executeBlockFile(await openedBlockFile(name));
        assert.ok(!outcome.ok);
        assert.equal(outcome.code, 'missingNode');
        assert.ok(outcome.reason.startsWith(`missing trie node ${missing}`), outcome.reason);
      });
      continue;
    }
    test(`${name} from its witness → its header; from the witness recorded here → the same, byte for byte`, async () => {
      const file = blockFile(name);
      const opened = await openedBlockFile(name);
      const outcome = await executeBlockFile(opened);
      assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
      assert.equal(outcome.stateRoot, file.expected.stateRoot);
      const { witness, gasUsed, changes } = outcome.execution;
      assert.equal(gasUsed, file.expected.gasUsed);

      const given = new Set(file.witness.state.map(hex));
      assert.ok(witness.state.every((node) => given.has(hex(node))));
      const block = decodeBlock(opened.network.common, file.blockRlp);
      const again = await executeBlock(opened.network, block, ContentMap.ofWitness(witness));
      assert.equal(digestOf(again.witness), digestOf(witness));
      assert.equal(digestOf(again.changes), digestOf(changes));
    });
  }
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
