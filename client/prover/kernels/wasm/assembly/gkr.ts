import { add, sub } from './field';
import { addBlock, BLOCK, coordinate, mulBlock, scaleBlock, subBlock, zeroBlock } from './ext';
import { temporary } from './scratch';

/**
 * One layer of the tree of fractions: p = p0 · q1 + p1 · q0 and q = q0 · q1 for children in the two halves.
 */
export function fractionParents(
  p0: usize, p1: usize, q0: usize, q1: usize, p: usize, q: usize, count: u32,
): void {
  const t = temporary(1);
  for (let i: usize = 0; i < <usize>count * BLOCK; i += BLOCK) {
    mulBlock(t, p0 + i, q1 + i);
    mulBlock(p + i, p1 + i, q0 + i);
    addBlock(p + i, p + i, t);
    mulBlock(q + i, q0 + i, q1 + i);
  }
}

/** The same for numerators in the base field (Montgomery form, 16 bytes where a block has 80). */
export function fractionParentsBase(
  p0: usize, p1: usize, q0: usize, q1: usize, p: usize, q: usize, count: u32,
): void {
  const t = temporary(1);
  for (let i: u32 = 0; i < count; i++) {
    const at = <usize>i * BLOCK;
    const s = <usize>i * 16;
    scaleBlock(t, q1 + at, v128.load(p0 + s));
    scaleBlock(p + at, q0 + at, v128.load(p1 + s));
    addBlock(p + at, p + at, t);
    mulBlock(q + at, q0 + at, q1 + at);
  }
}

/**
 * One round of Σ eq · (a · q1 + p1 · q0), where a = p0 + λ q0: adds up eq · g(0) in the first block of `out` and
 * eq · (leading coefficient of g) in the second, for g the quadratic through the values in the two halves (x0, x1) of
 * each table. `eq` is over the remaining variables.
 */
export function gkrRound(
  a0: usize, a1: usize,
  b0: usize, b1: usize,
  c0: usize, c1: usize,
  d0: usize, d1: usize,
  eq: usize, out: usize, count: u32,
): void {
  const t = temporary(1);
  const u = temporary(2);
  const v = temporary(3);
  const low = temporary(4);
  const high = temporary(5);
  zeroBlock(low);
  zeroBlock(high);
  for (let i: usize = 0; i < <usize>count * BLOCK; i += BLOCK) {
    mulBlock(t, a0 + i, b0 + i);
    mulBlock(u, c0 + i, d0 + i);
    addBlock(t, t, u);
    mulBlock(t, t, eq + i);
    addBlock(low, low, t);
    subBlock(t, a1 + i, a0 + i);
    subBlock(u, b1 + i, b0 + i);
    mulBlock(t, t, u);
    subBlock(u, c1 + i, c0 + i);
    subBlock(v, d1 + i, d0 + i);
    mulBlock(u, u, v);
    addBlock(t, t, u);
    mulBlock(t, t, eq + i);
    addBlock(high, high, t);
  }
  copyBlock(out, low);
  copyBlock(out + BLOCK, high);
}

/** As `gkrRound` where the third table (c0, c1) holds base elements. */
export function gkrRoundBase(
  a0: usize, a1: usize,
  b0: usize, b1: usize,
  c0: usize, c1: usize,
  d0: usize, d1: usize,
  eq: usize, out: usize, count: u32,
): void {
  const t = temporary(1);
  const u = temporary(2);
  const low = temporary(4);
  const high = temporary(5);
  zeroBlock(low);
  zeroBlock(high);
  for (let k: u32 = 0; k < count; k++) {
    const i = <usize>k * BLOCK;
    const s = <usize>k * 16;
    const cLow = v128.load(c0 + s);
    mulBlock(t, a0 + i, b0 + i);
    scaleBlock(u, d0 + i, cLow);
    addBlock(t, t, u);
    mulBlock(t, t, eq + i);
    addBlock(low, low, t);
    subBlock(t, a1 + i, a0 + i);
    subBlock(u, b1 + i, b0 + i);
    mulBlock(t, t, u);
    subBlock(u, d1 + i, d0 + i);
    scaleBlock(u, u, sub(v128.load(c1 + s), cLow));
    addBlock(t, t, u);
    mulBlock(t, t, eq + i);
    addBlock(high, high, t);
  }
  copyBlock(out, low);
  copyBlock(out + BLOCK, high);
}

// @ts-ignore: decorator
@inline export function copyBlock(to: usize, from: usize): void {
  v128.store(to, coordinate(from, 0));
  v128.store(to, coordinate(from, 1), 16);
  v128.store(to, coordinate(from, 2), 32);
  v128.store(to, coordinate(from, 3), 48);
  v128.store(to, coordinate(from, 4), 64);
}

/**
 * The upper half of 2 · `half` elements in one vector, `half` = 1 or 2, moved to the lanes of the lower half; the
 * other lanes become zero in both.
 */
// @ts-ignore: decorator
@inline function lowerLanes(x: v128, half: u32): v128 {
  return v128.and(x, half === 2 ? i32x4(-1, -1, 0, 0) : i32x4(-1, 0, 0, 0));
}
// @ts-ignore: decorator
@inline function upperLanes(x: v128, half: u32): v128 {
  return half === 2 ? v128.shuffle<i64>(x, i64x2.splat(0), 1, 2) : lowerLanes(v128.shuffle<i32>(x, x, 1, 1, 1, 1), 1);
}

/**
 * Tables of 2 · `half` ≤ 4 elements, one block each: copies the halves of each to blocks of their own, so that kernels
 * see two halves of one block. Works on vectors: 5 per extension block, 1 per base vector.
 */
export function splitHalves(from: usize, lo: usize, hi: usize, half: u32, vectors: u32): void {
  for (let i: usize = 0; i < <usize>vectors * 16; i += 16) {
    const x = v128.load(from + i);
    v128.store(hi + i, upperLanes(x, half));
    v128.store(lo + i, lowerLanes(x, half));
  }
}

/** Vectors added in place: to += from. */
export function accumulate(to: usize, from: usize, vectors: u32): void {
  for (let i: usize = 0; i < <usize>vectors * 16; i += 16) {
    v128.store(to + i, add(v128.load(to + i), v128.load(from + i)));
  }
}
