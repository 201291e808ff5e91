import { DIGEST_WORDS } from './blake3.ts';
import { hashLeaf, hashNode } from './merkle-hash.ts';

/**
 * The digests that the paths of several leaves need and that cannot be computed from the leaves. Order: level by level
 * from the leaves up, by position.
 */

/** One level of a tree as far as it is known: positions ascending and different. */
type Level = { readonly positions: readonly number[]; readonly known: ReadonlySet<number> };

function levelOf(positions: Iterable<number>): Level {
  const known = new Set(positions);
  return { positions: [...known].sort((a, b) => a - b), known };
}

const parents = (level: Level): Level => levelOf(level.positions.map((i) => Math.floor(i / 2)));

/**
 * Joins the paths of `indices` (siblings from the bottom up, `depth` digests each).
 * @returns the digests that `checkMultiproof` needs besides the rows
 */
export function joinPaths(depth: number, indices: readonly number[], paths: readonly Uint32Array[]): Uint32Array {
  const first = new Map<number, number>();
  indices.forEach((index, q) => {
    if (!first.has(index)) first.set(index, q);
  });
  const nodes: number[] = [];
  let level = levelOf(indices);
  let pathAt = first;
  for (let d = 0; d < depth; d++) {
    const above = new Map<number, number>();
    for (const i of level.positions) {
      const q = pathAt.get(i)!;
      if (!level.known.has(i ^ 1)) nodes.push(...paths[q]!.subarray(d * DIGEST_WORDS, (d + 1) * DIGEST_WORDS));
      if (!above.has(Math.floor(i / 2))) above.set(Math.floor(i / 2), q);
    }
    level = parents(level);
    pathAt = above;
  }
  return Uint32Array.from(nodes);
}

/** Number of words that `joinPaths` returns: known from the indices alone. */
export function joinedWords(depth: number, indices: readonly number[]): number {
  let words = 0;
  for (let d = 0, level = levelOf(indices); d < depth; d++, level = parents(level))
    for (const i of level.positions) if (!level.known.has(i ^ 1)) words += DIGEST_WORDS;
  return words;
}

/**
 * Whether every row is the leaf of its index under the cap. Every digest of `nodes` is used, once.
 * @param rows leaf words by index: one for each different index
 * @param nodes what `joinPaths` gave
 */
export function checkMultiproof(
  cap: Uint32Array,
  depth: number,
  rows: ReadonlyMap<number, Uint32Array>,
  nodes: Uint32Array,
): boolean {
  const indices = [...rows.keys()];
  if (nodes.length !== joinedWords(depth, indices)) return false;
  let level = levelOf(indices);
  let digests = new Map<number, Uint32Array>();
  for (const [i, row] of rows) {
    const digest = new Uint32Array(DIGEST_WORDS);
    hashLeaf(digest, 0, row, 0, row.length);
    digests.set(i, digest);
  }
  const pair = new Uint32Array(2 * DIGEST_WORDS);
  let at = 0;
  for (let d = 0; d < depth; d++) {
    for (const i of level.positions)
      if (!level.known.has(i ^ 1)) {
        digests.set(i ^ 1, nodes.subarray(at, at + DIGEST_WORDS));
        at += DIGEST_WORDS;
      }
    const above = new Map<number, Uint32Array>();
    level = parents(level);
    for (const i of level.positions) {
      pair.set(digests.get(2 * i)!, 0);
      pair.set(digests.get(2 * i + 1)!, DIGEST_WORDS);
      const digest = new Uint32Array(DIGEST_WORDS);
      hashNode(digest, 0, pair, 0);
      above.set(i, digest);
    }
    digests = above;
  }
  return level.positions.every((i) => {
    const digest = digests.get(i)!;
    return digest.every((w, k) => cap[i * DIGEST_WORDS + k] === w);
  });
}
