import type { Block } from '@ethereumjs/block';
import { Account, type Address } from '@ethereumjs/util';
import { encodeReceipt, type TxReceipt, type VM } from '@ethereumjs/vm';
import { activeForks } from '../chain/active-forks.ts';
import type { ForkName } from '../chain/chain-spec.ts';
import { DAO_ACCOUNTS, DAO_RECOVERY } from '../chain/dao-fork.ts';
import type { Network } from '../chain/network.ts';
import { applyTransaction } from './apply-transaction.ts';
import { depositsOf, requestsOf } from './requests.ts';
import {
  BEACON_ROOTS,
  CONSOLIDATION_REQUESTS,
  checkedSystemCall,
  HISTORY_STORAGE,
  uncheckedSystemCall,
  WITHDRAWAL_REQUESTS,
} from './system-calls.ts';
import type { WorldState } from './world-state.ts';

const BLOOM_BYTES = 256;
const WEI_PER_GWEI = 1_000_000_000n;
const WEI_PER_ETHER = 10n ** 18n;
const NO_DATA = new Uint8Array(0);

/** What the run gave, to be compared with the header. */
export type BodyOutcome = {
  readonly gasUsed: bigint;
  readonly receipts: readonly TxReceipt[];
  readonly encodedReceipts: readonly Uint8Array[];
  readonly logsBloom: Uint8Array;
  /** EIP-7685; empty before Prague */
  readonly requests: readonly Uint8Array[];
  readonly stateRoot: Uint8Array;
};

/**
 * `apply_body` of execution-specs.
 * @throws BlockError where a transaction or a system contract makes the block invalid
 */
export async function applyBody(network: Network, vm: VM, state: WorldState, block: Block): Promise<BodyOutcome> {
  const { header } = block;
  const forks = activeForks(network.config, header.number, header.timestamp);
  const isActive = (fork: ForkName): boolean => forks.some(({ name }) => name === fork);

  if (header.number === network.config.daoForkBlock) await applyDao(state);
  if (isActive('cancun')) {
    await uncheckedSystemCall(vm, state, block, BEACON_ROOTS, header.parentBeaconBlockRoot ?? NO_DATA);
  }
  if (isActive('prague')) await uncheckedSystemCall(vm, state, block, HISTORY_STORAGE, header.parentHash);

  const receipts: TxReceipt[] = [];
  const encodedReceipts: Uint8Array[] = [];
  const logsBloom = new Uint8Array(BLOOM_BYTES);
  let gasUsed = 0n;
  for (const [index, transaction] of block.transactions.entries()) {
    const result = await applyTransaction(vm, block, transaction, index, gasUsed);
    gasUsed += result.totalGasSpent;
    receipts.push(result.receipt);
    encodedReceipts.push(encodeReceipt(result.receipt, transaction.type));
    for (const [at, byte] of result.bloom.bitvector.entries()) logsBloom[at] = (logsBloom[at] ?? 0) | byte;
  }

  for (const { address, amount } of block.withdrawals ?? []) await credit(state, address, amount * WEI_PER_GWEI, true);
  if (!isActive('paris')) await payBlockRewards(state, block, isActive);

  const requests = isActive('prague')
    ? requestsOf(
        depositsOf(receipts, network.config.depositContract),
        await checkedSystemCall(vm, state, block, WITHDRAWAL_REQUESTS, NO_DATA),
        await checkedSystemCall(vm, state, block, CONSOLIDATION_REQUESTS, NO_DATA),
      )
    : [];
  return { gasUsed, receipts, encodedReceipts, logsBloom, requests, stateRoot: state.flush() };
}

/** EIP-779 */
async function applyDao(state: WorldState): Promise<void> {
  let moved = 0n;
  for (const address of DAO_ACCOUNTS) {
    const account = (await state.getAccount(address)) ?? new Account();
    moved += account.balance;
    account.balance = 0n;
    await state.putAccount(address, account);
  }
  await credit(state, DAO_RECOVERY, moved, false);
}

/** `pay_rewards` */
async function payBlockRewards(state: WorldState, block: Block, isActive: (fork: ForkName) => boolean): Promise<void> {
  const { header, uncleHeaders: ommers } = block;
  const reward = WEI_PER_ETHER * (isActive('constantinople') ? 2n : isActive('byzantium') ? 3n : 5n);
  for (const ommer of ommers) {
    const age = header.number - ommer.number;
    await credit(state, ommer.coinbase, ((8n - age) * reward) / 8n, false);
  }
  await credit(state, header.coinbase, reward + (reward / 32n) * BigInt(ommers.length), false);
}

/** @param deletesEmpty EIP-161: an account that is empty afterwards is not kept */
async function credit(state: WorldState, address: Address, wei: bigint, deletesEmpty: boolean): Promise<void> {
  const account = (await state.getAccount(address)) ?? new Account();
  account.balance += wei;
  if (deletesEmpty && account.isEmpty()) await state.deleteAccount(address);
  else await state.putAccount(address, account);
}
