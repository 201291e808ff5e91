import { BLOCK_BYTES, BLOCK_WORDS, blake3, CHUNK_BYTES, compress, DIGEST_WORDS, Flag, IV_WORDS } from './blake3.ts';

const WORD_BYTES = 4;
const CHUNK_WORDS = CHUNK_BYTES / WORD_BYTES;

/**
 * Leaf digest: the BLAKE3 hash of `count` little-endian words, written to `out` as 8 words. The root flag of the hash
 * and the parent flag of `hashNode` keep leaves and nodes apart.
 */
export function hashLeaf(out: Uint32Array, outAt: number, words: Uint32Array, at: number, count: number): void {
  if (count > CHUNK_WORDS) {
    const bytes = new Uint8Array(count * WORD_BYTES);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < count; i++) view.setUint32(WORD_BYTES * i, words[at + i]!, true);
    const digest = new DataView(blake3(bytes).buffer);
    for (let i = 0; i < DIGEST_WORDS; i++) out[outAt + i] = digest.getUint32(WORD_BYTES * i, true);
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

const CHAINING = new Uint32Array(DIGEST_WORDS);
const BLOCK = new Uint32Array(BLOCK_WORDS);
