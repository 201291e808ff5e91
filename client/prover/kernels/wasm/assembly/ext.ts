import { add, mul, mulScalar, R2, reduce, relax, sub } from './field';
import { temporary } from './scratch';

/**
 * E = F[x]/(x^5 + x^2 − 1) in blocks: four elements in five vectors, coordinate by coordinate, one element per lane,
 * Montgomery form. Functions work on the addresses of blocks; a result may be one of the operands.
 */
export const BLOCK: usize = 80;

// @ts-ignore: decorator
@inline export function coordinate(block: usize, i: usize): v128 {
  return v128.load(block + 16 * i);
}

// @ts-ignore: decorator
@inline function lowProducts(
  x0: v128, y0: v128, x1: v128, y1: v128, x2: v128, y2: v128, x3: v128, y3: v128, x4: v128, y4: v128,
): v128 {
  let s = i64x2.add(i64x2.extmul_low_i32x4_u(x0, y0), i64x2.extmul_low_i32x4_u(x1, y1));
  s = i64x2.add(s, i64x2.add(i64x2.extmul_low_i32x4_u(x2, y2), i64x2.extmul_low_i32x4_u(x3, y3)));
  return i64x2.add(relax(s), i64x2.extmul_low_i32x4_u(x4, y4));
}

// @ts-ignore: decorator
@inline function highProducts(
  x0: v128, y0: v128, x1: v128, y1: v128, x2: v128, y2: v128, x3: v128, y3: v128, x4: v128, y4: v128,
): v128 {
  let s = i64x2.add(i64x2.extmul_high_i32x4_u(x0, y0), i64x2.extmul_high_i32x4_u(x1, y1));
  s = i64x2.add(s, i64x2.add(i64x2.extmul_high_i32x4_u(x2, y2), i64x2.extmul_high_i32x4_u(x3, y3)));
  return i64x2.add(relax(s), i64x2.extmul_high_i32x4_u(x4, y4));
}

// @ts-ignore: decorator
@inline function sum5(
  x0: v128, y0: v128, x1: v128, y1: v128, x2: v128, y2: v128, x3: v128, y3: v128, x4: v128, y4: v128,
): v128 {
  return reduce(
    lowProducts(x0, y0, x1, y1, x2, y2, x3, y3, x4, y4),
    highProducts(x0, y0, x1, y1, x2, y2, x3, y3, x4, y4),
  );
}

/**
 * out = a · b. Column j of b's multiplication matrix is x^j · b, where x · (b0, b1, b2, b3, b4) =
 * (b4, b0, b1 − b4, b2, b3): four differences of b's coordinates give the whole matrix.
 */
export function mulBlock(out: usize, a: usize, b: usize): void {
  const a0 = coordinate(a, 0);
  const a1 = coordinate(a, 1);
  const a2 = coordinate(a, 2);
  const a3 = coordinate(a, 3);
  const a4 = coordinate(a, 4);
  const b0 = coordinate(b, 0);
  const b1 = coordinate(b, 1);
  const b2 = coordinate(b, 2);
  const b3 = coordinate(b, 3);
  const b4 = coordinate(b, 4);
  const b14 = sub(b1, b4);
  const b03 = sub(b0, b3);
  const b42 = sub(b4, b2);
  const b314 = sub(b3, b14);
  v128.store(out, sum5(a0, b0, a1, b4, a2, b3, a3, b2, a4, b14));
  v128.store(out, sum5(a0, b1, a1, b0, a2, b4, a3, b3, a4, b2), 16);
  v128.store(out, sum5(a0, b2, a1, b14, a2, b03, a3, b42, a4, b314), 32);
  v128.store(out, sum5(a0, b3, a1, b2, a2, b14, a3, b03, a4, b42), 48);
  v128.store(out, sum5(a0, b4, a1, b3, a2, b2, a3, b14, a4, b03), 64);
}

// @ts-ignore: decorator
@inline export function addBlock(out: usize, a: usize, b: usize): void {
  v128.store(out, add(coordinate(a, 0), coordinate(b, 0)));
  v128.store(out, add(coordinate(a, 1), coordinate(b, 1)), 16);
  v128.store(out, add(coordinate(a, 2), coordinate(b, 2)), 32);
  v128.store(out, add(coordinate(a, 3), coordinate(b, 3)), 48);
  v128.store(out, add(coordinate(a, 4), coordinate(b, 4)), 64);
}

// @ts-ignore: decorator
@inline export function subBlock(out: usize, a: usize, b: usize): void {
  v128.store(out, sub(coordinate(a, 0), coordinate(b, 0)));
  v128.store(out, sub(coordinate(a, 1), coordinate(b, 1)), 16);
  v128.store(out, sub(coordinate(a, 2), coordinate(b, 2)), 32);
  v128.store(out, sub(coordinate(a, 3), coordinate(b, 3)), 48);
  v128.store(out, sub(coordinate(a, 4), coordinate(b, 4)), 64);
}

