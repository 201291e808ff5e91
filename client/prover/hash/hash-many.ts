import { BLOCK_BYTES, BLOCK_WORDS, compress, DIGEST_WORDS } from './blake3-compress.ts';

/** Inputs of one length for BLAKE3's compression function, independent of each other. */
export type ManyInputs = {
  /** Where the first starts; the next one `stride` words behind, and so on. */
  readonly words: Uint32Array;
  readonly stride: number;
  readonly count: number;
  /** Words of each, one chunk at most. */
  readonly length: number;
  /** 8 words: the chaining value that each starts from. */
  readonly key: Uint32Array;
  /** Of the first input, below 2^31 as all others; each next one's is higher by `step`. */
  readonly counter: number;
  readonly step: 0 | 1;
  /** Of every block, and besides these of an input's first block and of its last. */
  readonly flags: number;
  readonly first: number;
  readonly last: number;
};

/**
 * The chaining values of many inputs, 8 words each: what trees and long messages are made of (`hash_many` of BLAKE3's own
 * implementations). An input of no words is one block of zeros of length 0.
 */
export type HashMany = (inputs: ManyInputs) => Uint32Array;

/** One input after the other. */
export const hashMany: HashMany = ({ words, stride, count, length, key, counter, step, flags, first, last }) => {
  const out = new Uint32Array(count * DIGEST_WORDS);
  const blocks = Math.max(1, Math.ceil(length / BLOCK_WORDS));
  const tail = length - (blocks - 1) * BLOCK_WORDS;
  for (let i = 0; i < count; i++) {
    // Of eight words: where there is room, `compress` writes eight more.
    CHAINING.set(key);
    for (let b = 0; b < blocks; b++) {
      const isLast = b === blocks - 1;
      const own = flags | (b === 0 ? first : 0) | (isLast ? last : 0);
      const from = i * stride + b * BLOCK_WORDS;
      if (isLast && tail < BLOCK_WORDS) {
        for (let w = 0; w < BLOCK_WORDS; w++) LAST[w] = w < tail ? words[from + w]! : 0;
        compress(CHAINING, 0, CHAINING, 0, LAST, 0, counter + i * step, 4 * tail, own);
      } else compress(CHAINING, 0, CHAINING, 0, words, from, counter + i * step, BLOCK_BYTES, own);
    }
    out.set(CHAINING, i * DIGEST_WORDS);
  }
  return out;
};

const CHAINING = new Uint32Array(DIGEST_WORDS);
const LAST = new Uint32Array(BLOCK_WORDS);
