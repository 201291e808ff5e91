import type { Block } from '@ethereumjs/block';
import { validateBodyRoots } from '../chain/body-rules.ts';
import { validateReceipts } from '../chain/receipts-rules.ts';
import type { ExecutionWitness } from '../interface.ts';
import { getBlockRlp, getTransactionPlace, getWitness } from './blocks.ts';
import { damagedStore, StoreError } from './directory.ts';
import { decodeReceipts, type Receipt } from './receipts.ts';
import type { Store } from './store.ts';

/** Decoded blocks kept in memory: decoding and recovering senders costs more than the read. */
const CACHED_BLOCKS = 64;
const CACHED_RECEIPTS = 64;

/**
 * The stored chain, read-only. LevelDB gives what stands in its files: what a header commits to is compared with it when it
 * is read, so that nobody is told of what was not written.
 */
export class ChainView {
  readonly #store: Store;
  readonly #decode: (rlp: Uint8Array) => Block;
  readonly #blocks = new Map<string, Block>();
  readonly #receipts = new Map<string, readonly Receipt[]>();

  constructor(store: Store, decodeBlock: (rlp: Uint8Array) => Block) {
    this.#store = store;
    this.#decode = decodeBlock;
  }

  /** The canonical head. @throws StoreError `storeDamaged` where it is named but not there */
  head(): Block {
    const hash = this.#store.meta('head');
    return this.#require(hash, 'the head');
  }

  genesis(): Block {
    return this.#require(this.#store.canonicalHash(0n), 'the genesis block');
  }

  canonicalBlock(number: bigint): Block | undefined {
    const hash = this.#store.canonicalHash(number);
    return hash === undefined ? undefined : this.blockByHash(hash);
  }

  blockByHash(hash: Uint8Array): Block | undefined {
    const key = Buffer.from(hash).toString('hex');
    const cached = this.#blocks.get(key);
    if (cached !== undefined) return cached;
    const block = this.#read(hash);
    if (block === undefined) return undefined;
    keep(this.#blocks, key, block, CACHED_BLOCKS);
    return block;
  }

  isCanonical(block: Block): boolean {
    const hash = this.#store.canonicalHash(block.header.number);
    return hash !== undefined && Buffer.from(hash).equals(block.hash());
  }

  /** @throws StoreError `storeDamaged` where they are not those of the block's header */
  receipts(blockHash: Uint8Array): readonly Receipt[] | undefined {
    const key = Buffer.from(blockHash).toString('hex');
    const cached = this.#receipts.get(key);
    if (cached !== undefined) return cached;
    const rlp = this.#store.get('receipts', blockHash);
    if (rlp === undefined) return undefined;
    const { header } = this.requireBlock(blockHash);
    let receipts: readonly Receipt[];
    try {
      // A genesis header may name any gas and roots: nothing ran.
      if (header.number > 0n) validateReceipts(header, rlp);
      receipts = decodeReceipts(rlp);
    } catch (cause) {
      throw damagedStore(this.#store.path, `receipts of block 0x${key}: ${(cause as Error).message}`, cause);
    }
    keep(this.#receipts, key, receipts, CACHED_RECEIPTS);
    return receipts;
  }

  /** Empty on networks without sealers. */
  seal(blockHash: Uint8Array): Uint8Array | undefined {
    return this.#store.get('seals', blockHash);
  }

  witness(blockHash: Uint8Array): ExecutionWitness | undefined {
    return getWitness(this.#store, blockHash);
  }

  /** A transaction of a canonical block. @throws StoreError `storeDamaged` where another one stands in its place */
  findTransaction(hash: Uint8Array): { readonly block: Block; readonly index: number } | undefined {
    const place = getTransactionPlace(this.#store, hash);
    const block = place === undefined ? undefined : this.blockByHash(place.blockHash);
    if (place === undefined || block === undefined || !this.isCanonical(block)) return undefined;
    const { index } = place;
    const found = block.transactions[index]?.hash();
    if (found !== undefined && Buffer.compare(found, hash) === 0) return { block, index };
    const name = `transaction 0x${Buffer.from(hash).toString('hex')}`;
    throw damagedStore(this.#store.path, `${name} does not stand at ${index} of block ${block.header.number}`);
  }

  /** A block that the chain cannot be without. @throws StoreError `storeDamaged` */
  requireBlock(hash: Uint8Array): Block {
    return this.#require(hash, `block 0x${Buffer.from(hash).toString('hex')}`);
  }

  /** A header shows by its hash whether it is what was written, and by its roots whether its body is. */
  #read(hash: Uint8Array): Block | undefined {
    const name = `block 0x${Buffer.from(hash).toString('hex')}`;
    let block: Block;
    try {
      const rlp = getBlockRlp(this.#store, hash);
      if (rlp === undefined) return undefined;
      block = this.#decode(rlp);
    } catch (cause) {
      if (cause instanceof StoreError) throw cause;
      throw damagedStore(this.#store.path, `${name} does not decode: ${(cause as Error).message}`, cause);
    }
    if (!Buffer.from(hash).equals(block.hash()))
      throw damagedStore(this.#store.path, `what stands for ${name} has another hash`);
    try {
      validateBodyRoots(block);
    } catch (cause) {
      throw damagedStore(this.#store.path, `body of ${name}: ${(cause as Error).message}`, cause);
    }
    return block;
  }

  #require(hash: Uint8Array | undefined, what: string): Block {
    const block = hash === undefined ? undefined : this.blockByHash(hash);
    if (block !== undefined) return block;
    throw damagedStore(this.#store.path, `${what} is missing`);
  }
}

/** Keeps a value, and forgets the oldest beyond a number. */
function keep<T>(values: Map<string, T>, key: string, value: T, most: number): void {
  const [oldest] = values.keys();
  if (values.size >= most && oldest !== undefined) values.delete(oldest);
  values.set(key, value);
}
