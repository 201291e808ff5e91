import { DIGEST_BYTES, DIGEST_WORDS } from '../../hash/blake3.ts';
import { hashLeaf } from '../../hash/merkle-hash.ts';
import { LANES, pieces, WORD_BYTES } from './layout.ts';
import { type Codeword, codewordRow, stripBytes } from './ntt.ts';
import type { KernelPool, Task } from './pool.ts';

/** Digests by level, leaves first, each level half as long, down to the cap. */
export type MerkleTree = { readonly levels: readonly number[]; readonly logLeaves: number };

const PIECES = 4;
/** Nodes are hashed four at a time: what a shorter level is read and written as. */
const LEAST_DIGESTS = 2 * LANES;

/** Tree over the rows of a codeword, up to min(2^capLog, rows) digests. The caller frees the levels. */
export function buildTree(pool: KernelPool, c: Codeword, capLog: number): MerkleTree {
  const logLeaves = c.logRows + c.logInvRate;
  const level = (digests: number): number => pool.memory.alloc(DIGEST_BYTES * Math.max(LEAST_DIGESTS, digests));
  const leaves = level(2 ** logLeaves);
  if (2 ** c.logRows < LANES) {
    const digest = new Uint32Array(DIGEST_WORDS);
    for (let i = 0; i < 2 ** logLeaves; i++) {
      hashLeaf(digest, 0, codewordRow(pool, c, i), 0, c.width);
      pool.memory.view(leaves + DIGEST_BYTES * i, DIGEST_WORDS).set(digest);
    }
  } else pool.run(leafTasks(pool, c, leaves));
  const levels = [leaves];
  for (let l = logLeaves; l > capLog; l--) {
    const children = levels[levels.length - 1]!;
    const parents = level(2 ** (l - 1));
    const tasks = pieces(2 ** (l - 1), pool.threads * PIECES, 64).map(
      ({ from, count }): Task => [
        'hashNodes',
        children + 2 * DIGEST_BYTES * from,
        parents + DIGEST_BYTES * from,
        count,
      ],
    );
    pool.run(tasks);
    levels.push(parents);
  }
  return { levels, logLeaves };
}

function leafTasks(pool: KernelPool, c: Codeword, leaves: number): Task[] {
  const stride = stripBytes(c);
  const bytes = c.width * WORD_BYTES;
  return Array.from({ length: 2 ** c.logInvRate }, (_, coset) =>
    pieces(2 ** c.logRows, pool.threads * PIECES, 64).map(
      ({ from, count }): Task => [
        ...(['hashRows', c.at + coset * c.strips * stride, stride, bytes, from, count] as const),
        ...[c.logRows, c.logInvRate, coset, leaves],
      ],
    ),
  ).flat();
}

/** The commitment: the digests of the last level. */
export const capOf = (pool: KernelPool, tree: MerkleTree): Uint32Array =>
  pool.memory
    .view(tree.levels[tree.levels.length - 1]!, DIGEST_WORDS * 2 ** (tree.logLeaves - tree.levels.length + 1))
    .slice();

/** Siblings of leaf `index` from the bottom up to below the cap. */
export function pathOf(pool: KernelPool, tree: MerkleTree, index: number): Uint32Array {
  const depth = tree.levels.length - 1;
  const path = new Uint32Array(depth * DIGEST_WORDS);
  for (let d = 0, i = index; d < depth; d++, i = Math.floor(i / 2))
    path.set(pool.memory.view(tree.levels[d]! + (i ^ 1) * DIGEST_BYTES, DIGEST_WORDS), d * DIGEST_WORDS);
  return path;
}

/** Gives back all levels; caps and paths are copies. */
export function freeTree(pool: KernelPool, tree: MerkleTree): void {
  for (const level of tree.levels) pool.memory.free(level);
}
