import {
  BLOCK_BYTES,
  BLOCK_WORDS,
  blake3Words,
  blockWords,
  CHUNK_WORDS,
  compress,
  DIGEST_WORDS,
  Flag,
  IV_WORDS,
} from './blake3.ts';
import { type HashMany, hashMany as hashManyPlain } from './hash-many.ts';

const WORD_BYTES = 4;

/**
 * Leaf digest: the BLAKE3 hash of `count` little-endian words, written to `out` as 8 words. The root flag of the hash
 * and the parent flag of `hashNode` keep leaves and nodes apart.
 */
export function hashLeaf(out: Uint32Array, outAt: number, words: Uint32Array, at: number, count: number): void {
  if (count > CHUNK_WORDS) {
    const row = blockWords(count * WORD_BYTES);
    row.set(words.subarray(at, at + count));
    blake3Words(BLOCK, row, count * WORD_BYTES, IV_WORDS, 0);
    out.set(BLOCK.subarray(0, DIGEST_WORDS), outAt);
    return;
  }
  CHAINING.set(IV_WORDS);
  for (let done = 0, flags: number = Flag.chunkStart; ; flags = 0) {
    const taken = Math.min(BLOCK_WORDS, count - done);
    BLOCK.fill(0);
    for (let i = 0; i < taken; i++) BLOCK[i] = words[at + done + i]!;
    done += taken;
    if (done < count) {
      compress(CHAINING, 0, CHAINING, 0, BLOCK, 0, 0, BLOCK_BYTES, flags);
      continue;
    }
    compress(CHAINING, 0, CHAINING, 0, BLOCK, 0, 0, taken * WORD_BYTES, flags | Flag.chunkEnd | Flag.root);
    break;
  }
  out.set(CHAINING, outAt);
}

/** Node digest: the parent compression of two digests of 8 words each, `left` at `at`, `right` behind it. */
export function hashNode(out: Uint32Array, outAt: number, children: Uint32Array, at: number): void {
  compress(CHAINING, 0, IV_WORDS, 0, children, at, 0, BLOCK_BYTES, Flag.parent);
  out.set(CHAINING, outAt);
}

/** The digests of `count` leaves of `rowWords` words each, one behind the other. */
export function hashLeaves(
  rows: Uint32Array,
  count: number,
  rowWords: number,
  hashMany: HashMany = hashManyPlain,
): Uint32Array {
  if (rowWords <= CHUNK_WORDS) {
    const leaves = {
      words: rows,
      stride: rowWords,
      count,
      length: rowWords,
      key: IV_WORDS,
      counter: 0,
      step: 0,
    } as const;
    return hashMany({ ...leaves, flags: 0, first: Flag.chunkStart, last: Flag.chunkEnd | Flag.root });
  }
  const digests = new Uint32Array(count * DIGEST_WORDS);
  for (let k = 0; k < count; k++) hashLeaf(digests, k * DIGEST_WORDS, rows, k * rowWords, rowWords);
  return digests;
}

/** The digests of the parents of `count` pairs of digests, one behind the other. */
export function hashNodes(pairs: Uint32Array, count: number, hashMany: HashMany = hashManyPlain): Uint32Array {
  const nodes = {
    words: pairs,
    stride: BLOCK_WORDS,
    count,
    length: BLOCK_WORDS,
    key: IV_WORDS,
    counter: 0,
    step: 0,
  } as const;
  return hashMany({ ...nodes, flags: Flag.parent, first: 0, last: 0 });
}

const CHAINING = new Uint32Array(DIGEST_WORDS);
const BLOCK = new Uint32Array(BLOCK_WORDS);
