import { add, reduce, relax } from './field';
import { addBlock, BLOCK, coordinate, mulBlock, subBlock, zeroBlock } from './ext';
import { copyBlock } from './gkr';
import { temporary } from './scratch';

/**
 * Tables of the opening. The committed table holds canonical words, 16 bytes where a table of extension elements has a
 * block of 80; products of a canonical word and a weight in Montgomery form are canonical.
 */

/** Copies columns `columns` of the rows firstRow … of a row-major trace to their places: table[c] or 0 for none. */
export function stackRows(rows: usize, width: u32, places: usize, firstRow: u32, count: u32): void {
  const stride = <usize>width * 4;
  for (let c: u32 = 0; c < width; c += 4) {
    const group = min<u32>(4, width - c);
    let all = group === 4;
    for (let k: u32 = 0; k < group; k++) all = all && load<u32>(places + <usize>(c + k) * 4) !== 0;
    for (let i = firstRow; i < firstRow + count; i += 4) {
      const at = rows + <usize>i * stride + <usize>c * 4;
      if (all) {
        const x0 = v128.load(at);
        const x1 = v128.load(at + stride);
        const x2 = v128.load(at + 2 * stride);
        const x3 = v128.load(at + 3 * stride);
        const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
        const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
        const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
        const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
        const place = places + <usize>c * 4;
        const to = <usize>i * 4;
        v128.store(<usize>load<u32>(place) + to, v128.shuffle<i64>(low01, low23, 0, 2));
        v128.store(<usize>load<u32>(place, 4) + to, v128.shuffle<i64>(low01, low23, 1, 3));
        v128.store(<usize>load<u32>(place, 8) + to, v128.shuffle<i64>(high01, high23, 0, 2));
        v128.store(<usize>load<u32>(place, 12) + to, v128.shuffle<i64>(high01, high23, 1, 3));
      } else {
        for (let k: u32 = 0; k < group; k++) {
          const to = <usize>load<u32>(places + <usize>(c + k) * 4);
          if (to === 0) continue;
          for (let r: usize = 0; r < 4; r++) store<u32>(to + (<usize>i + r) * 4, load<u32>(at + r * stride + 4 * k));
        }
      }
    }
  }
}

/**
 * out = Σ weights · words over `count` blocks (`count` even), per lane. Relaxing after every second product keeps the
 * sums in range.
 */
export function dotWords(weights: usize, words: usize, out: usize, count: u32): void {
  for (let k: usize = 0; k < 5; k++) {
    let lo = i32x4.splat(0);
    let hi = i32x4.splat(0);
    for (let i: u32 = 0; i < count; i += 2) {
      const w = weights + <usize>i * BLOCK + 16 * k;
      const x = v128.load(words + <usize>i * 16);
      const y = v128.load(words + <usize>i * 16, 16);
      const v0 = v128.load(w);
      const v1 = v128.load(w, 80);
      lo = i64x2.add(i64x2.extmul_low_i32x4_u(x, v0), i64x2.add(relax(lo), i64x2.extmul_low_i32x4_u(y, v1)));
      hi = i64x2.add(i64x2.extmul_high_i32x4_u(x, v0), i64x2.add(relax(hi), i64x2.extmul_high_i32x4_u(y, v1)));
    }
    v128.store(out + 16 * k, reduce(lo, hi));
  }
}

/** out = Σ a · b over blocks, per lane. */
export function dotBlocks(a: usize, b: usize, out: usize, count: u32): void {
  const t = temporary(1);
  const sum = temporary(2);
  zeroBlock(sum);
  for (let i: usize = 0; i < <usize>count * BLOCK; i += BLOCK) {
    mulBlock(t, a + i, b + i);
    addBlock(sum, sum, t);
  }
  copyBlock(out, sum);
}

/** One round of Σ weights · table, both by halves: adds up the values at 0 and at 2 in two blocks of `out`. */
export function roundBlocks(w0: usize, w1: usize, x0: usize, x1: usize, out: usize, count: u32): void {
  const t = temporary(1);
  const u = temporary(2);
  const low = temporary(3);
  const high = temporary(4);
  zeroBlock(low);
  zeroBlock(high);
  for (let i: usize = 0; i < <usize>count * BLOCK; i += BLOCK) {
    mulBlock(t, w0 + i, x0 + i);
    addBlock(low, low, t);
    atTwo(t, w0 + i, w1 + i);
    atTwo(u, x0 + i, x1 + i);
    mulBlock(t, t, u);
    addBlock(high, high, t);
  }
  copyBlock(out, low);
  copyBlock(out + BLOCK, high);
}

/** Value at 2 of the line through `lo` at 0 and `hi` at 1. */
// @ts-ignore: decorator
@inline function atTwo(out: usize, lo: usize, hi: usize): void {
  subBlock(out, hi, lo);
  addBlock(out, out, hi);
}

/**
 * weights += Σ_j factor_j · power_j over blocks first … first + count − 1 of rows: `powers` holds `terms` tables of
 * base elements (Montgomery form), `powerBytes` apart; `factors` five words for each, an even number of terms.
 */
export function addPowers(
  weights: usize, powers: usize, powerBytes: usize, factors: usize, terms: u32, count: u32,
): void {
  for (let i: u32 = 0; i < count; i++) {
    const x = powers + <usize>i * 16;
    const block = weights + <usize>i * BLOCK;
    for (let k: usize = 0; k < 5; k++) {
      let lo = i32x4.splat(0);
      let hi = i32x4.splat(0);
      let at = x;
      let factor = factors + 4 * k;
      for (let j: u32 = 0; j < terms; j += 2) {
        const x0 = v128.load(at);
        const x1 = v128.load(at + powerBytes);
        const f0 = v128.load32_splat(factor);
        const f1 = v128.load32_splat(factor, 20);
        lo = i64x2.add(i64x2.extmul_low_i32x4_u(x0, f0), i64x2.add(relax(lo), i64x2.extmul_low_i32x4_u(x1, f1)));
        hi = i64x2.add(i64x2.extmul_high_i32x4_u(x0, f0), i64x2.add(relax(hi), i64x2.extmul_high_i32x4_u(x1, f1)));
        at += 2 * powerBytes;
        factor += 40;
      }
      v128.store(block + 16 * k, add(coordinate(block, k), reduce(lo, hi)));
    }
  }
}

/**
 * Blocks of high ⊗ lagrange: element 16 x + k is high_x · lagrange_k, for the elements x from … to − 1. `lagrange`:
 * four blocks; four blocks of results per element.
 */
export function tensor(high: usize, lagrange: usize, from: u32, to: u32, out: usize): void {
  const e = temporary(1);
  for (let x = from; x < to; x++) {
    const element = high + <usize>(x >> 2) * BLOCK + <usize>(x & 3) * 4;
    for (let k: usize = 0; k < 5; k++) v128.store(e + 16 * k, v128.load32_splat(element + 16 * k));
    for (let b: usize = 0; b < 4; b++) mulBlock(out + (4 * <usize>x + b) * BLOCK, lagrange + b * BLOCK, e);
  }
}
