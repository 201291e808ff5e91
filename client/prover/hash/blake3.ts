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

/** A node whose output is not yet taken: what remains to compress, and how. */
type Output = {
  readonly key: Uint32Array;
  readonly block: Uint32Array;
  readonly counter: number;
  readonly length: number;
  readonly flags: number;
};

function chainingValue(o: Output): Uint32Array {
  const out = new Uint32Array(8);
  compress(out, 0, o.key, 0, o.block, 0, o.counter, o.length, o.flags);
  return out;
}

function blockAt(input: Uint8Array, start: number, end: number): Uint32Array {
  const words = new Uint32Array(BLOCK_WORDS);
  for (let i = start; i < end; i++) words[(i - start) >> 2]! |= input[i]! << (8 * ((i - start) & 3));
  return words;
}

function chunkOutput(
  input: Uint8Array,
  start: number,
  end: number,
  key: Uint32Array,
  counter: number,
  mode: number,
): Output {
  let chaining = key;
  let at = start;
  let flags = mode | Flag.chunkStart;
  while (end - at > BLOCK_BYTES) {
    const out = new Uint32Array(8);
    compress(out, 0, chaining, 0, blockAt(input, at, at + BLOCK_BYTES), 0, counter, BLOCK_BYTES, flags);
    chaining = out;
    at += BLOCK_BYTES;
    flags = mode;
  }
  return { key: chaining, block: blockAt(input, at, end), counter, length: end - at, flags: flags | Flag.chunkEnd };
}

function treeOutput(input: Uint8Array, start: number, end: number, key: Uint32Array, mode: number): Output {
  if (end - start <= CHUNK_BYTES) return chunkOutput(input, start, end, key, start / CHUNK_BYTES, mode);
  const chunks = Math.ceil((end - start) / CHUNK_BYTES);
  const left = 2 ** Math.floor(Math.log2(chunks - 1)) * CHUNK_BYTES;
  const block = new Uint32Array(BLOCK_WORDS);
  block.set(chainingValue(treeOutput(input, start, start + left, key, mode)), 0);
  block.set(chainingValue(treeOutput(input, start + left, end, key, mode)), 8);
  return { key, block, counter: 0, length: BLOCK_BYTES, flags: mode | Flag.parent };
}

function digest(input: Uint8Array, key: Uint32Array, mode: number, length: number): Uint8Array {
  const root = treeOutput(input, 0, input.length, key, mode);
  const bytes = new Uint8Array(length);
  const words = new Uint32Array(16);
  for (let at = 0; at < length; at += BLOCK_BYTES) {
    compress(words, 0, root.key, 0, root.block, 0, at / BLOCK_BYTES, root.length, root.flags | Flag.root);
    for (let i = at; i < Math.min(length, at + BLOCK_BYTES); i++)
      bytes[i] = words[(i - at) >> 2]! >>> (8 * ((i - at) & 3));
  }
  return bytes;
}

/** BLAKE3 of `input`, `length` bytes of output. */
export const blake3 = (input: Uint8Array, length = DIGEST_BYTES): Uint8Array => digest(input, IV_WORDS, 0, length);

/** Keyed BLAKE3; `key` has 32 bytes. */
export function blake3Keyed(key: Uint8Array, input: Uint8Array, length = DIGEST_BYTES): Uint8Array {
  return digest(input, blockAt(key, 0, DIGEST_BYTES).slice(0, 8), Flag.keyedHash, length);
}
