import { DIGEST_WORDS } from './blake3.ts';
import type { HashMany } from './hash-many.ts';
import { hashLeaves, hashNodes } from './merkle-hash.ts';

/**
 * The digests that the paths of several leaves need and that cannot be computed from the leaves. Order: level by level
 * from the leaves up, by position.
 */

/** Positions of one level, ascending and different. */
type Level = readonly number[];

const levelOf = (positions: Iterable<number>): Level => [...new Set(positions)].sort((a, b) => a - b);

/** Positions of the nodes above. */
function parents(level: Level): number[] {
  const above: number[] = [];
  for (const i of level) {
    const parent = Math.floor(i / 2);
    if (above[above.length - 1] !== parent) above.push(parent);
  }
  return above;
}

/** Whether the sibling of the k-th position of a level is one of its positions too. */
const siblingKnown = (level: Level, k: number): boolean => {
  const i = level[k]!;
  return i % 2 === 0 ? level[k + 1] === i + 1 : level[k - 1] === i - 1;
};

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
    for (const [k, i] of level.entries()) {
      const q = pathAt.get(i)!;
      if (!siblingKnown(level, k)) nodes.push(...paths[q]!.subarray(d * DIGEST_WORDS, (d + 1) * DIGEST_WORDS));
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
    for (let k = 0; k < level.length; k++) if (!siblingKnown(level, k)) words += DIGEST_WORDS;
  return words;
}

/** Rows of a table, `rowWords` words each, one behind the other. */
export type OpenedRows = {
  /** Of each row: ascending, different. */
  readonly indices: readonly number[];
  readonly rows: Uint32Array;
  readonly rowWords: number;
};

/**
 * Whether every row is the leaf of its index under the cap. Every digest of `nodes` is used, once.
 * @param nodes what `joinPaths` gave
 */
export function checkMultiproof(
  cap: Uint32Array,
  depth: number,
  { indices, rows, rowWords }: OpenedRows,
  nodes: Uint32Array,
  hashMany?: HashMany,
): boolean {
  let level: Level = indices;
  if (rows.length !== level.length * rowWords) return false;
  let digests = hashLeaves(rows, level.length, rowWords, hashMany);
  let at = 0;
  for (let d = 0; d < depth; d++) {
    const pairs = new Uint32Array(2 * digests.length);
    let pair = 0;
    for (let k = 0; k < level.length; k++, pair += 2 * DIGEST_WORDS) {
      const [own, other] = level[k]! % 2 === 0 ? [pair, pair + DIGEST_WORDS] : [pair + DIGEST_WORDS, pair];
      copyDigest(pairs, own, digests, k * DIGEST_WORDS);
      if (siblingKnown(level, k)) {
        // A sibling that is known stands on the right: it is the next one.
        k++;
        copyDigest(pairs, other, digests, k * DIGEST_WORDS);
      } else {
        if (at + DIGEST_WORDS > nodes.length) return false;
        copyDigest(pairs, other, nodes, at);
        at += DIGEST_WORDS;
      }
    }
    level = parents(level);
    digests = hashNodes(pairs, level.length, hashMany);
  }
  if (at !== nodes.length) return false;
  for (const [k, i] of level.entries())
    for (let w = 0; w < DIGEST_WORDS; w++)
      if (cap[i * DIGEST_WORDS + w] !== digests[k * DIGEST_WORDS + w]) return false;
  return true;
}

function copyDigest(out: Uint32Array, outAt: number, from: Uint32Array, at: number): void {
  for (let w = 0; w < DIGEST_WORDS; w++) out[outAt + w] = from[at + w]!;
}
