import type { Store } from '../execution/store/store.ts';

/**
 * The highest canonical block below which every block has a proof that counts; looks at each block once, and starts over
 * where a reorg has taken away what it saw.
 */
export function provenNumber(store: Store, isProven: (blockHash: Uint8Array) => boolean): () => bigint {
  let proven = 0n;
  let last: Uint8Array | undefined;
  return () => {
    const still = last === undefined || Buffer.compare(store.canonicalHash(proven) ?? new Uint8Array(0), last) === 0;
    if (!still) proven = 0n;
    for (;;) {
      const next = store.canonicalHash(proven + 1n);
      if (next === undefined || !isProven(next)) return proven;
      proven++;
      last = next;
    }
  };
}
