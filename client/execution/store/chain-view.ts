import type { Block } from '@ethereumjs/block';
import type { ExecutionWitness } from '../interface.ts';
import { getBlockRlp, getReceipts, getTransactionPlace, getWitness } from './blocks.ts';
import { damagedStore, StoreError } from './directory.ts';
import type { Receipt } from './receipts.ts';
import type { Store } from './store.ts';

/** Decoded blocks kept in memory: decoding and recovering senders costs more than the read. */
const CACHED_BLOCKS = 64;

/** The stored chain, read-only. */
export class ChainView {
  readonly #store: Store;
  readonly #decode: (rlp: Uint8Array) => Block;
  readonly #blocks = new Map<string, Block>();

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
    const oldest = this.#blocks.keys().next();
    if (this.#blocks.size >= CACHED_BLOCKS && oldest.done !== true) this.#blocks.delete(oldest.value);
    this.#blocks.set(key, block);
    return block;
  }

  isCanonical(block: Block): boolean {
    const hash = this.#store.canonicalHash(block.header.number);
    return hash !== undefined && Buffer.from(hash).equals(block.hash());
  }

  receipts(blockHash: Uint8Array): readonly Receipt[] | undefined {
    return getReceipts(this.#store, blockHash);
  }

  /** Empty on networks without sealers. */
  seal(blockHash: Uint8Array): Uint8Array | undefined {
    return this.#store.get('seals', blockHash);
  }

  witness(blockHash: Uint8Array): ExecutionWitness | undefined {
    return getWitness(this.#store, blockHash);
  }

  /** A transaction of a canonical block. */
  findTransaction(hash: Uint8Array): { readonly block: Block; readonly index: number } | undefined {
    const place = getTransactionPlace(this.#store, hash);
    const block = place === undefined ? undefined : this.blockByHash(place.blockHash);
    return place === undefined || block === undefined || !this.isCanonical(block)
      ? undefined
      : { block, index: place.index };
  }

  /** A block that the chain cannot be without. @throws StoreError `storeDamaged` */
  requireBlock(hash: Uint8Array): Block {
    return this.#require(hash, `block 0x${Buffer.from(hash).toString('hex')}`);
  }

  /** LevelDB gives what stands in its files unchecked: a header shows by its hash whether it is what was written. */
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
    if (Buffer.from(hash).equals(block.hash())) return block;
    throw damagedStore(this.#store.path, `what stands for ${name} has another hash`);
  }

  #require(hash: Uint8Array | undefined, what: string): Block {
    const block = hash === undefined ? undefined : this.blockByHash(hash);
    if (block !== undefined) return block;
    throw damagedStore(this.#store.path, `${what} is missing`);
  }
}
