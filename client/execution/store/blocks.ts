/** How a block, its receipts and its witness are laid into the store's tables, and read back. */
import type { Block } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import type { ExecutionWitness, HeadChange } from '../interface.ts';
import { encodeWitness } from '../witness/check.ts';
import { numberKey } from './schema.ts';
import type { Store, StoreBatch } from './store.ts';

/** What a valid block leaves besides its state: stored in one batch with the state's new nodes. */
export type ValidBlock = {
  readonly block: Block;
  /** rlp(list of consensus receipts) */
  readonly receiptsRlp: Uint8Array;
  /** only of a block that was executed here */
  readonly witness?: ExecutionWitness | undefined;
  /** SSZ of StateDiff; only from Cancun on */
  readonly stateDiff?: Uint8Array | undefined;
  /** empty on networks without sealers */
  readonly seal?: Uint8Array;
};

/** Adds a block and what belongs to it to a batch; does not make it canonical. */
export function putBlock(batch: StoreBatch, { block, receiptsRlp, witness, stateDiff, seal }: ValidBlock): void {
  const hash = block.hash();
  const [header, ...body] = block.raw();
  batch.put('headers', hash, RLP.encode(header));
  batch.put('bodies', hash, RLP.encode(body));
  batch.put('receipts', hash, receiptsRlp);
  if (witness !== undefined) {
    batch.put('witnesses', hash, encodeWitness(witness));
  }
  if (stateDiff !== undefined) batch.put('diffs', hash, stateDiff);
  if (seal !== undefined && seal.length > 0) batch.put('seals', hash, seal);
}

/** Makes a stored block the canonical one at its height and the head: its transactions are found by hash. */
export function putCanonicalHead(batch: StoreBatch, block: Block): void {
  const hash = block.hash();
  batch.put('canonical', numberKey(block.header.number), hash);
  for (const [index, transaction] of block.transactions.entries()) {
    const place = new Uint8Array(36);
    place.set(hash);
    new DataView(place.buffer).setUint32(32, index);
    batch.put('transactions', transaction.hash(), place);
  }
  batch.meta('head', hash);
}

/** Moves the canonical chain: what was reverted and did not come back is found by hash and number no more. */
export function putHeadChange(batch: StoreBatch, { reverted, adopted }: HeadChange): void {
  for (const block of reverted) {
    batch.delete('canonical', numberKey(block.header.number));
    for (const transaction of block.transactions) batch.delete('transactions', transaction.hash());
  }
  // Later operations of a batch win over earlier ones.
  for (const block of adopted) putCanonicalHead(batch, block);
}

/** The key of a block's proof of one type. */
export function proofKey(blockHash: Uint8Array, proofType: number): Uint8Array {
  return Uint8Array.of(...blockHash, proofType);
}

/** rlp([header, transactions, ommers, withdrawals?]) */
export function getBlockRlp(store: Store, hash: Uint8Array): Uint8Array | undefined {
  const header = store.get('headers', hash);
  const body = store.get('bodies', hash);
  if (header === undefined || body === undefined) return undefined;
  return RLP.encode([RLP.decode(header), ...(RLP.decode(body) as Uint8Array[])]);
}

/** undefined for a block that was not executed here: genesis, and those whose diff was applied. */
export function getWitness(store: Store, hash: Uint8Array): ExecutionWitness | undefined {
  const stored = store.get('witnesses', hash);
  if (stored === undefined) return undefined;
  const [state = [], codes = [], headers = []] = RLP.decode(stored) as Uint8Array[][];
  return { state, codes, headers };
}

/** Where a canonical transaction stands. */
export function getTransactionPlace(
  store: Store,
  transactionHash: Uint8Array,
): { readonly blockHash: Uint8Array; readonly index: number } | undefined {
  const place = store.get('transactions', transactionHash);
  if (place === undefined) return undefined;
  const index = new DataView(place.buffer, place.byteOffset + 32, 4).getUint32(0);
  return { blockHash: place.slice(0, 32), index };
}
