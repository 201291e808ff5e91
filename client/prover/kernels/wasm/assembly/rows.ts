import { add, mul, R2, reduce, relax, sub, subLazy } from './field';
import { addBlock, BLOCK, mulBlock, zeroBlock } from './ext';
import { scratch, temporary } from './scratch';

/**
 * Row-major traces as programs see them: 16 consecutive rows at a time (the skip variable), each column as
 * a line of 16 values in Montgomery form.
 */
const GROUP: usize = 16;
const LINE: usize = 64;

/** Four columns of 16 vectors to four lines. */
function transposeToLines(from: usize, to: usize): void {
  for (let k: usize = 0; k < 4; k++) {
    const at = from + 64 * k;
    const x0 = v128.load(at);
    const x1 = v128.load(at, 16);
    const x2 = v128.load(at, 32);
    const x3 = v128.load(at, 48);
    const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
    const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
    const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
    const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
    const line = to + 16 * k;
    v128.store(line, v128.shuffle<i64>(low01, low23, 0, 2));
    v128.store(line + LINE, v128.shuffle<i64>(low01, low23, 1, 3));
    v128.store(line + 2 * LINE, v128.shuffle<i64>(high01, high23, 0, 2));
    v128.store(line + 3 * LINE, v128.shuffle<i64>(high01, high23, 1, 3));
  }
}

/**
 * Lines of the columns in rows 16 · group … 16 · group + 15. Reads up to 12 bytes behind the last row, writes lines for
 * a multiple of four columns.
 */
export function loadLines(rows: usize, group: u32, width: u32, lines: usize): void {
  const t = temporary(1);
  const r2 = i32x4.splat(R2);
  const stride = <usize>width * 4;
  const first = rows + <usize>group * GROUP * stride;
  for (let c: u32 = 0; c < width; c += 4) {
    for (let b: usize = 0; b < GROUP; b++) {
      v128.store(t + 16 * b, mul(v128.load(first + b * stride + <usize>c * 4), r2));
    }
    transposeToLines(t, lines + <usize>c * LINE);
  }
}

/** Radix 4 on the vectors at, at + d, at + 2d, at + 3d. */
// @ts-ignore: decorator
@inline function butterfly(at: usize, d: usize, w1: v128, w2: v128, w3: v128): void {
  const a0 = v128.load(at);
  const a1 = v128.load(at + d);
  const a2 = v128.load(at + 2 * d);
  const a3 = v128.load(at + 3 * d);
  const b0 = add(a0, a2);
  const b1 = add(a1, a3);
  const b2 = mul(subLazy(a0, a2), w1);
  const b3 = mul(subLazy(a1, a3), w2);
  v128.store(at, add(b0, b1));
  v128.store(at + d, mul(subLazy(b0, b1), w3));
  v128.store(at + 2 * d, add(b2, b3));
  v128.store(at + 3 * d, mul(subLazy(b2, b3), w3));
}

/** As `butterfly` with w1 = w3 = 1. */
// @ts-ignore: decorator
@inline function lastButterfly(at: usize, w2: v128): void {
  const a0 = v128.load(at);
  const a1 = v128.load(at, 16);
  const a2 = v128.load(at, 32);
  const a3 = v128.load(at, 48);
  const b0 = add(a0, a2);
  const b1 = add(a1, a3);
  const b2 = sub(a0, a2);
  const b3 = mul(subLazy(a1, a3), w2);
  v128.store(at, add(b0, b1));
  v128.store(at, sub(b0, b1), 16);
  v128.store(at, add(b2, b3), 32);
  v128.store(at, sub(b2, b3), 48);
}

/** In place transform of 16 vectors; `roots`: 16 powers in Montgomery form; natural order in, bit-reversed out. */
function transform16(at: usize, roots: usize): void {
  for (let j: usize = 0; j < 4; j++) {
    butterfly(
      at + 16 * j,
      64,
      v128.load32_splat(roots + 4 * j),
      v128.load32_splat(roots + 4 * (j + 4)),
      v128.load32_splat(roots + 8 * j),
    );
  }
  const quarter = v128.load32_splat(roots, 16);
  for (let b: usize = 0; b < 256; b += 64) lastButterfly(at + b, quarter);
}

