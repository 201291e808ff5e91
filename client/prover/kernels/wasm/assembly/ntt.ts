import { add, modulus, mul, mulBy, mulScalar, P_INV, subLazy } from './field';
import { scratch } from './scratch';

/** A strip is a matrix of lines: 16 columns, one row each. Values are canonical, twiddles in Montgomery form. */
const LINE: usize = 64;

// @ts-ignore: decorator
@inline function splatQ(w: u32): v128 {
  return i32x4.splat(w * P_INV);
}

/** Two layers of decimation in frequency on four lines `distance` bytes apart. */
// @ts-ignore: decorator
@inline function radix4(at: usize, distance: usize, used: usize, w1: u32, w2: u32, w3: u32): void {
  const v1 = i32x4.splat(w1);
  const q1 = splatQ(w1);
  const v2 = i32x4.splat(w2);
  const q2 = splatQ(w2);
  const v3 = i32x4.splat(w3);
  const q3 = splatQ(w3);
  for (let p0 = at, end = at + used; p0 < end; p0 += 16) {
    const p1 = p0 + distance;
    const p2 = p1 + distance;
    const p3 = p2 + distance;
    const a0 = v128.load(p0);
    const a1 = v128.load(p1);
    const a2 = v128.load(p2);
    const a3 = v128.load(p3);
    const b0 = add(a0, a2);
    const b1 = add(a1, a3);
    const b2 = mulBy(subLazy(a0, a2), v1, q1);
    const b3 = mulBy(subLazy(a1, a3), v2, q2);
    v128.store(p0, add(b0, b1));
    v128.store(p1, mulBy(subLazy(b0, b1), v3, q3));
    v128.store(p2, add(b2, b3));
    v128.store(p3, mulBy(subLazy(b2, b3), v3, q3));
  }
}

/** The last layer where the number of layers is odd: neighbouring lines, no twiddle. */
function lastRadix2(lines: usize, rows: usize, used: usize): void {
  for (let i: usize = 0; i < rows; i += 2) {
    const at = lines + i * LINE;
    for (let k: usize = 0; k < used; k += 16) {
      const a = v128.load(at + k);
      const b = v128.load(at + k + LINE);
      v128.store(at + k, add(a, b));
      const d = subLazy(a, b);
      v128.store(at + k + LINE, i32x4.min_u(d, i32x4.sub(d, modulus())));
    }
  }
}

/** All layers of distance below 4 · `top` within blocks of 4 · `top` lines; w of order 4 · top is twiddle[`step`]. */
function layers(lines: usize, rows: usize, used: usize, top: usize, twiddles: usize, step: usize): void {
  let k = step;
  for (let h = top; h >= 1; h >>= 2) {
    for (let block: usize = 0; block < rows; block += 4 * h) {
      for (let j: usize = 0; j < h; j++) {
        radix4(
          lines + (block + j) * LINE,
          h * LINE,
          used,
          load<u32>(twiddles + j * k * 4),
          load<u32>(twiddles + (j + h) * k * 4),
          load<u32>(twiddles + 2 * j * k * 4),
        );
      }
    }
    k <<= 2;
  }
}

/**
 * In place transform of 2^log lines, natural order in, bit-reversed order out. `twiddles`: the powers of a root of
 * order 2^logTable, log ≤ logTable. `used`: bytes of each line that hold columns. Blocks of 2^8 lines are finished
 * one by one, so that they stay in the nearest cache.
 */
export function transform(lines: usize, log: u32, used: usize, twiddles: usize, logTable: u32): void {
  const rows: usize = 1 << log;
  let top: usize = rows >> 2;
  let step: usize = 1 << (logTable - log);
  let block = rows;
  while (block > 256) {
    for (let b: usize = 0; b < rows; b += block) {
      for (let j: usize = 0; j < top; j++) {
        radix4(
          lines + (b + j) * LINE,
          top * LINE,
          used,
          load<u32>(twiddles + j * step * 4),
          load<u32>(twiddles + (j + top) * step * 4),
          load<u32>(twiddles + 2 * j * step * 4),
        );
      }
    }
    block >>= 2;
    top >>= 2;
    step <<= 2;
  }
  for (let b: usize = 0; b < rows; b += block) layers(lines + b * LINE, block, used, top, twiddles, step);
  if ((log & 1) === 1) lastRadix2(lines, rows, used);
}

