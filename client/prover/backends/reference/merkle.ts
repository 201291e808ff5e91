import { DIGEST_WORDS } from '../../hash/blake3.ts';
import { hashLeaf, hashNode } from '../../hash/merkle-hash.ts';

/** levels[0] are the leaf digests, each next level half as long, down to the cap. */
export type MerkleTree = { readonly levels: readonly Uint32Array[] };

/** Tree over the rows of a row-major matrix of 2^log rows of `width` words, up to min(2^capLog, 2^log) digests. */
export function buildTree(rows: Uint32Array, width: number, log: number, capLog: number): MerkleTree {
  const leaves = new Uint32Array(2 ** log * DIGEST_WORDS);
  for (let i = 0; i < 2 ** log; i++) hashLeaf(leaves, i * DIGEST_WORDS, rows, i * width, width);
  const levels = [leaves];
  for (let l = log; l > capLog; l--) {
    const below = levels[levels.length - 1]!;
    const level = new Uint32Array(below.length / 2);
    for (let i = 0; i < 2 ** (l - 1); i++) hashNode(level, i * DIGEST_WORDS, below, 2 * i * DIGEST_WORDS);
    levels.push(level);
  }
  return { levels };
}

/** The commitment: the digests of the last level. */
export const capOf = (tree: MerkleTree): Uint32Array => tree.levels[tree.levels.length - 1]!;

/** Siblings of leaf `index` from the bottom up to below the cap, 8 words each. */
export function pathOf(tree: MerkleTree, index: number): Uint32Array {
  const path = new Uint32Array((tree.levels.length - 1) * DIGEST_WORDS);
  for (let d = 0, i = index; d < tree.levels.length - 1; d++, i = Math.floor(i / 2))
    path.set(tree.levels[d]!.subarray((i ^ 1) * DIGEST_WORDS, ((i ^ 1) + 1) * DIGEST_WORDS), d * DIGEST_WORDS);
  return path;
}
