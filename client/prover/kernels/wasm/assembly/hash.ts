import { compress } from './compress';
import { gather, scatter, setInitial } from './lanes';
import { scratch } from './scratch';

const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const PARENT: u32 = 4;
const ROOT: u32 = 8;
const KEYED: u32 = 16;

const LINE: usize = 64;
/** Eight vectors: one digest word of four inputs each. */
const DIGEST4: usize = 128;
const LINES_PER_CHUNK: u32 = 16;

function copyDigest(to: usize, from: usize): void {
  for (let i: usize = 0; i < DIGEST4; i += 16) v128.store(to + i, v128.load(from + i));
}

/**
 * `chaining` = parent of the digests `left` and `chaining`; `message` is overwritten.
 */
function mergeLeft(chaining: usize, message: usize, left: usize, flags: u32): void {
  copyDigest(message, left);
  copyDigest(message + DIGEST4, chaining);
  setInitial(chaining);
  compress(chaining, message, i32x4.splat(0), 64, PARENT | flags);
}

// @ts-ignore: decorator
@inline function reverseBits(x: u32, bits: u32): u32 {
  let y = ((x >> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  y = ((y >> 2) & 0x33333333) | ((y & 0x33333333) << 2);
  y = ((y >> 4) & 0x0f0f0f0f) | ((y & 0x0f0f0f0f) << 4);
  y = ((y >> 8) & 0x00ff00ff) | ((y & 0x00ff00ff) << 8);
  y = (y >> 16) | (y << 16);
  return bits === 0 ? 0 : y >> (32 - bits);
}

/**
 * Leaf digests of the rows at positions `first` … `first` + `count` − 1 (a multiple of four) of one coset.
 *
 * A row is stored as `bytes` / 64 lines, rounded up (what is behind the row in the last one does not matter), line b of position i at
 * `rows` + b · `stripStride` + 64 · i. Position i holds row reverseBits(i) · 2^logCosets + coset, whose digest goes to
 * `leaves` + 32 · row.
 */
export function hashRows(
  rows: usize,
  stripStride: usize,
  bytes: u32,
  first: u32,
  count: u32,
  logRows: u32,
  logCosets: u32,
  coset: u32,
  leaves: usize,
): void {
  const message = scratch;
  const chaining = scratch + 256;
  const stack = chaining + 192;
  const lines = (bytes + 63) >> 6;
  for (let i = first; i < first + count; i += 4) {
    let depth: u32 = 0;
    for (let line: u32 = 0, chunk: u32 = 0; line < lines; chunk++) {
      const end = min(lines, line + LINES_PER_CHUNK);
      const last = end === lines;
      setInitial(chaining);
      let flags = CHUNK_START;
      for (; line < end; line++) {
        const final = line === end - 1;
        if (final) flags |= CHUNK_END | (last && chunk === 0 ? ROOT : 0);
        const length = min<u32>(64, bytes - 64 * line);
        gather(message, rows + <usize>line * stripStride + <usize>i * LINE, LINE);
        for (let at: usize = 4 * length; at < 256; at += 16) v128.store(message + at, i32x4.splat(0));
        compress(chaining, message, i32x4.splat(chunk), length, flags);
        flags = 0;
      }
      if (last) {
        while (depth > 0) {
          depth--;
          mergeLeft(chaining, message, stack + <usize>depth * DIGEST4, depth === 0 ? ROOT : 0);
        }
      } else {
        for (let done = chunk + 1; (done & 1) === 0; done >>= 1) {
          depth--;
          mergeLeft(chaining, message, stack + <usize>depth * DIGEST4, 0);
        }
        copyDigest(stack + <usize>depth * DIGEST4, chaining);
        depth++;
      }
    }
    scatter(
      chaining,
      leaves + 32 * ((reverseBits(i, logRows) << logCosets) + coset),
      leaves + 32 * ((reverseBits(i + 1, logRows) << logCosets) + coset),
      leaves + 32 * ((reverseBits(i + 2, logRows) << logCosets) + coset),
      leaves + 32 * ((reverseBits(i + 3, logRows) << logCosets) + coset),
    );
  }
}

/** `count` parents (a multiple of four) of consecutive pairs of digests. */
export function hashNodes(children: usize, parents: usize, count: u32): void {
  const message = scratch;
  const chaining = scratch + 256;
  for (let i: u32 = 0; i < count; i += 4) {
    gather(message, children + <usize>i * 64, 64);
    setInitial(chaining);
    compress(chaining, message, i32x4.splat(0), 64, PARENT);
    const to = parents + <usize>i * 32;
    scatter(chaining, to, to + 32, to + 64, to + 96);
  }
}

/**
 * The least nonce from `first` to `first` + `count` − 1 (count a multiple of four) with `mask` & w = 0, where w is the
 *X
 */
export function grind(key: usize, label: u32, mask: u32, first: u32, count: u32, out: usize): void {
  store<i64>(out, -1);
  const message = scratch;
  const chaining = scratch + 256;
  for (let i: usize = 0; i < 256; i += 16) v128.store(message + i, i32x4.splat(0));
  v128.store(message, i32x4.splat(label), 16);
  const wanted = i32x4.splat(mask);
  for (let i: u32 = 0; i < count; i += 4) {
    const nonce = first + i;
    v128.store(message, i32x4.add(i32x4.splat(nonce), i32x4(0, 1, 2, 3)));
    for (let w: usize = 0; w < 8; w++) v128.store(chaining + 16 * w, v128.load32_splat(key + 4 * w));
    compress(chaining, message, i32x4.splat(0), 8, CHUNK_START | CHUNK_END | ROOT | KEYED);
    const hits = i32x4.bitmask(i32x4.eq(v128.and(v128.load(chaining, 128), wanted), i32x4.splat(0)));
    if (hits !== 0) {
      store<i64>(out, <i64>nonce + <i64>ctz<i32>(hits));
      return;
    }
  }
}