/** Copies line by line, with row i of the result multiplied by first · ratio^i (Montgomery form). */
function copyScaled(from: usize, stride: usize, to: usize, rows: usize, used: usize, first: u32, ratio: u32): void {
  let w = first;
  for (let i: usize = 0; i < rows; i++) {
    const v = i32x4.splat(w);
    const q = splatQ(w);
    for (let k: usize = 0; k < used; k += 16) v128.store(to + k, mulBy(v128.load(from + k), v, q));
    w = mulScalar(w, ratio);
    from += stride;
    to += LINE;
  }
}

function copyLines(from: usize, stride: usize, to: usize, rows: usize, used: usize): void {
  for (let i: usize = 0; i < rows; i++) {
    for (let k: usize = 0; k < used; k += 16) v128.store(to + k, v128.load(from + k));
    from += stride;
    to += LINE;
  }
}

/**
 * First half of the transform of 2^(logHigh + logLow) lines on the coset shift · ⟨w⟩, for the low indices
 * firstLow … firstLow + countLow − 1: scales row i by shift^i, transforms over the high index, multiplies by
 * w^(low · k) and stores to `to`, which may be `from`.
 *
 * @param shifted 0 when the shift is 1: the three shift arguments are not read
 * @param shiftFirst shift^firstLow, `shift` itself, `shiftHigh` = shift^(2^logLow)
 * @param rootFirst w^firstLow for the root w of order 2^(logHigh + logLow), `root` = w
 * @param one 1 in Montgomery form
 */
export function transformHigh(
  from: usize,
  to: usize,
  logHigh: u32,
  logLow: u32,
  used: usize,
  firstLow: u32,
  countLow: u32,
  shifted: u32,
  shiftFirst: u32,
  shift: u32,
  shiftHigh: u32,
  rootFirst: u32,
  root: u32,
  one: u32,
  twiddles: usize,
  logTable: u32,
): void {
  const rows: usize = 1 << logHigh;
  const stride: usize = LINE << logLow;
  const powers = scratch + rows * LINE;
  let scale = shiftFirst;
  let ratio = rootFirst;
  for (let low = firstLow; low < firstLow + countLow; low++) {
    const column = from + <usize>low * LINE;
    if (shifted !== 0) copyScaled(column, stride, scratch, rows, used, scale, shiftHigh);
    else copyLines(column, stride, scratch, rows, used);
    transform(scratch, logHigh, used, twiddles, logTable);
    let c = one;
    for (let k: u32 = 0; k < <u32>rows; k++) {
      store<u32>(powers + 4 * reversed(k, logHigh), c);
      c = mulScalar(c, ratio);
    }
    let line = to + <usize>low * LINE;
    for (let i: usize = 0; i < rows; i++) {
      const w = load<u32>(powers + 4 * i);
      const v = i32x4.splat(w);
      const q = splatQ(w);
      for (let k: usize = 0; k < used; k += 16) {
        v128.store(line + k, mulBy(v128.load(scratch + i * LINE + k), v, q));
      }
      line += stride;
    }
    scale = mulScalar(scale, shift);
    ratio = mulScalar(ratio, root);
  }
}

// @ts-ignore: decorator
@inline function reversed(x: u32, bits: u32): u32 {
  let r: u32 = 0;
  for (let i: u32 = 0; i < bits; i++) {
    r = (r << 1) | (x & 1);
    x >>= 1;
  }
  return r;
}