// @ts-ignore: decorator
@inline function reversed4(i: usize): usize {
  return ((i & 1) << 3) | ((i & 2) << 1) | ((i & 4) >> 1) | (i >> 3);
}

/**
 * 16 times the coefficients of the columns' polynomials over the 16 rows of a group: per four columns 16 vectors in
 * bit-reversed order, canonical. `inverseRoots`: powers of the inverse generator.
 */
export function loadCoefficients(rows: usize, group: u32, width: u32, inverseRoots: usize, coefficients: usize): void {
  const stride = <usize>width * 4;
  const first = rows + <usize>group * GROUP * stride;
  for (let c: u32 = 0; c < width; c += 4) {
    const to = coefficients + <usize>c * LINE;
    for (let b: usize = 0; b < GROUP; b++) v128.store(to + 16 * b, v128.load(first + b * stride + <usize>c * 4));
    transform16(to, inverseRoots);
  }
}

/**
 * Lines of the columns' values on a coset: point i of a line is shift · w^reverseBits(i). `twist`: 16 words
 * shift^k · 2^64 / 16; `roots`: powers of w in Montgomery form.
 */
export function cosetLines(coefficients: usize, width: u32, twist: usize, roots: usize, lines: usize): void {
  const t = temporary(1);
  for (let c: u32 = 0; c < width; c += 4) {
    const from = coefficients + <usize>c * LINE;
    for (let k: usize = 0; k < GROUP; k++) {
      v128.store(t + 16 * k, mul(v128.load(from + 16 * reversed4(k)), v128.load32_splat(twist + 4 * k)));
    }
    transform16(t, roots);
    transposeToLines(t, lines + <usize>c * LINE);
  }
}

/** Sums of products of `count` accumulators (5 coordinates, two halves of 64-bit sums each) to zero. */
export function clear(at: usize, bytes: u32): void {
  for (let i: usize = 0; i < <usize>bytes; i += 16) v128.store(at + i, i32x4.splat(0));
}

/**
 * Adds Σ values[i] · factors[i] to the five pairs of sums at `sums`, which are relaxed before and after: values are
 * vectors `stride` bytes apart, factors five words each. `count` is even.
 */
export function dotValues(values: usize, stride: u32, count: u32, factors: usize, sums: usize): void {
  let lo0 = v128.load(sums);
  let hi0 = v128.load(sums, 16);
  let lo1 = v128.load(sums, 32);
  let hi1 = v128.load(sums, 48);
  let lo2 = v128.load(sums, 64);
  let hi2 = v128.load(sums, 80);
  let lo3 = v128.load(sums, 96);
  let hi3 = v128.load(sums, 112);
  let lo4 = v128.load(sums, 128);
  let hi4 = v128.load(sums, 144);
  let at = values;
  let w = factors;
  for (let i: u32 = 0; i < count; i += 2) {
    const x = v128.load(at);
    const y = v128.load(at + <usize>stride);
    lo0 = relax(addPairLow(lo0, x, v128.load32_splat(w), y, v128.load32_splat(w, 20)));
    hi0 = relax(addPairHigh(hi0, x, v128.load32_splat(w), y, v128.load32_splat(w, 20)));
    lo1 = relax(addPairLow(lo1, x, v128.load32_splat(w, 4), y, v128.load32_splat(w, 24)));
    hi1 = relax(addPairHigh(hi1, x, v128.load32_splat(w, 4), y, v128.load32_splat(w, 24)));
    lo2 = relax(addPairLow(lo2, x, v128.load32_splat(w, 8), y, v128.load32_splat(w, 28)));
    hi2 = relax(addPairHigh(hi2, x, v128.load32_splat(w, 8), y, v128.load32_splat(w, 28)));
    lo3 = relax(addPairLow(lo3, x, v128.load32_splat(w, 12), y, v128.load32_splat(w, 32)));
    hi3 = relax(addPairHigh(hi3, x, v128.load32_splat(w, 12), y, v128.load32_splat(w, 32)));
    lo4 = relax(addPairLow(lo4, x, v128.load32_splat(w, 16), y, v128.load32_splat(w, 36)));
    hi4 = relax(addPairHigh(hi4, x, v128.load32_splat(w, 16), y, v128.load32_splat(w, 36)));
    at += 2 * <usize>stride;
    w += 40;
  }
  v128.store(sums, lo0);
  v128.store(sums, hi0, 16);
  v128.store(sums, lo1, 32);
  v128.store(sums, hi1, 48);
  v128.store(sums, lo2, 64);
  v128.store(sums, hi2, 80);
  v128.store(sums, lo3, 96);
  v128.store(sums, hi3, 112);
  v128.store(sums, lo4, 128);
  v128.store(sums, hi4, 144);
}

