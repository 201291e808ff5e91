import { compress } from './blake3-compress.ts';

/**
 * BLAKE3 (specification of 2020-01-09): hash, keyed hash and extendable output, in 32-bit words.
 */
const IV: readonly number[] = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

export const Flag = {
  chunkStart: 1,
  chunkEnd: 2,
  parent: 4,
  root: 8,
  keyedHash: 16,
} as const;

export const BLOCK_BYTES = 64;
export const BLOCK_WORDS = 16;
export const CHUNK_BYTES = 1024;
export const DIGEST_BYTES = 32;
export const DIGEST_WORDS = 8;

export { compress };
export const IV_WORDS = Uint32Array.from(IV);

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The whole little-endian words of `bytes`, as a copy; up to three bytes at the end are left out. */
export function wordsFromBytes(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(bytes.length >>> 2);
  if (LITTLE_ENDIAN) new Uint8Array(words.buffer).set(bytes.subarray(0, 4 * words.length));
  else {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < words.length; i++) words[i] = view.getUint32(4 * i, true);
  }
  return words;
}

/** Words as little-endian bytes, a copy. */
export function bytesFromWords(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  if (LITTLE_ENDIAN) new Uint32Array(bytes.buffer).set(words);
  else {
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < words.length; i++) view.setUint32(4 * i, words[i]!, true);
  }
  return bytes;
}

/** An input of the hash as words in whole blocks, zero behind its last byte. */
export const blockWords = (bytes: number): Uint32Array =>
  new Uint32Array(BLOCK_WORDS * Math.max(1, Math.ceil(bytes / BLOCK_BYTES)));

/** The chaining value of a subtree that is not the root, into out[outAt …]. */
function subtree(
  out: Uint32Array,
  outAt: number,
  words: Uint32Array,
  start: number,
  end: number,
  key: Uint32Array,
  mode: number,
): void {
  if (end - start <= CHUNK_BYTES) {
    const counter = start / CHUNK_BYTES;
    const flags = mode | (end - start > BLOCK_BYTES ? 0 : Flag.chunkStart) | Flag.chunkEnd;
    const at = innerBlocks(out, outAt, words, start, end, key, counter, mode);
    compress(out, outAt, out, outAt, words, at / 4, counter, end - at, flags);
    return;
  }
  const children = new Uint32Array(BLOCK_WORDS);
  const left = start + leftBytes(end - start);
  subtree(children, 0, words, start, left, key, mode);
  subtree(children, DIGEST_WORDS, words, left, end, key, mode);
  compress(out, outAt, key, 0, children, 0, 0, BLOCK_BYTES, mode | Flag.parent);
}

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

/** Bytes of the left part: the most chunks that are a power of two and leave something. */
const leftBytes = (bytes: number): number => 2 ** (31 - Math.clz32(Math.ceil(bytes / CHUNK_BYTES) - 1)) * CHUNK_BYTES;

/**
 * BLAKE3 of an input given by `blockWords`, of fewer than 2^31 chunks: fills `out`, whole blocks of output.
 * @param key 8 words: IV or key
 * @param mode 0 or `Flag.keyedHash`
 */
export function blake3Words(out: Uint32Array, words: Uint32Array, bytes: number, key: Uint32Array, mode: number): void {
  if (bytes <= CHUNK_BYTES) {
    const chaining = CHAINING;
    const at = innerBlocks(chaining, 0, words, 0, bytes, key, 0, mode);
    const flags = mode | (bytes > BLOCK_BYTES ? 0 : Flag.chunkStart) | Flag.chunkEnd | Flag.root;
    for (let k = 0; k < out.length; k += BLOCK_WORDS)
      compress(out, k, chaining, 0, words, at / 4, k / BLOCK_WORDS, bytes - at, flags);
    return;
  }
  const children = new Uint32Array(BLOCK_WORDS);
  const left = leftBytes(bytes);
  subtree(children, 0, words, 0, left, key, mode);
  subtree(children, DIGEST_WORDS, words, left, bytes, key, mode);
  for (let k = 0; k < out.length; k += BLOCK_WORDS)
    compress(out, k, key, 0, children, 0, k / BLOCK_WORDS, BLOCK_BYTES, mode | Flag.parent | Flag.root);
}

const CHAINING = new Uint32Array(DIGEST_WORDS);

function digest(input: Uint8Array, key: Uint32Array, mode: number, length: number): Uint8Array {
  const words = blockWords(input.length);
  words.set(wordsFromBytes(input));
  for (let i = input.length & ~3; i < input.length; i++) words[i >> 2]! |= input[i]! << (8 * (i & 3));
  const out = blockWords(length);
  blake3Words(out, words, input.length, key, mode);
  return bytesFromWords(out).slice(0, length);
}

/** BLAKE3 of `input`, `length` bytes of output. */
export const blake3 = (input: Uint8Array, length = DIGEST_BYTES): Uint8Array => digest(input, IV_WORDS, 0, length);

/** Keyed BLAKE3; `key` has 32 bytes. */
export function blake3Keyed(key: Uint8Array, input: Uint8Array, length = DIGEST_BYTES): Uint8Array {
  return digest(input, wordsFromBytes(key), Flag.keyedHash, length);
}
