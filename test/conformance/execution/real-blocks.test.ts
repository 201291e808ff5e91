import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeBlock } from '../../../client/execution/chain/block-codec.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { executeBlock } from '../../../client/execution/state/execute-block.ts';
import { blockFileNames, executeOpened, INCOMPLETE, openedBlockFile } from '../../support/block-files.ts';
import { hexOf } from '../../support/bytes.ts';
import { digestOf } from '../../support/content-digest.ts';
import { needsData } from '../../support/data.ts';

describe('real blocks', needsData(), () => {
  test('all twenty are there', () => assert.equal(blockFileNames().length, 20));

  for (const name of blockFileNames()) {
    const missing = INCOMPLETE[name];
    if (missing !== undefined) {
      test(`${name} with an incomplete witness → rejected for the node it lacks`, async () => {
        await assert.rejects(executeOpened(await openedBlockFile(name)), {
          code: 'missingNode',
          message: new RegExp(`^missing trie node ${missing}`),
        });
      });
      continue;
    }
    test(`${name} from its witness → its header; from the witness recorded here → the same, byte for byte`, async () => {
      const opened = await openedBlockFile(name);
      const { file, network } = opened;
      const { witness, changes, gasUsed, stateRoot } = await executeOpened(opened);
      assert.equal(hexOf(stateRoot), file.expected.stateRoot);
      assert.equal(gasUsed, file.expected.gasUsed);

      const given = new Set(file.witness.state.map(hexOf));
      assert.ok(witness.state.every((node) => given.has(hexOf(node))));
      const block = decodeBlock(network.common, file.blockRlp);
      const again = await executeBlock(network, block, ContentMap.ofWitness(witness));
      assert.equal(digestOf(again.witness), digestOf(witness));
      assert.equal(digestOf(again.changes), digestOf(changes));
    });
  }
});
