import {
  BLOCK_BYTES,
  BLOCK_WORDS,
  CHUNK_BYTES,
  CHUNK_WORDS,
  compress,
  DIGEST_BYTES,
  DIGEST_WORDS,
  Flag,
} from './blake3-compress.ts';
import { type HashMany, hashMany as hashManyPlain } from './hash-many.ts';

/**
 * BLAKE3 (specification of 2020-01-09): hash, keyed hash and extendable output, in 32-bit words.
 */
const IV: readonly number[] = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

export { BLOCK_BYTES, BLOCK_WORDS, CHUNK_BYTES, CHUNK_WORDS, compress, DIGEST_BYTES, DIGEST_WORDS, Flag };
export const IV_WORDS = Uint32Array.from(IV);

/** Whether the machine stores a word's lowest byte first. */
export const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The whole little-endian words of `bytes`, as a copy; up to three bytes at the end are left out. */
export function wordsFromBytes(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(bytes.length >>> 2);
  if (isLittleEndian) new Uint8Array(words.buffer).set(bytes.subarray(0, 4 * words.length));
  else {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < words.length; i++) words[i] = view.getUint32(4 * i, true);
  }
  return words;
}

/** Words as little-endian bytes, a copy. */
export function bytesFromWords(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  if (isLittleEndian) new Uint32Array(bytes.buffer).set(words);
  else {
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < words.length; i++) view.setUint32(4 * i, words[i]!, true);
  }
  return bytes;
}

/** An input of the hash as words in whole blocks, zero behind its last byte. */
export const blockWords = (bytes: number): Uint32Array =>
  new Uint32Array(BLOCK_WORDS * Math.max(1, Math.ceil(bytes / BLOCK_BYTES)));

/** The chaining value in front of a chunk's last block, into out[outAt …]; returns where that block starts. */
function innerBlocks(
  out: Uint32Array,
  outAt: number,
  words: Uint32Array,
  start: number,
  end: number,
  key: Uint32Array,
  counter: number,
  mode: number,
): number {
  for (let i = 0; i < DIGEST_WORDS; i++) out[outAt + i] = key[i]!;
  let at = start;
  for (let flags = mode | Flag.chunkStart; end - at > BLOCK_BYTES; at += BLOCK_BYTES, flags = mode)
    compress(out, outAt, out, outAt, words, at / 4, counter, BLOCK_BYTES, flags);
  return at;
}

/** The chaining values of an input's chunks. */
function chunkValues(
  words: Uint32Array,
  bytes: number,
  key: Uint32Array,
  flags: number,
  hashMany: HashMany,
): Uint32Array {
  const whole = Math.floor(bytes / CHUNK_BYTES);
  const start = whole * CHUNK_BYTES;
  const values = new Uint32Array(Math.ceil(bytes / CHUNK_BYTES) * DIGEST_WORDS);
  const [first, last] = [Flag.chunkStart, Flag.chunkEnd];
  const chunks = { words, stride: CHUNK_WORDS, count: whole, length: CHUNK_WORDS, counter: 0, step: 1 } as const;
  values.set(hashMany({ ...chunks, key, flags, first, last }));
  if (start < bytes) {
    const chaining = new Uint32Array(DIGEST_WORDS);
    const at = innerBlocks(chaining, 0, words, start, bytes, key, whole, flags);
    const own = flags | (bytes - start > BLOCK_BYTES ? 0 : first) | last;
    compress(chaining, 0, chaining, 0, words, at / 4, whole, bytes - at, own);
    values.set(chaining, whole * DIGEST_WORDS);
  }
  return values;
}

/**
 * One level up: parents of neighbours, a last value without one as it is. Level by level this is the specification's tree,
 * whose left parts are the largest powers of two.
 */
function parentValues(values: Uint32Array, key: Uint32Array, flags: number, hashMany: HashMany): Uint32Array {
  const count = Math.floor(values.length / BLOCK_WORDS);
  const pairs = { words: values, stride: BLOCK_WORDS, count, length: BLOCK_WORDS, counter: 0, step: 0 } as const;
  const above = new Uint32Array(Math.ceil(values.length / BLOCK_WORDS) * DIGEST_WORDS);
  above.set(hashMany({ ...pairs, key, flags: flags | Flag.parent, first: 0, last: 0 }));
  above.set(values.subarray(count * BLOCK_WORDS), count * DIGEST_WORDS);
  return above;
}

/**
 * BLAKE3 of an input given by `blockWords`, of fewer than 2^31 chunks: fills `out`, whole blocks of output.
 * @param key 8 words: IV or key
 * @param mode 0 or `Flag.keyedHash`
 */
export function blake3Words(
  out: Uint32Array,
  words: Uint32Array,
  bytes: number,
  key: Uint32Array,
  mode: number,
  hashMany: HashMany = hashManyPlain,
): void {
  if (bytes <= CHUNK_BYTES) {
    const chaining = CHAINING;
    const at = innerBlocks(chaining, 0, words, 0, bytes, key, 0, mode);
    const flags = mode | (bytes > BLOCK_BYTES ? 0 : Flag.chunkStart) | Flag.chunkEnd | Flag.root;
    for (let k = 0; k < out.length; k += BLOCK_WORDS)
      compress(out, k, chaining, 0, words, at / 4, k / BLOCK_WORDS, bytes - at, flags);
    return;
  }
  let values = chunkValues(words, bytes, key, mode, hashMany);
  while (values.length > BLOCK_WORDS) values = parentValues(values, key, mode, hashMany);
  for (let k = 0; k < out.length; k += BLOCK_WORDS)
    compress(out, k, key, 0, values, 0, k / BLOCK_WORDS, BLOCK_BYTES, mode | Flag.parent | Flag.root);
}

const CHAINING = new Uint32Array(DIGEST_WORDS);

function digest(input: Uint8Array, key: Uint32Array, mode: number, length: number, hashMany?: HashMany): Uint8Array {
  const words = blockWords(input.length);
  words.set(wordsFromBytes(input));
  for (let i = input.length & ~3; i < input.length; i++) words[i >> 2]! |= input[i]! << (8 * (i & 3));
  const out = blockWords(length);
  blake3Words(out, words, input.length, key, mode, hashMany);
  return bytesFromWords(out).slice(0, length);
}

/** BLAKE3 of `input`, `length` bytes of output. */
export const blake3 = (input: Uint8Array, length = DIGEST_BYTES, hashMany?: HashMany): Uint8Array =>
  digest(input, IV_WORDS, 0, length, hashMany);

/** Keyed BLAKE3; `key` has 32 bytes. */
export const blake3Keyed = (
  key: Uint8Array,
  input: Uint8Array,
  length = DIGEST_BYTES,
  hashMany?: HashMany,
): Uint8Array => digest(input, wordsFromBytes(key), Flag.keyedHash, length, hashMany);
