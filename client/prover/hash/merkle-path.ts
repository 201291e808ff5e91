import { DIGEST_WORDS } from './blake3.ts';
import { hashLeaf, hashNode } from './merkle-hash.ts';

/** log2 of the number of nodes that a commitment consists of; a shorter tree is committed by its leaves. */
export const CAP_LOG = 6;

/**
 * Whether `row` is leaf `index` under the cap. Assumes that the caller has checked the lengths: `path` holds
 * depth · 8 words, `cap` 8 words for each of its nodes, and index < capNodes · 2^depth.
 */
export function checkPath(cap: Uint32Array, index: number, row: Uint32Array, path: Uint32Array): boolean {
  const pair = new Uint32Array(2 * DIGEST_WORDS);
  const digest = new Uint32Array(DIGEST_WORDS);
  hashLeaf(digest, 0, row, 0, row.length);
  let i = index;
  for (let d = 0; d < path.length; d += DIGEST_WORDS) {
    const odd = i % 2;
    pair.set(digest, odd * DIGEST_WORDS);
    pair.set(path.subarray(d, d + DIGEST_WORDS), (1 - odd) * DIGEST_WORDS);
    hashNode(digest, 0, pair, 0);
    i = Math.floor(i / 2);
  }
  for (let w = 0; w < DIGEST_WORDS; w++) if (cap[i * DIGEST_WORDS + w] !== digest[w]) return false;
  return true;
}
