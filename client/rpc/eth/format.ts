/** The JSON forms of execution-apis: quantities without leading zeros, data with all bytes. */
import type { Block } from '@ethereumjs/block';
import { Capability, type TypedTransaction } from '@ethereumjs/tx';
import { createContractAddress } from '@ethereumjs/util';
import type { BlockClaim } from '../../prover/interface.ts';
import type { RpcReceipt } from '../interface.ts';
import type { Hex } from '../jsonrpc/params.ts';

/** @param value not negative; zero is `0x0` */
export function quantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

/** Two digits a byte; no bytes are `0x`. */
export function data(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
}

/** @param text 0x… hex of whole bytes */
export function bytesOf(text: Hex): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}

/** Numbers become quantities; hashes are hex already. */
export function claimJson(claim: BlockClaim): object {
  return { ...claim, schemaId: quantity(claim.schemaId), chainId: quantity(claim.chainId) };
}

/** @param full whole transactions instead of their hashes */
export function blockJson(block: Block, full: boolean) {
  const h = block.header;
  const optional = (value: bigint | undefined): Hex | undefined => (value === undefined ? undefined : quantity(value));
  const optionalData = (value: Uint8Array | undefined): Hex | undefined =>
    value === undefined ? undefined : data(value);
  return {
    number: quantity(h.number),
    hash: data(block.hash()),
    parentHash: data(h.parentHash),
    nonce: data(h.nonce),
    mixHash: data(h.mixHash),
    sha3Uncles: data(h.uncleHash),
    logsBloom: data(h.logsBloom),
    transactionsRoot: data(h.transactionsTrie),
    stateRoot: data(h.stateRoot),
    receiptsRoot: data(h.receiptTrie),
    miner: h.coinbase.toString(),
    difficulty: quantity(h.difficulty),
    extraData: data(h.extraData),
    size: quantity(block.serialize().length),
    gasLimit: quantity(h.gasLimit),
    gasUsed: quantity(h.gasUsed),
    timestamp: quantity(h.timestamp),
    baseFeePerGas: optional(h.baseFeePerGas),
    withdrawalsRoot: optionalData(h.withdrawalsRoot),
    blobGasUsed: optional(h.blobGasUsed),
    excessBlobGas: optional(h.excessBlobGas),
    parentBeaconBlockRoot: optionalData(h.parentBeaconBlockRoot),
    requestsHash: optionalData(h.requestsHash),
    transactions: block.transactions.map((tx, i) =>
      full ? transactionJson(tx, { block, index: i }) : data(tx.hash()),
    ),
    uncles: block.uncleHeaders.map((uncle) => data(uncle.hash())),
    withdrawals: block.withdrawals?.map((w) => ({
      index: quantity(w.index),
      validatorIndex: quantity(w.validatorIndex),
      address: w.address.toString(),
      amount: quantity(w.amount),
    })),
  };
}

type Place = { readonly block: Block; readonly index: number };

/** @param place absent for a transaction that waits in the pool */
export function transactionJson(tx: TypedTransaction, place: Place | undefined): object {
  const json = tx.toJSON();
  const isTyped = tx.type !== 0;
  const hasFeeMarket = tx.supports(Capability.EIP1559FeeMarket);
  const fees = hasFeeMarket
    ? {
        gasPrice: quantity(place === undefined ? BigInt(json.maxFeePerGas ?? 0) : effectiveGasPrice(tx, place.block)),
        maxFeePerGas: json.maxFeePerGas,
        maxPriorityFeePerGas: json.maxPriorityFeePerGas,
      }
    : { gasPrice: json.gasPrice };
  return {
    blockHash: place === undefined ? null : data(place.block.hash()),
    blockNumber: place === undefined ? null : quantity(place.block.header.number),
    blockTimestamp: place === undefined ? null : quantity(place.block.header.timestamp),
    transactionIndex: place === undefined ? null : quantity(place.index),
    hash: data(tx.hash()),
    type: quantity(tx.type),
    from: tx.getSenderAddress().toString(),
    to: tx.to?.toString() ?? null,
    nonce: quantity(tx.nonce),
    gas: quantity(tx.gasLimit),
    value: quantity(tx.value),
    input: data(tx.data),
    ...fees,
    ...(isTyped || isProtected(tx) ? { chainId: quantity(tx.common.chainId()) } : {}),
    ...(isTyped ? { accessList: json.accessList ?? [], yParity: quantity(tx.v ?? 0n) } : {}),
    ...(json.maxFeePerBlobGas === undefined
      ? {}
      : { maxFeePerBlobGas: json.maxFeePerBlobGas, blobVersionedHashes: json.blobVersionedHashes }),
    ...(json.authorizationList === undefined
      ? {}
      : { authorizationList: json.authorizationList.map(authorizationJson) }),
    v: quantity(tx.v ?? 0n),
    r: quantity(tx.r ?? 0n),
    s: quantity(tx.s ?? 0n),
  };
}