// @ts-ignore: decorator
@inline export function addPairLow(sum: v128, x: v128, v: v128, y: v128, w: v128): v128 {
  return i64x2.add(i64x2.extmul_low_i32x4_u(x, v), i64x2.add(sum, i64x2.extmul_low_i32x4_u(y, w)));
}

// @ts-ignore: decorator
@inline export function addPairHigh(sum: v128, x: v128, v: v128, y: v128, w: v128): v128 {
  return i64x2.add(i64x2.extmul_high_i32x4_u(x, v), i64x2.add(sum, i64x2.extmul_high_i32x4_u(y, w)));
}

/** A block from the five pairs of sums at `sums`, each relaxed. */
// @ts-ignore: decorator
@inline function reduceSums(sums: usize, out: usize): void {
  for (let k: usize = 0; k < 5; k++) {
    v128.store(out + 16 * k, reduce(v128.load(sums + 32 * k), v128.load(sums + 32 * k, 16)));
  }
}

/**
 * Adds element `index` of `eq` times (sums + constant) to the block at `out`; the four lanes of the sums are four
 * points of the skip variable.
 */
export function addFormAtRow(sums: usize, constant: usize, eq: usize, index: u32, out: usize): void {
  const t = temporary(1);
  const e = temporary(2);
  const element = eq + <usize>(index >> 2) * BLOCK + <usize>(index & 3) * 4;
  reduceSums(sums, t);
  addBlock(t, t, constant);
  for (let k: usize = 0; k < 5; k++) v128.store(e + 16 * k, v128.load32_splat(element + 16 * k));
  mulBlock(t, t, e);
  addBlock(out, out, t);
}

/** Columns of extension elements at the lower half, and what a step of the round's variable adds. */
export function startPoint(lo: usize, hi: usize, at: usize, step: usize, vectors: u32): void {
  for (let i: usize = 0; i < <usize>vectors * 16; i += 16) {
    const x = v128.load(lo + i);
    v128.store(at + i, x);
    v128.store(step + i, sub(v128.load(hi + i), x));
  }
}

/** One step further, `times` times. */
export function nextPoint(at: usize, step: usize, times: u32, vectors: u32): void {
  for (let i: usize = 0; i < <usize>vectors * 16; i += 16) {
    const d = v128.load(step + i);
    let x = add(v128.load(at + i), d);
    if (times === 2) x = add(x, d);
    v128.store(at + i, x);
  }
}

/** out += eq · (sum + constant). */
export function addForm(sum: usize, constant: usize, eq: usize, out: usize): void {
  const t = temporary(2);
  addBlock(t, sum, constant);
  mulBlock(t, t, eq);
  addBlock(out, out, t);
}

/** Adds 16 products per coordinate, relaxing after every second one. */
function dotRows(first: usize, stride: usize, basis: usize, out: usize): void {
  for (let k: usize = 0; k < 5; k++) {
    let lo = i32x4.splat(0);
    let hi = i32x4.splat(0);
    for (let b: usize = 0; b < GROUP; b += 2) {
      const x = v128.load(first + b * stride);
      const y = v128.load(first + (b + 1) * stride);
      const v = v128.load32_splat(basis + 20 * b + 4 * k);
      const w = v128.load32_splat(basis + 20 * b + 4 * k + 20);
      lo = i64x2.add(i64x2.extmul_low_i32x4_u(x, v), i64x2.add(relax(lo), i64x2.extmul_low_i32x4_u(y, w)));
      hi = i64x2.add(i64x2.extmul_high_i32x4_u(x, v), i64x2.add(relax(hi), i64x2.extmul_high_i32x4_u(y, w)));
    }
    v128.store(out + 16 * k, reduce(lo, hi));
  }
}

/**
 * Binds the skip variable: per block of four groups of rows and column, the block of Σ_k basis_k · (row k of the group).
 * `basis`: 16 elements of five words, times 2^64. Groups behind `groups` count as zero. The blocks of a row block lie
 * column by column, row block behind row block.
 */
