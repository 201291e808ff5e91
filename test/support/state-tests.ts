/** State tests: one transaction each, through the same code as a block's, below the block's main line. */
import { readFileSync } from 'node:fs';
import { createBlock } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { createTxFromRLP } from '@ethereumjs/tx';
import { validateTransaction } from '../../client/execution/chain/body-rules.ts';
import { keccak256 } from '../../client/execution/chain/crypto.ts';
import { allocState, parseAlloc } from '../../client/execution/chain/genesis-alloc.ts';
import { rulesAt } from '../../client/execution/chain/network.ts';
import type { ContentSource, ExecutionWitness } from '../../client/execution/interface.ts';
import { Ancestors } from '../../client/execution/state/ancestors.ts';
import { applyTransaction } from '../../client/execution/state/apply-transaction.ts';
import { ContentMap } from '../../client/execution/state/content-map.ts';
import { strictSource } from '../../client/execution/state/strict-source.ts';
import { createBlockVm } from '../../client/execution/state/vm.ts';
import { WorldState } from '../../client/execution/state/world-state.ts';
import { WitnessRecorder } from '../../client/execution/witness/recorder.ts';
import { bytesOf, hexOf } from './bytes.ts';
import { type BlockchainTest, eestNetwork } from './eest.ts';

export type StateTest = {
  readonly env: Readonly<Record<string, string>>;
  readonly pre: Readonly<Record<string, unknown>>;
  readonly config: BlockchainTest['config'];
  readonly post: Readonly<Record<string, readonly StatePost[]>>;
};
export type StatePost = {
  readonly hash: string;
  /** keccak256 of the RLP of the logs */
  readonly logs: string;
  readonly txbytes: string;
  readonly expectException?: string;
};
export type StateOutcome = {
  readonly stateRoot: string;
  readonly logs: string;
  readonly witness: ExecutionWitness;
};

export function stateTests(path: string): ReadonlyMap<string, StateTest> {
  return new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, StateTest>));
}

/** The state before a test, with its root. */
export async function preState(test: StateTest): Promise<{ readonly root: Uint8Array; readonly content: ContentMap }> {
  const { stateRoot, changes } = await allocState(parseAlloc(test.pre));
  const content = new ContentMap();
  content.addChanges(changes);
  return { root: stateRoot, content };
}

/**
 * Runs a test's transaction.
 * @param source the state before it, or the witness of another run
 * @throws whatever makes the transaction invalid
 */
export async function runStateTest(
  test: StateTest,
  fork: string,
  post: StatePost,
  root: Uint8Array,
  source: ContentSource,
): Promise<StateOutcome> {
  const network = eestNetwork({ network: fork, config: test.config }, '0x');
  const value = (key: string): bigint => BigInt(test.env[key] ?? 0);
  const height = { number: value('currentNumber'), timestamp: value('currentTimestamp') };
  const common = rulesAt(network, height);
  const block = createBlock(
    {
      header: {
        ...height,
        coinbase: bytesOf(test.env.currentCoinbase ?? ''),
        gasLimit: value('currentGasLimit'),
        baseFeePerGas: value('currentBaseFee'),
        mixHash: bytesOf(test.env.currentRandom ?? `0x${'0'.repeat(64)}`),
        ...(common.isActivatedEIP(4844) ? { excessBlobGas: value('currentExcessBlobGas') } : {}),
      },
    },
    { common },
  );
  const transaction = createTxFromRLP(bytesOf(post.txbytes), { common });
  validateTransaction(transaction, 0);
  const recorder = new WitnessRecorder();
  const strict = strictSource(source, recorder.onRead);
  const state = new WorldState(strict, root);
  const vm = await createBlockVm(network, height, state, new Ancestors(strict, new Uint8Array(32)));
  const { receipt } = await applyTransaction(vm, block, transaction, 0, 0n);
  const missing = strict.firstMissing();
  if (missing !== undefined) throw missing;
  const stateRoot = hexOf(state.flush());
  return { stateRoot, logs: hexOf(keccak256(RLP.encode(receipt.logs))), witness: recorder.witness([]) };
}
