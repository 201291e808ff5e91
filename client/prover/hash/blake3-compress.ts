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
export const CHUNK_WORDS = 256;
export const DIGEST_BYTES = 32;
export const DIGEST_WORDS = 8;

/**
 * BLAKE3's compression function (specification of 2020-01-09, section 2.2): writes 16 output words into `out` at
 * `offset`, or only the first 8, the new chaining value, where no more fit. `out` may be `key` (at the same
 * offset) or `block`.
 *
 * State and message are local variables and the quarter rounds are written out: as calls on an array, which V8 keeps in
 * memory, the same steps take eight times as long, and trees and transcript are little else.
 * @param key 8 words: chaining value or key, at `keyOffset`
 * @param block 16 message words at `blockOffset`, zero-padded by the caller
 * @param counter chunk number or output block number, below 2^53
 * @param length bytes of the block that are message, 0 … 64
 */
export function compress(
  out: Uint32Array,
  offset: number,
  key: Uint32Array,
  keyOffset: number,
  block: Uint32Array,
  blockOffset: number,
  counter: number,
  length: number,
  flags: number,
): void {
  let v0 = key[keyOffset + 0]! | 0;
  let v1 = key[keyOffset + 1]! | 0;
  let v2 = key[keyOffset + 2]! | 0;
  let v3 = key[keyOffset + 3]! | 0;
  let v4 = key[keyOffset + 4]! | 0;
  let v5 = key[keyOffset + 5]! | 0;
  let v6 = key[keyOffset + 6]! | 0;
  let v7 = key[keyOffset + 7]! | 0;
  let v8 = 0x6a09e667 | 0;
  let v9 = 0xbb67ae85 | 0;
  let v10 = 0x3c6ef372 | 0;
  let v11 = 0xa54ff53a | 0;
  let v12 = counter | 0;
  let v13 = Math.floor(counter / 2 ** 32) | 0;
  let v14 = length;
  let v15 = flags;
  let m0 = block[blockOffset + 0]! | 0;
  let m1 = block[blockOffset + 1]! | 0;
  let m2 = block[blockOffset + 2]! | 0;
  let m3 = block[blockOffset + 3]! | 0;
  let m4 = block[blockOffset + 4]! | 0;
  let m5 = block[blockOffset + 5]! | 0;
  let m6 = block[blockOffset + 6]! | 0;
  let m7 = block[blockOffset + 7]! | 0;
  let m8 = block[blockOffset + 8]! | 0;
  let m9 = block[blockOffset + 9]! | 0;
  let m10 = block[blockOffset + 10]! | 0;
  let m11 = block[blockOffset + 11]! | 0;
  let m12 = block[blockOffset + 12]! | 0;
  let m13 = block[blockOffset + 13]! | 0;
  let m14 = block[blockOffset + 14]! | 0;
  let m15 = block[blockOffset + 15]! | 0;
  let t = 0;
  for (let r = 0; ; r++) {
    v0 = (v0 + v4 + m0) | 0;
    v12 ^= v0;
    v12 = (v12 >>> 16) | (v12 << 16);
    v8 = (v8 + v12) | 0;
    v4 ^= v8;
    v4 = (v4 >>> 12) | (v4 << 20);
    v0 = (v0 + v4 + m1) | 0;
    v12 ^= v0;
    v12 = (v12 >>> 8) | (v12 << 24);
    v8 = (v8 + v12) | 0;
    v4 ^= v8;
    v4 = (v4 >>> 7) | (v4 << 25);
    v1 = (v1 + v5 + m2) | 0;
    v13 ^= v1;
    v13 = (v13 >>> 16) | (v13 << 16);
    v9 = (v9 + v13) | 0;
    v5 ^= v9;
    v5 = (v5 >>> 12) | (v5 << 20);
    v1 = (v1 + v5 + m3) | 0;
    v13 ^= v1;
    v13 = (v13 >>> 8) | (v13 << 24);
    v9 = (v9 + v13) | 0;
    v5 ^= v9;
    v5 = (v5 >>> 7) | (v5 << 25);
    v2 = (v2 + v6 + m4) | 0;
    v14 ^= v2;
    v14 = (v14 >>> 16) | (v14 << 16);
    v10 = (v10 + v14) | 0;
    v6 ^= v10;
    v6 = (v6 >>> 12) | (v6 << 20);
    v2 = (v2 + v6 + m5) | 0;
    v14 ^= v2;
    v14 = (v14 >>> 8) | (v14 << 24);
    v10 = (v10 + v14) | 0;
    v6 ^= v10;
    v6 = (v6 >>> 7) | (v6 << 25);
    v3 = (v3 + v7 + m6) | 0;
    v15 ^= v3;
    v15 = (v15 >>> 16) | (v15 << 16);
    v11 = (v11 + v15) | 0;
    v7 ^= v11;
    v7 = (v7 >>> 12) | (v7 << 20);
    v3 = (v3 + v7 + m7) | 0;
    v15 ^= v3;
    v15 = (v15 >>> 8) | (v15 << 24);
    v11 = (v11 + v15) | 0;
    v7 ^= v11;
    v7 = (v7 >>> 7) | (v7 << 25);
    v0 = (v0 + v5 + m8) | 0;
    v15 ^= v0;
    v15 = (v15 >>> 16) | (v15 << 16);
    v10 = (v10 + v15) | 0;
    v5 ^= v10;
    v5 = (v5 >>> 12) | (v5 << 20);
    v0 = (v0 + v5 + m9) | 0;
    v15 ^= v0;
    v15 = (v15 >>> 8) | (v15 << 24);
    v10 = (v10 + v15) | 0;
    v5 ^= v10;
    v5 = (v5 >>> 7) | (v5 << 25);
    v1 = (v1 + v6 + m10) | 0;
    v12 ^= v1;
    v12 = (v12 >>> 16) | (v12 << 16);
    v11 = (v11 + v12) | 0;
    v6 ^= v11;
    v6 = (v6 >>> 12) | (v6 << 20);
    v1 = (v1 + v6 + m11) | 0;
    v12 ^= v1;
    v12 = (v12 >>> 8) | (v12 << 24);
    v11 = (v11 + v12) | 0;
    v6 ^= v11;
    v6 = (v6 >>> 7) | (v6 << 25);
    v2 = (v2 + v7 + m12) | 0;
    v13 ^= v2;
    v13 = (v13 >>> 16) | (v13 << 16);
    v8 = (v8 + v13) | 0;
    v7 ^= v8;
    v7 = (v7 >>> 12) | (v7 << 20);
    v2 = (v2 + v7 + m13) | 0;
    v13 ^= v2;
    v13 = (v13 >>> 8) | (v13 << 24);
    v8 = (v8 + v13) | 0;
    v7 ^= v8;
    v7 = (v7 >>> 7) | (v7 << 25);
    v3 = (v3 + v4 + m14) | 0;
    v14 ^= v3;
    v14 = (v14 >>> 16) | (v14 << 16);
    v9 = (v9 + v14) | 0;
    v4 ^= v9;
    v4 = (v4 >>> 12) | (v4 << 20);
    v3 = (v3 + v4 + m15) | 0;
    v14 ^= v3;
    v14 = (v14 >>> 8) | (v14 << 24);
    v9 = (v9 + v14) | 0;
    v4 ^= v9;
    v4 = (v4 >>> 7) | (v4 << 25);
    if (r === 6) break;
    t = m0;
    m0 = m2;
    m2 = m3;
    m3 = m10;
    m10 = m12;
    m12 = m9;
    m9 = m11;
    m11 = m5;
    m5 = t;
    t = m1;
    m1 = m6;
    m6 = m4;
    m4 = m7;
    m7 = m13;
    m13 = m14;
    m14 = m15;
    m15 = m8;
    m8 = t;
  }
  if (out.length >= offset + 16) {
    out[offset + 8] = v8 ^ key[keyOffset + 0]!;
    out[offset + 9] = v9 ^ key[keyOffset + 1]!;
    out[offset + 10] = v10 ^ key[keyOffset + 2]!;
    out[offset + 11] = v11 ^ key[keyOffset + 3]!;
    out[offset + 12] = v12 ^ key[keyOffset + 4]!;
    out[offset + 13] = v13 ^ key[keyOffset + 5]!;
    out[offset + 14] = v14 ^ key[keyOffset + 6]!;
    out[offset + 15] = v15 ^ key[keyOffset + 7]!;
  }
  out[offset + 0] = v0 ^ v8;
  out[offset + 1] = v1 ^ v9;
  out[offset + 2] = v2 ^ v10;
  out[offset + 3] = v3 ^ v11;
  out[offset + 4] = v4 ^ v12;
  out[offset + 5] = v5 ^ v13;
  out[offset + 6] = v6 ^ v14;
  out[offset + 7] = v7 ^ v15;
}
