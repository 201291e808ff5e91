/** Ethereum execution spec tests: chains of blocks through the same main line as every other block. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ClientError } from '../../client/errors.ts';
import { decodeBlock } from '../../client/execution/chain/block-codec.ts';
import { allocState, parseAlloc } from '../../client/execution/chain/genesis-alloc.ts';
import { parseChainConfig } from '../../client/execution/chain/genesis-config.ts';
import { createNetwork, type Network } from '../../client/execution/chain/network.ts';
import type { BlockExecution } from '../../client/execution/interface.ts';
import { applyStateDiff } from '../../client/execution/state/apply-diff.ts';
import { ContentMap } from '../../client/execution/state/content-map.ts';
import { executeBlock } from '../../client/execution/state/execute-block.ts';
import { decodeStateDiff, encodeStateDiff } from '../../client/execution/state/state-diff-codec.ts';
import { dataDir } from './data.ts';

type BlobSchedule = Readonly<Record<string, Readonly<Record<'target' | 'max' | 'baseFeeUpdateFraction', string>>>>;
export type BlockchainTest = {
  readonly network: string;
  readonly genesisRLP: string;
  readonly pre: Readonly<Record<string, unknown>>;
  readonly lastblockhash: string;
  readonly config: { readonly chainid: string; readonly blobSchedule?: BlobSchedule };
  readonly blocks: readonly { readonly rlp: string; readonly expectException?: string }[];
};

const TIME_FORKS: readonly string[] = ['Shanghai', 'Cancun', 'Prague', 'Osaka', 'BPO1'];
const BLOCK_FORKS = [
  ...['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg', 'istanbul'],
  ...['muirGlacier', 'berlin', 'london', 'arrowGlacier', 'grayGlacier', 'mergeFork'],
];

/** Files below a folder of `eest`, in a fixed order. */
export function eestFiles(...folder: readonly string[]): string[] {
  const root = join(dataDir() ?? '', 'eest', ...folder);
  return readdirSync(root, { recursive: true })
    .map((name) => join(root, name.toString()))
    .filter((path) => path.endsWith('.json') && statSync(path).isFile())
    .sort();
}

/** Test name → test. */
export function eestTests(path: string): ReadonlyMap<string, BlockchainTest> {
  return new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, BlockchainTest>));
}

/** The chain of a fork's name (`Osaka`) or of a transition (`PragueToOsakaAtTime15k`). */
export function eestNetwork(test: Pick<BlockchainTest, 'network' | 'config'>, genesisHash: `0x${string}`): Network {
  const transition = /^(\w+)To(\w+)AtTime15k$/.exec(test.network);
  const first = transition?.[1] ?? test.network;
  const second = transition?.[2];
  const last = TIME_FORKS.indexOf(first);
  if (last === -1) throw new Error(`unknown network ${test.network}`);
  const times = TIME_FORKS.slice(0, last + 1).map((fork) => [`${lower(fork)}Time`, 0]);
  if (second !== undefined) times.push([`${lower(second)}Time`, 15_000]);
  const blobSchedule = Object.fromEntries(
    Object.entries(test.config.blobSchedule ?? {}).map(([fork, params]) => [lower(fork), params]),
  );
  const config = parseChainConfig(
    {
      chainId: test.config.chainid,
      ...Object.fromEntries(BLOCK_FORKS.map((fork) => [`${fork}Block`, 0])),
      ...Object.fromEntries(times),
      depositContractAddress: '0x00000000219ab540356cbb839cbe05303d7705fa',
      blobSchedule,
    },
    0n,
  );
  return createNetwork(test.network, config, genesisHash);
}

export type BlockOutcome = {
  /** the exception that the test expects; undefined where the block is valid */
  readonly expected: string | undefined;
  /** undefined where the block was accepted */
  readonly error: ClientError | undefined;
  readonly execution: BlockExecution | undefined;
  /** what the block's diff gives on a second state that has seen only diffs; undefined where there is no diff */
  readonly rootByDiff: string | undefined;
  readonly network: Network;
  readonly blockRlp: Uint8Array;
};

/**
 * Runs a test's blocks in order over a state in memory; an accepted block becomes the parent of the next.
 * @returns every block's outcome, and the hash of the last accepted one
 */
export async function runBlockchainTest(
  test: BlockchainTest,
): Promise<{ readonly outcomes: readonly BlockOutcome[]; readonly head: string }> {
  const genesisRlp = bytes(test.genesisRLP);
  const probe = eestNetwork(test, '0x');
  const genesis = decodeBlock(probe.common, genesisRlp);
  const network = eestNetwork(test, hex(genesis.hash()));
  const { stateRoot, changes } = await allocState(parseAlloc(test.pre));
  if (hex(stateRoot) !== hex(genesis.header.stateRoot)) throw new Error('the pre-state is not the genesis block’s');
  const content = new ContentMap();
  content.addChanges(changes);
  content.addHeader(genesis.hash(), genesis.header.serialize());

  const byDiffs = new ContentMap();
  byDiffs.addChanges(changes);
  let parentRoot = stateRoot;

  const outcomes: BlockOutcome[] = [];
  let head = hex(genesis.hash());
  for (const { rlp, expectException: expected } of test.blocks) {
    const blockRlp = bytes(rlp);
    try {
      const block = decodeBlock(network.common, blockRlp);
      const execution = await executeBlock(network, block, content);
      content.addChanges(execution.changes);
      content.addHeader(block.hash(), block.header.serialize());
      head = hex(block.hash());
      const diff = execution.stateDiff && decodeStateDiff(encodeStateDiff(execution.stateDiff), block.header.gasUsed);
      const applied = diff && applyStateDiff(byDiffs, parentRoot, diff);
      byDiffs.addChanges(applied?.changes ?? execution.changes);
      parentRoot = block.header.stateRoot;
      const rootByDiff = applied && hex(applied.stateRoot);
      outcomes.push({ expected, error: undefined, execution, rootByDiff, network, blockRlp });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      outcomes.push({ expected, error, execution: undefined, rootByDiff: undefined, network, blockRlp });
    }
  }
  return { outcomes, head };
}

function lower(fork: string): string {
  return fork.toLowerCase();
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}

function hex(data: Uint8Array): `0x${string}` {
  return `0x${Buffer.from(data).toString('hex')}`;
}
