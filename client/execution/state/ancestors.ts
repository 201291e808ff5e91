import { RLP } from '@ethereumjs/rlp';
import { bytesToBigInt } from '@ethereumjs/util';
import type { StrictSource } from './strict-source.ts';

const PARENT_HASH = 0;
const NUMBER = 8;

type Ancestor = { readonly number: bigint; readonly hash: Uint8Array; readonly rlp: Uint8Array };

/**
 * The headers before a block, read one by one from its parent backwards: each is found by the hash that its child
 * names, so that no other chain's header can stand in.
 */
export class Ancestors {
  readonly #source: StrictSource;
  /** descending from the parent */
  readonly #loaded: Ancestor[] = [];
  #nextHash: Uint8Array;

  constructor(source: StrictSource, parentHash: Uint8Array) {
    this.#source = source;
    this.#nextHash = parentHash;
  }

  parent(): Ancestor {
    return this.#loaded[0] ?? this.#loadNext();
  }

  /** @param number below the block's */
  byNumber(number: bigint): Ancestor {
    const distance = Number(this.parent().number - number);
    if (distance < 0) throw new RangeError(`block ${number} is no ancestor`);
    while (this.#loaded.length <= distance) this.#loadNext();
    return this.#loaded[distance] as Ancestor;
  }

  /** RLP of every header that was read, ascending. */
  headers(): readonly Uint8Array[] {
    return this.#loaded.map(({ rlp }) => rlp).reverse();
  }

  #loadNext(): Ancestor {
    const hash = this.#nextHash;
    const rlp = this.#source.header(hash);
    const fields = RLP.decode(rlp) as Uint8Array[];
    const ancestor = { number: bytesToBigInt(fields[NUMBER] ?? new Uint8Array(0)), hash, rlp };
    this.#nextHash = fields[PARENT_HASH] ?? new Uint8Array(0);
    this.#loaded.push(ancestor);
    return ancestor;
  }
}