/** EIP-155: the chain's id is in `v`. */
function isProtected(tx: TypedTransaction): boolean {
  return (tx.v ?? 0n) >= 35n;
}

/** @ethereumjs writes the fields as bytes; they are quantities, but for the address. */
function authorizationJson(item: { readonly [field: string]: string }): object {
  const asQuantity = ([field, value]: [string, string]): [string, string] =>
    field === 'address' ? [field, value] : [field, quantity(value === '0x' ? 0n : BigInt(value))];
  return Object.fromEntries(Object.entries(item).map(asQuantity));
}

/** What the sender paid per gas: the base fee and the tip, or the legacy price. */
export function effectiveGasPrice(tx: TypedTransaction, block: Block): bigint {
  const baseFee = block.header.baseFeePerGas ?? 0n;
  return baseFee + tx.getEffectivePriorityFee(block.header.baseFeePerGas ?? 0n);
}

/** A receipt with everything that follows from its block. */
export function receiptJson(block: Block, receipts: readonly RpcReceipt[], index: number): object {
  const tx = block.transactions[index];
  const receipt = receipts[index];
  if (tx === undefined || receipt === undefined) throw new RangeError(`no transaction ${index} in the block`);
  const before = receipts.slice(0, index);
  const logsBefore = before.reduce((n, r) => n + r.logs.length, 0);
  const blockFields = { blockHash: data(block.hash()), blockNumber: quantity(block.header.number) };
  const txFields = { transactionHash: data(tx.hash()), transactionIndex: quantity(index) };
  const blobGas = blobGasOf(tx);
  return {
    ...blockFields,
    ...txFields,
    type: quantity(tx.type),
    from: tx.getSenderAddress().toString(),
    to: tx.to?.toString() ?? null,
    contractAddress: tx.to === undefined ? createContractAddress(tx.getSenderAddress(), tx.nonce).toString() : null,
    ...(receipt.status === undefined
      ? { root: data(receipt.stateRoot ?? new Uint8Array()) }
      : { status: quantity(receipt.status) }),
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    gasUsed: quantity(receipt.cumulativeGasUsed - (before.at(-1)?.cumulativeGasUsed ?? 0n)),
    effectiveGasPrice: quantity(effectiveGasPrice(tx, block)),
    logsBloom: data(receipt.bloom),
    logs: logsJson(block, receipt, { index, logsBefore }),
    ...(blobGas === undefined
      ? {}
      : { blobGasUsed: quantity(blobGas), blobGasPrice: quantity(block.header.getBlobGasPrice()) }),
  };
}

export type LogJson = {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly removed: boolean;
};

/** Logs of every transaction of a block, in order. @param removed whether the block is no longer canonical */
export function blockLogsJson(block: Block, receipts: readonly RpcReceipt[], removed: boolean): readonly LogJson[] {
  let logsBefore = 0;
  return receipts.flatMap((receipt, index) => {
    const logs = logsJson(block, receipt, { index, logsBefore, removed });
    logsBefore += logs.length;
    return logs;
  });
}

function logsJson(
  block: Block,
  receipt: RpcReceipt,
  place: { readonly index: number; readonly logsBefore: number; readonly removed?: boolean },
): readonly LogJson[] {
  const { index, logsBefore, removed = false } = place;
  const tx = block.transactions[index];
  if (tx === undefined) throw new RangeError(`no transaction ${index} in the block`);
  const common = {
    blockHash: data(block.hash()),
    blockNumber: quantity(block.header.number),
    transactionHash: data(tx.hash()),
    transactionIndex: quantity(index),
    blockTimestamp: quantity(block.header.timestamp),
  };
  return receipt.logs.map((log, i) => ({
    address: data(log.address),
    topics: log.topics.map(data),
    data: data(log.data),
    ...common,
    logIndex: quantity(logsBefore + i),
    removed,
  }));
}

function blobGasOf(tx: TypedTransaction): bigint | undefined {
  const blobs = (tx as { readonly blobVersionedHashes?: readonly unknown[] }).blobVersionedHashes;
  return blobs === undefined ? undefined : BigInt(blobs.length) * tx.common.param('blobGasPerBlob');
}
