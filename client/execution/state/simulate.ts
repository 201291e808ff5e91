/** Calls whose changes are thrown away: `eth_call` and `eth_estimateGas`. */
import { type Block, createBlock } from '@ethereumjs/block';
import {
  createBlob4844Tx,
  createEOACode7702Tx,
  createFeeMarket1559Tx,
  createLegacyTx,
  type TypedTransaction,
} from '@ethereumjs/tx';
import { Address, bigIntToUnpaddedBytes } from '@ethereumjs/util';
import { runTx, type VM } from '@ethereumjs/vm';
import { ClientError } from '../../errors.ts';

export type Call = {
  readonly from: Uint8Array;
  /** undefined creates a contract */
  readonly to: Uint8Array | undefined;
  /** gas limit; undefined takes the most that a transaction may have */
  readonly gas: bigint | undefined;
  /** 0 where fees are no matter: the call then sees a base fee of 0 too */
  readonly gasPrice: bigint;
  readonly value: bigint;
  readonly data: Uint8Array;
  /** EIP-2930 */
  readonly accessList: readonly { readonly address: Uint8Array; readonly storageKeys: readonly Uint8Array[] }[];
  /** EIP-7702 */
  readonly authorizations: readonly Authorization[];
  /** EIP-4844 */
  readonly blobHashes: readonly Uint8Array[];
};
export type Authorization = {
  readonly chainId: bigint;
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly yParity: bigint;
  readonly r: bigint;
  readonly s: bigint;
};
export type CallOutcome =
  | { readonly kind: 'returned'; readonly data: Uint8Array; readonly gasUsed: bigint }
  | { readonly kind: 'reverted'; readonly data: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: string };

/** EIP-7825. */
const TRANSACTION_GAS_CAP = 1n << 24n;
/** EIP-150 lets a caller keep 1/64 of its gas, and a value transfer brings 2300: the usual gap above what is used. */
const CALL_STIPEND = 2300n;

/**
 * Runs a call as a transaction on the state after `block` that sees the block as its own, without signature, nonce
 * and the fee's payment.
 * @param vm over the state after `block`; its state is changed, for the caller to throw away
 */
export async function simulateCall(vm: VM, block: Block, call: Call): Promise<CallOutcome> {
  const gasLimit = call.gas === undefined ? gasCap(vm, block) : min(call.gas, gasCap(vm, block));
  const balance = (await vm.stateManager.getAccount(new Address(call.from)))?.balance ?? 0n;
  if (call.value > balance) {
    return { kind: 'failed', reason: `insufficient funds for transfer: balance ${balance}, needed ${call.value}` };
  }
  try {
    const seen = call.gasPrice === 0n ? withoutBaseFee(vm, block) : block;
    const transaction = unsignedTransaction(vm, seen, call, gasLimit);
    const result = await runTx(vm, {
      tx: transaction,
      block: seen,
      blockGasUsed: 0n,
      skipNonce: true,
      skipBalance: true,
    });
    const { exceptionError, returnValue } = result.execResult;
    if (exceptionError === undefined) return { kind: 'returned', data: returnValue, gasUsed: result.totalGasSpent };
    if (exceptionError.error === 'revert') return { kind: 'reverted', data: returnValue };
    return { kind: 'failed', reason: exceptionError.error };
  } catch (error) {
    if (error instanceof ClientError) throw error;
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * The smallest gas limit with which the call succeeds, found by bisection: refunds and the gas that callers keep
 * back make it larger than what is used.
 * @param freshVm a VM over the state after `block`, a new one for each run
 */
export async function estimateGas(
  freshVm: () => Promise<VM>,
  block: Block,
  call: Call,
): Promise<{ readonly kind: 'estimate'; readonly gas: bigint } | Exclude<CallOutcome, { kind: 'returned' }>> {
  const first = await freshVm();
  const cap = min(call.gas ?? 1n << 63n, gasCap(first, block));
  const atCap = await simulateCall(first, block, { ...call, gas: cap });
  if (atCap.kind !== 'returned') return atCap;
  let guess = ((atCap.gasUsed + CALL_STIPEND) * 64n) / 63n;
  const tries = async (gas: bigint): Promise<boolean> =>
    (await simulateCall(await freshVm(), block, { ...call, gas })).kind === 'returned';
  if (await tries(atCap.gasUsed)) return { kind: 'estimate', gas: atCap.gasUsed };
  let fails = atCap.gasUsed;
  let succeeds = cap;
  while (succeeds - fails > 1n) {
    if (guess <= fails || guess >= succeeds) guess = (fails + succeeds) / 2n;
    if (await tries(guess)) succeeds = guess;
    else fails = guess;
    guess = (fails + succeeds) / 2n;
  }
  return { kind: 'estimate', gas: succeeds };
}

function gasCap(vm: VM, block: Block): bigint {
  const { gasLimit } = block.header;
  return vm.common.isActivatedEIP(7825) ? min(gasLimit, TRANSACTION_GAS_CAP) : gasLimit;
}

function withoutBaseFee(vm: VM, block: Block): Block {
  if (block.header.baseFeePerGas === undefined) return block;
  const header = { ...block.header, baseFeePerGas: 0n };
  return createBlock({ header }, { common: vm.common, skipConsensusFormatValidation: true });
}

/** A transaction that answers for its sender without a signature. */
function unsignedTransaction(vm: VM, block: Block, call: Call, gasLimit: bigint): TypedTransaction {
  const options = { common: vm.common, freeze: false };
  const { baseFeePerGas } = block.header;
  const fields = {
    ...(call.to === undefined ? {} : { to: new Address(call.to) }),
    gasLimit,
    value: call.value,
    data: call.data,
  };
  const transaction =
    baseFeePerGas === undefined
      ? createLegacyTx({ ...fields, gasPrice: call.gasPrice }, options)
      : typedTransaction(block, call, { ...fields, maxFeePerGas: max(call.gasPrice, baseFeePerGas) }, options);
  const sender = new Address(call.from);
  transaction.getSenderAddress = () => sender;
  return transaction;
}

function typedTransaction(
  block: Block,
  call: Call,
  fields: Parameters<typeof createFeeMarket1559Tx>[0],
  options: Parameters<typeof createFeeMarket1559Tx>[1],
): TypedTransaction {
  const accessList = call.accessList.map(({ address, storageKeys }) => [address, [...storageKeys]] as AccessListItem);
  const typed = { ...fields, maxPriorityFeePerGas: 0n, accessList };
  if (call.authorizations.length > 0) {
    const authorizationList = call.authorizations.map((a) => [
      ...[bigIntToUnpaddedBytes(a.chainId), a.address, bigIntToUnpaddedBytes(a.nonce)],
      ...[bigIntToUnpaddedBytes(a.yParity), bigIntToUnpaddedBytes(a.r), bigIntToUnpaddedBytes(a.s)],
    ]) as AuthorizationItem[];
    return createEOACode7702Tx({ ...typed, authorizationList }, options);
  }
  if (call.blobHashes.length > 0) {
    const maxFeePerBlobGas = block.header.getBlobGasPrice();
    return createBlob4844Tx({ ...typed, blobVersionedHashes: [...call.blobHashes], maxFeePerBlobGas }, options);
  }
  return createFeeMarket1559Tx(typed, options);
}

type AccessListItem = [Uint8Array, Uint8Array[]];
type AuthorizationItem = [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
