import type { Store } from '../execution/store/store.ts';
import type { TrustedProofs } from './trusted-proofs.ts';

/** How many blocks came by proofs that count no more, and between which heights they lie. */
export type Distrusted = { readonly blocks: number; readonly first: bigint; readonly last: bigint };

/**
 * Blocks of the canonical chain that were imported by proofs whose key has been revoked since, or whose type is not taken
 * any more: nothing that this node trusts says that they are valid, nor that the state above them is. They are named until
 * they are proven again.
 */
export class DistrustedBlocks {
  readonly #store: Store;
  readonly #proofs: TrustedProofs;
  #left: readonly { readonly number: bigint; readonly hash: Uint8Array }[];

  /**
   * Looks at every block from a height to the head, once.
   * @param above the height up to which everything is proven
   */
  constructor(store: Store, proofs: TrustedProofs, above: bigint, head: bigint) {
    this.#store = store;
    this.#proofs = proofs;
    const found: { number: bigint; hash: Uint8Array }[] = [];
    for (let number = above + 1n; number <= head; number++) {
      const hash = store.canonicalHash(number);
      // What was executed has left a witness, unless that has been trimmed, and does not rest on its proof.
      if (hash !== undefined && !store.has('witnesses', hash) && proofs.isDistrusted(hash))
        found.push({ number, hash });
    }
    this.#left = found;
  }

  /** undefined: there is none, or all of them have left the chain or are proven again. */
  report(): Distrusted | undefined {
    const isCanonical = (number: bigint, hash: Uint8Array): boolean =>
      Buffer.compare(this.#store.canonicalHash(number) ?? new Uint8Array(0), hash) === 0;
    this.#left = this.#left.filter(({ number, hash }) => isCanonical(number, hash) && !this.#proofs.isProven(hash));
    const [first, last] = [this.#left[0], this.#left.at(-1)];
    return first && last && { blocks: this.#left.length, first: first.number, last: last.number };
  }
}