export function bindSkip(
  rows: usize, width: u32, groups: u32, basis: usize, fromBlock: u32, toBlock: u32, out: usize,
): void {
  const t = temporary(1);
  const stride = <usize>width * 4;
  for (let block = fromBlock; block < toBlock; block++) {
    for (let c: u32 = 0; c < width; c += 4) {
      for (let g: u32 = 0; g < 4; g++) {
        const group: u32 = 4 * block + g;
        if (group < groups) {
          dotRows(rows + <usize>group * GROUP * stride + <usize>c * 4, stride, basis, t + <usize>g * BLOCK);
        } else zeroBlock(t + <usize>g * BLOCK);
      }
      const columns = min<u32>(4, width - c);
      for (let k: usize = 0; k < 5; k++) {
        const x0 = v128.load(t + 16 * k);
        const x1 = v128.load(t + BLOCK + 16 * k);
        const x2 = v128.load(t + 2 * BLOCK + 16 * k);
        const x3 = v128.load(t + 3 * BLOCK + 16 * k);
        const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
        const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
        const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
        const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
        const to = out + (<usize>block * <usize>width + <usize>c) * BLOCK + 16 * k;
        v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
        if (columns > 1) v128.store(to + BLOCK, v128.shuffle<i64>(low01, low23, 1, 3));
        if (columns > 2) v128.store(to + 2 * BLOCK, v128.shuffle<i64>(high01, high23, 0, 2));
        if (columns > 3) v128.store(to + 3 * BLOCK, v128.shuffle<i64>(high01, high23, 1, 3));
      }
    }
  }
}

/**
 * Blocks from … to − 1 of Σ_k basis_k · words[16 i + k] over the elements i of a table of canonical words. `basis`: 16
 * elements of five words, times 2^64.
 */
export function dotSixteens(words: usize, basis: usize, from: u32, to: u32, out: usize): void {
  const t = temporary(1);
  for (let block = from; block < to; block++) {
    const first = words + <usize>block * 256;
    for (let v: usize = 0; v < 64; v += 16) {
      const x0 = v128.load(first + v);
      const x1 = v128.load(first + v, 64);
      const x2 = v128.load(first + v, 128);
      const x3 = v128.load(first + v, 192);
      const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
      const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
      const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
      const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
      v128.store(t + 4 * v, v128.shuffle<i64>(low01, low23, 0, 2));
      v128.store(t + 4 * v, v128.shuffle<i64>(low01, low23, 1, 3), 16);
      v128.store(t + 4 * v, v128.shuffle<i64>(high01, high23, 0, 2), 32);
      v128.store(t + 4 * v, v128.shuffle<i64>(high01, high23, 1, 3), 48);
    }
    dotRows(t, 16, basis, out + <usize>block * BLOCK);
  }
}

/** Output blocks that `foldColumns` sums up at a time, and columns: what it reads then stays in the nearest cache. */
const FOLD_TILE: u32 = 64;
const FOLD_COLUMNS: u32 = 8;
const SUMS: usize = 160;

/**
 * Blocks from … from + count − 1 of Σ_c factor_c · column c over columns of canonical words, `stride` bytes apart, an even
 * number of them. `factors`: five words each, times 2^64.
 */
export function foldColumns(
  words: usize, stride: u32, columns: u32, factors: usize, from: u32, count: u32, out: usize,
): void {
  const end = from + count;
  for (let tile = from; tile < end; tile += FOLD_TILE) {
    const blocks = min<u32>(FOLD_TILE, end - tile);
    const first = words + <usize>tile * 16;
    clear(scratch, blocks * <u32>SUMS);
    for (let c: u32 = 0; c < columns; c += FOLD_COLUMNS) {
      const terms = min<u32>(FOLD_COLUMNS, columns - c);
      for (let i: u32 = 0; i < blocks; i++) {
        dotValues(
          first + <usize>c * stride + <usize>i * 16, stride, terms, factors + <usize>c * 20, scratch + <usize>i * SUMS,
        );
      }
    }
    for (let i: u32 = 0; i < blocks; i++) {
      reduceSums(scratch + <usize>i * SUMS, out + <usize>(tile + i) * BLOCK);
    }
  }
}
