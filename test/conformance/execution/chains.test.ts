import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { getGenesis } from '@ethereumjs/genesis';
import { hex } from '../../../client/execution/chain/block-error.ts';
import { parseGenesis } from '../../../client/execution/chain/genesis.ts';
import { applyStateDiff } from '../../../client/execution/state/apply-diff.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { executeBlock } from '../../../client/execution/state/execute-block.ts';
import { decodeStateDiff, encodeStateDiff } from '../../../client/execution/state/state-diff-codec.ts';
import { blocksOfChainFile } from '../../support/chain-file.ts';
import { digestOf } from '../../support/content-digest.ts';
import { dataDir, needsData, readJson, repoRoot } from '../../support/data.ts';
import { storedChain } from '../../support/stored-chain.ts';

/**
 * Imports a chain file block by block into a store on disk. Every block is run a second time from its witness alone,
 * and from Cancun on its state is made a second time, from the diffs alone.
 * @returns the last block, how many blocks each fork's rules ran, how many ommers they had, how many diffs were applied
 */
async function importChain(t: TestContext, genesisJson: unknown, file: string) {
  const genesis = await parseGenesis('test', genesisJson);
  assert.ok(genesis.state);
  const { network } = genesis;
  const { executor, importer } = await storedChain(t, genesis);
  const forks: Record<string, number> = {};
  const byDiffs = new ContentMap();
  byDiffs.addChanges(genesis.state);
  let ommers = 0;
  let diffs = 0;
  let head = genesis.block;
  for (const rlp of blocksOfChainFile(file)) {
    const block = executor.decodeBlock(rlp);
    if (block.header.number === 0n) {
      assert.equal(hex(block.hash()), network.genesisHash);
      continue;
    }
    const { execution } = await importer.importExecuted(block, new Uint8Array(0));
    assert.ok(execution);
    const alone = await executeBlock(network, executor.decodeBlock(rlp), ContentMap.ofWitness(execution.witness));
    assert.equal(digestOf(alone.witness), digestOf(execution.witness), `witness of block ${block.header.number}`);
    const { stateDiff } = execution;
    if (stateDiff === undefined) {
      byDiffs.addChanges(execution.changes);
    } else {
      const decoded = decodeStateDiff(encodeStateDiff(stateDiff), block.header.gasUsed);
      const applied = applyStateDiff(byDiffs, head.header.stateRoot, decoded);
      assert.equal(hex(applied.stateRoot), hex(block.header.stateRoot), `diff of block ${block.header.number}`);
      byDiffs.addChanges(applied.changes);
      diffs++;
    }
    forks[block.common.hardfork()] = (forks[block.common.hardfork()] ?? 0) + 1;
    ommers += block.uncleHeaders.length;
    head = block;
  }
  const { number, stateRoot } = head.header;
  return { number: Number(number), hash: hex(head.hash()), stateRoot: hex(stateRoot), forks, ommers, diffs };
}

describe('chains imported over level', needsData(), () => {
  const folder = join(dataDir() ?? '', 'chains');

  test('geth’s hive chain → its head, Shanghai to Prague', async (t) => {
    const genesis = readJson('chains', 'geth-hivechain', 'genesis.json');
    const chain = await importChain(t, genesis, join(folder, 'geth-hivechain', 'chain.rlp'));
    const { hash, stateRoot } = readJson<{ hash: string; stateRoot: string }>(
      ...['chains', 'geth-hivechain', 'headblock.json'],
    );
    assert.deepEqual([chain.number, chain.hash, chain.stateRoot], [600, hash, stateRoot]);
    assert.deepEqual(chain.forks, { shanghai: 5, cancun: 6, prague: 589 });
    assert.equal(chain.diffs, 595);
  });

  test('the chain of execution-apis → its head, Homestead to BPO2', async (t) => {
    const genesis = readJson('chains', 'execution-apis', 'tests', 'genesis.json');
    const chain = await importChain(t, genesis, join(folder, 'execution-apis', 'tests', 'chain.rlp'));
    const forkchoice = readJson<{ params: { headBlockHash: string }[] }>(
      ...['chains', 'execution-apis', 'tests', 'headfcu.json'],
    );
    assert.equal(chain.hash, forkchoice.params[0]?.headBlockHash);
    assert.equal(chain.number, 54);
    assert.equal(Object.keys(chain.forks).length, 19);
    const { cancun = 0, prague = 0, osaka = 0, bpo1 = 0, bpo2 = 0 } = chain.forks;
    assert.equal(chain.diffs, cancun + prague + osaka + bpo1 + bpo2);
  });

  test('mainnet from its genesis → block 999, with all difficulties, rewards and ommers', async (t) => {
    const genesis = JSON.parse(readFileSync(join(repoRoot(), 'genesis', 'mainnet.json'), 'utf8'));
    genesis.alloc = Object.fromEntries(Object.entries(getGenesis(1) ?? {}).map(([a, balance]) => [a, { balance }]));
    const chain = await importChain(t, genesis, join(folder, 'mainnet-first1000', '1000.blocks'));
    assert.deepEqual([chain.number, chain.forks, chain.ommers], [999, { chainstart: 999 }, 293]);
  });
});
