/**
 * Field elements in a proof: 31 bits each, the lowest first, from the lowest bit of each byte up; the last byte is filled
 * with zeros. Digests and nonces stay words of 32 bits.
 */
const FIELD_BITS = 31;

/** Bytes of a message of `count` elements. */
export const packedBytes = (count: number): number => Math.ceil((FIELD_BITS * count) / 8);

/** Writes canonical words at `at`, where `out` has `packedBytes(words.length)` zeros. */
export function packFields(words: ArrayLike<number>, out: Uint8Array, at: number): void {
  for (let i = 0; i < words.length; i++) {
    const bit = FIELD_BITS * i;
    const shift = bit % 8;
    const byte = at + (bit - shift) / 8;
    const low = words[i]! << shift;
    out[byte]! |= low;
    out[byte + 1] = low >>> 8;
    out[byte + 2] = low >>> 16;
    out[byte + 3] = low >>> 24;
    if (shift > 1) out[byte + 4] = words[i]! >>> (32 - shift);
  }
}

/** The elements that `packFields` wrote, as numbers of 31 bits, canonical or not; `undefined` if a bit behind them is set. */
export function unpackFields(bytes: Uint8Array, at: number, count: number): Uint32Array | undefined {
  const words = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const bit = FIELD_BITS * i;
    const shift = bit % 8;
    const byte = at + (bit - shift) / 8;
    const low = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16) | (bytes[byte + 3]! << 24);
    const high = shift > 1 ? bytes[byte + 4]! << (32 - shift) : 0;
    words[i] = ((low >>> shift) | high) & 0x7fff_ffff;
  }
  const used = (FIELD_BITS * count) % 8;
  return used > 0 && bytes[at + packedBytes(count) - 1]! >>> used !== 0 ? undefined : words;
}
