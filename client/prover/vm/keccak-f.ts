import { keccakP } from '@noble/hashes/sha3.js';

/** Keccak-f[1600] in place over 200 little-endian bytes. */
export function keccakF(state: Uint8Array): void {
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
  const words = new Uint32Array(50);
  for (let i = 0; i < 50; i++) words[i] = view.getUint32(4 * i, true);
  keccakP(words, 24);
  for (let i = 0; i < 50; i++) view.setUint32(4 * i, words[i]!, true);
}