/** Second half: `count` transforms of 2^logLow consecutive lines each. */
export function transformLow(lines: usize, logLow: u32, count: u32, used: usize, twiddles: usize, logTable: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    transform(lines + (<usize>i << logLow) * LINE, logLow, used, twiddles, logTable);
  }
}

/** The whole transform of a short strip on a coset, from `from` to `to`. */
export function transformShort(
  from: usize,
  to: usize,
  log: u32,
  used: usize,
  shifted: u32,
  shift: u32,
  one: u32,
  twiddles: usize,
  logTable: u32,
): void {
  const rows: usize = 1 << log;
  if (shifted !== 0) copyScaled(from, LINE, to, rows, used, one, shift);
  else copyLines(from, LINE, to, rows, used);
  transform(to, log, used, twiddles, logTable);
}

/**
 * Lines `firstRow` … of one strip from a table stored column behind column: word c of line i is entry i of column c for
 * c < `columns` ≤ 16, and zero behind.
 */
export function stripFromColumns(
  table: usize,
  columnBytes: usize,
  columns: u32,
  firstRow: u32,
  rows: u32,
  to: usize,
): void {
  for (let c: u32 = 0; c < 16; c += 4) {
    const base = table + <usize>c * columnBytes;
    const count = c < columns ? min<u32>(4, columns - c) : 0;
    if (count === 4 && (rows & 3) === 0) {
      for (let i = firstRow; i < firstRow + rows; i += 4) {
        const at = base + <usize>i * 4;
        const x0 = v128.load(at);
        const x1 = v128.load(at + columnBytes);
        const x2 = v128.load(at + 2 * columnBytes);
        const x3 = v128.load(at + 3 * columnBytes);
        storeLines(to + <usize>i * LINE + c * 4, x0, x1, x2, x3);
      }
    } else {
      for (let i = firstRow; i < firstRow + rows; i++) {
        for (let k: u32 = 0; k < 4; k++) {
          const x = k < count ? load<u32>(base + <usize>k * columnBytes + <usize>i * 4) : 0;
          store<u32>(to + <usize>i * LINE + (c + k) * 4, x);
        }
      }
    }
  }
}

/** Stores the transpose of four vectors as one vector in each of four lines. */
// @ts-ignore: decorator
@inline function storeLines(line: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(line, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(line + LINE, v128.shuffle<i64>(low01, low23, 1, 3));
  v128.store(line + 2 * LINE, v128.shuffle<i64>(high01, high23, 0, 2));
  v128.store(line + 3 * LINE, v128.shuffle<i64>(high01, high23, 1, 3));
}

/** Word k of an extension table's lines: coordinate k mod 5 of column k / 5, canonical; four rows at once. */
// @ts-ignore: decorator
@inline function blockWord(table: usize, columnBytes: usize, k: u32, words: u32, row: usize): v128 {
  if (k >= words) return i32x4.splat(0);
  return mul(v128.load(table + <usize>(k / 5) * columnBytes + row * 20 + <usize>(k % 5) * 16), i32x4.splat(1));
}

/**
 * As `stripFromColumns` for a table of extension elements in blocks of four (Montgomery form): the words
 * firstWord … firstWord + 15 of each line, of `words` in all. `firstRow` and `rows` are multiples of four.
 */
export function stripFromBlocks(
  table: usize,
  columnBytes: usize,
  words: u32,
  firstWord: u32,
  firstRow: u32,
  rows: u32,
  to: usize,
): void {
  for (let i = firstRow; i < firstRow + rows; i += 4) {
    for (let k: u32 = 0; k < 16; k += 4) {
      const w = firstWord + k;
      storeLines(
        to + <usize>i * LINE + k * 4,
        blockWord(table, columnBytes, w, words, i),
        blockWord(table, columnBytes, w + 1, words, i),
        blockWord(table, columnBytes, w + 2, words, i),
        blockWord(table, columnBytes, w + 3, words, i),
      );
    }
  }
}