/** out = a · s for a vector s of four base elements. */
// @ts-ignore: decorator
@inline export function scaleBlock(out: usize, a: usize, s: v128): void {
  v128.store(out, mul(coordinate(a, 0), s));
  v128.store(out, mul(coordinate(a, 1), s), 16);
  v128.store(out, mul(coordinate(a, 2), s), 32);
  v128.store(out, mul(coordinate(a, 3), s), 48);
  v128.store(out, mul(coordinate(a, 4), s), 64);
}

// @ts-ignore: decorator
@inline export function zeroBlock(out: usize): void {
  const zero = i32x4.splat(0);
  v128.store(out, zero);
  v128.store(out, zero, 16);
  v128.store(out, zero, 32);
  v128.store(out, zero, 48);
  v128.store(out, zero, 64);
}

/** Blocks from `count` canonical elements of five words each; lanes behind the last are zero. */
export function packBlocks(from: usize, to: usize, count: u32): void {
  for (let i: u32 = 0; i < (count + 3) >> 2; i++) {
    const block = to + <usize>i * BLOCK;
    for (let lane: u32 = 0; lane < 4; lane++) {
      for (let k: usize = 0; k < 5; k++) {
        const e: u32 = 4 * i + lane;
        const x = e < count ? mulScalar(load<u32>(from + <usize>e * 20 + 4 * k), R2) : 0;
        store<u32>(block + 16 * k + 4 * lane, x);
      }
    }
  }
}

/** The inverse of `packBlocks`. */
export function unpackBlocks(from: usize, to: usize, count: u32): void {
  for (let e: u32 = 0; e < count; e++) {
    const lane = from + <usize>(e >> 2) * BLOCK + <usize>(e & 3) * 4;
    for (let k: usize = 0; k < 5; k++) store<u32>(to + <usize>e * 20 + 4 * k, mulScalar(load<u32>(lane + 16 * k), 1));
  }
}

/** Words to Montgomery form, four at a time. */
export function toMontgomery(from: usize, to: usize, vectors: u32): void {
  const r2 = i32x4.splat(R2);
  for (let i: usize = 0; i < <usize>vectors * 16; i += 16) v128.store(to + i, mul(v128.load(from + i), r2));
}

/** out = lo + r · (hi − lo), `factor` a block of r in every lane. */
export function foldBlocks(lo: usize, hi: usize, out: usize, factor: usize, count: u32): void {
  for (let i: usize = 0; i < <usize>count * BLOCK; i += BLOCK) foldBlock(out + i, lo + i, hi + i, factor);
}

// @ts-ignore: decorator
@inline export function foldBlock(out: usize, lo: usize, hi: usize, factor: usize): void {
  const difference = temporary(0);
  subBlock(difference, hi, lo);
  mulBlock(difference, difference, factor);
  addBlock(out, lo, difference);
}

/** As `foldBlocks` for tables of base elements (Montgomery form), 16 bytes where a block has 80. */
export function foldBase(lo: usize, hi: usize, out: usize, factor: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const l = v128.load(lo + 16 * <usize>i);
    const d = sub(v128.load(hi + 16 * <usize>i), l);
    const block = out + <usize>i * BLOCK;
    scaleBlock(block, factor, d);
    v128.store(block, add(v128.load(block), l));
  }
}

/** out = a + b. */
export function addBlocks(a: usize, b: usize, out: usize, count: u32): void {
  for (let i: usize = 0; i < <usize>count * BLOCK; i += BLOCK) addBlock(out + i, a + i, b + i);
}

/** out = a + factor · b. */
export function addScaledBlocks(a: usize, b: usize, out: usize, factor: usize, count: u32): void {
  for (let i: usize = 0; i < <usize>count * BLOCK; i += BLOCK) {
    mulBlock(temporary(0), b + i, factor);
    addBlock(out + i, a + i, temporary(0));
  }
}

/** The same for base elements a. */
export function addScaledToBase(a: usize, b: usize, out: usize, factor: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const block = out + <usize>i * BLOCK;
    mulBlock(block, b + <usize>i * BLOCK, factor);
    v128.store(block, add(v128.load(block), v128.load(a + 16 * <usize>i)));
  }
}

/** One variable more in a table of eq: hi = lo · point, lo = lo − hi. */
export function doubleEq(lo: usize, hi: usize, point: usize, count: u32): void {
  for (let i: usize = 0; i < <usize>count * BLOCK; i += BLOCK) {
    mulBlock(hi + i, lo + i, point);
    subBlock(lo + i, lo + i, hi + i);
  }
}
