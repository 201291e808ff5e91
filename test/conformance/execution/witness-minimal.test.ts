import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeBlock } from '../../../client/execution/chain/block-codec.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { executeBlock } from '../../../client/execution/state/execute-block.ts';
import { blockFileNames, executeOpened, INCOMPLETE, openedBlockFile } from '../../support/block-files.ts';
import { needsData } from '../../support/data.ts';
import { gapsOf } from '../../support/witness-gaps.ts';

/** Items per list that are dropped and altered: all where a run is short, with `ZKL1_TEST_FULL=1` all of every block. */
const PER_LIST: Readonly<Record<string, number>> = {
  'mainnet-1': Number.POSITIVE_INFINITY,
  'mainnet-2675001': Number.POSITIVE_INFINITY,
  'mainnet-1150001': Number.POSITIVE_INFINITY,
  'mainnet-1150000': 40,
  'mainnet-2675000': 40,
  'mainnet-1920000': 30,
  'mainnet-4370000': 4,
  'mainnet-9069000': 3,
  'mainnet-21429063': 8,
  'mainnet-21688509': 12,
  'mainnet-22615247': 8,
};
/** Of blocks that run for seconds, one item of each list is dropped and none altered. */
const LARGE = 1;
const isFull = process.env.ZKL1_TEST_FULL === '1';

describe('recorded witnesses of real blocks', needsData(), () => {
  for (const name of blockFileNames().filter((each) => !(each in INCOMPLETE))) {
    const perList = isFull ? Number.POSITIVE_INFINITY : (PER_LIST[name] ?? LARGE);
    test(`rejects ${name} with any item of its witness missing or altered, naming the item`, async () => {
      const opened = await openedBlockFile(name);
      const { file, network } = opened;
      const recorded = await executeOpened(opened);
      for (const { what, witness, code, hash } of gapsOf(recorded.witness, perList)) {
        if (perList === LARGE && !what.startsWith('without')) continue;
        const block = decodeBlock(network.common, file.blockRlp);
        await assert.rejects(
          executeBlock(network, block, ContentMap.ofWitness(witness)),
          { code, detail: { hash } },
          what,
        );
      }
    });
  }
});
