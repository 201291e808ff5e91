import { add, sub } from './field';
import { addBlock, BLOCK, coordinate, foldBlock, mulBlock, scaleBlock, subBlock, zeroBlock } from './ext';
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

/** The parents of fractions whose partners in the upper half are 0/α: α · p over α · q; `factor` is a block of α. */
export function scaleFractions(p0: usize, q0: usize, factor: usize, p: usize, q: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const at = <usize>i * BLOCK;
    scaleBlock(p + at, factor, v128.load(p0 + <usize>i * 16));
    mulBlock(q + at, q0 + at, factor);
  }
}

/** A block with element `index` of a vector in every lane. */
// @ts-ignore: decorator
@inline function splatElement(out: usize, vector: usize, index: u32): void {
  const element = vector + <usize>(index >> 2) * BLOCK + <usize>(index & 3) * 4;
  for (let k: usize = 0; k < 5; k++) v128.store(out + 16 * k, v128.load32_splat(element + 16 * k));
}

/** sum += inner · (element `index` of `vector`); inner is overwritten. */
// @ts-ignore: decorator
@inline function addOuter(sum: usize, inner: usize, vector: usize, index: u32): void {
  const e = temporary(1);
  splatElement(e, vector, index);
  mulBlock(inner, inner, e);
  addBlock(sum, sum, inner);
}

/** sum += eq · (a · b + c · d), c extension or base elements. */
// @ts-ignore: decorator
@inline function addValue(sum: usize, a: usize, b: usize, c: usize, d: usize, eq: usize, base: bool): void {
  const t = temporary(1);
  const u = temporary(2);
  mulBlock(t, a, b);
  if (base) scaleBlock(u, d, v128.load(c));
  else mulBlock(u, c, d);
  addBlock(t, t, u);
  mulBlock(t, t, eq);
  addBlock(sum, sum, t);
}

/** sum += eq · ((a1 − a0)(b1 − b0) + (c1 − c0)(d1 − d0)). */
// @ts-ignore: decorator
@inline function addLeading(
  sum: usize,
  a0: usize, a1: usize,
  b0: usize, b1: usize,
  c0: usize, c1: usize,
  d0: usize, d1: usize,
  eq: usize, base: bool,
): void {
  const t = temporary(1);
  const u = temporary(2);
  const v = temporary(3);
  subBlock(t, a1, a0);
  subBlock(u, b1, b0);
  mulBlock(t, t, u);
  subBlock(u, d1, d0);
  if (base) scaleBlock(u, u, sub(v128.load(c1), v128.load(c0)));
  else {
    subBlock(v, c1, c0);
    mulBlock(u, u, v);
  }
  addBlock(t, t, u);
  mulBlock(t, t, eq);
  addBlock(sum, sum, t);
}

/*
 * Rounds of Σ eq · (a · q1 + p1 · q0), where a = p0 + λ q0. Sums are of eq · g(0) and of eq · (leading coefficient of g),
 * for g the quadratic through the values in the two halves (x0, x1) of each table; they go to two blocks at `out`, or the
 * second alone to one. eq over the remaining variables is a product: the entries of block i of the outer vector's element
 * x are eqOuter[x] · eqInner[i]; a call takes the outer elements first … first + count − 1, of `inner` blocks each, whose
 * tables start at the addresses given.
 */

/** A round's two sums. */
export function gkrRound(
  a0: usize, a1: usize,
  b0: usize, b1: usize,
  c0: usize, c1: usize,
  d0: usize, d1: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize,
): void {
  const low = temporary(4);
  const high = temporary(5);
  zeroBlock(out);
  zeroBlock(out + BLOCK);
  let at: usize = 0;
  for (let x = first; x < first + count; x++) {
    zeroBlock(low);
    zeroBlock(high);
    for (let i: usize = 0; i < <usize>inner * BLOCK; i += BLOCK) {
      addValue(low, a0 + at, b0 + at, c0 + at, d0 + at, eqInner + i, false);
      addLeading(
        high, a0 + at, a1 + at, b0 + at, b1 + at, c0 + at, c1 + at, d0 + at, d1 + at, eqInner + i, false,
      );
      at += BLOCK;
    }
    addOuter(out, low, eqOuter, x);
    addOuter(out + BLOCK, high, eqOuter, x);
  }
}

// @ts-ignore: decorator
@inline function leadingSums(
  a0: usize, a1: usize,
  b0: usize, b1: usize,
  c0: usize, c1: usize,
  d0: usize, d1: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize, base: bool,
): void {
  const high = temporary(5);
  zeroBlock(out);
  let at: usize = 0;
  let s: usize = 0;
  for (let x = first; x < first + count; x++) {
    zeroBlock(high);
    for (let i: usize = 0; i < <usize>inner * BLOCK; i += BLOCK) {
      addLeading(high, a0 + at, a1 + at, b0 + at, b1 + at, c0 + s, c1 + s, d0 + at, d1 + at, eqInner + i, base);
      at += BLOCK;
      s += base ? 16 : BLOCK;
    }
    addOuter(out, high, eqOuter, x);
  }
}

/** The sum of leading coefficients alone: a layer's first round, whose other values are known. */
export function gkrLeading(
  a0: usize, a1: usize,
  b0: usize, b1: usize,
  c0: usize, c1: usize,
  d0: usize, d1: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize,
): void {
  leadingSums(a0, a1, b0, b1, c0, c1, d0, d1, eqInner, inner, eqOuter, first, count, out, false);
}

/** As `gkrLeading` where p1 (c0, c1) holds base elements. */
export function gkrLeadingBase(
  a0: usize, a1: usize,
  b0: usize, b1: usize,
  c0: usize, c1: usize,
  d0: usize, d1: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize,
): void {
  leadingSums(a0, a1, b0, b1, c0, c1, d0, d1, eqInner, inner, eqOuter, first, count, out, true);
}

// @ts-ignore: decorator
@inline function foldBaseBlock(out: usize, lo: usize, hi: usize, factor: usize): void {
  const l = v128.load(lo);
  scaleBlock(out, factor, sub(v128.load(hi), l));
  v128.store(out, add(v128.load(out), l));
}

// @ts-ignore: decorator
@inline function foldRound(
  a: usize, b: usize, c: usize, d: usize,
  toA: usize, toB: usize, toC: usize, toD: usize,
  quarter: usize, factor: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize, base: bool,
): void {
  const low = temporary(4);
  const high = temporary(5);
  zeroBlock(out);
  zeroBlock(out + BLOCK);
  const baseQuarter = base ? quarter / 5 : quarter;
  let at: usize = 0;
  let s: usize = 0;
  for (let x = first; x < first + count; x++) {
    zeroBlock(low);
    zeroBlock(high);
    for (let i: usize = 0; i < <usize>inner * BLOCK; i += BLOCK) {
      const a0 = toA + at;
      const a1 = a0 + quarter;
      const b0 = toB + at;
      const b1 = b0 + quarter;
      const c0 = toC + at;
      const c1 = c0 + quarter;
      const d0 = toD + at;
      const d1 = d0 + quarter;
      foldBlock(a0, a + at, a + at + 2 * quarter, factor);
      foldBlock(a1, a + at + quarter, a + at + 3 * quarter, factor);
      foldBlock(b0, b + at, b + at + 2 * quarter, factor);
      foldBlock(b1, b + at + quarter, b + at + 3 * quarter, factor);
      if (base) {
        foldBaseBlock(c0, c + s, c + s + 2 * baseQuarter, factor);
        foldBaseBlock(c1, c + s + baseQuarter, c + s + 3 * baseQuarter, factor);
      } else {
        foldBlock(c0, c + at, c + at + 2 * quarter, factor);
        foldBlock(c1, c + at + quarter, c + at + 3 * quarter, factor);
      }
      foldBlock(d0, d + at, d + at + 2 * quarter, factor);
      foldBlock(d1, d + at + quarter, d + at + 3 * quarter, factor);
      addValue(low, a0, b0, c0, d0, eqInner + i, false);
      addLeading(high, a0, a1, b0, b1, c0, c1, d0, d1, eqInner + i, false);
      at += BLOCK;
      s += base ? 16 : BLOCK;
    }
    addOuter(out, low, eqOuter, x);
    addOuter(out + BLOCK, high, eqOuter, x);
  }
}

/**
 * Binds a variable and gives the next round's two sums in one pass: x of the results comes from x and x + 2 · quarter of
 * the tables. Results may overwrite their tables; eq is over the variables behind the next round's.
 */
export function gkrFoldRound(
  a: usize, b: usize, c: usize, d: usize,
  toA: usize, toB: usize, toC: usize, toD: usize,
  quarter: usize, factor: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize,
): void {
  foldRound(a, b, c, d, toA, toB, toC, toD, quarter, factor, eqInner, inner, eqOuter, first, count, out, false);
}

/** As `gkrFoldRound` where c holds base elements. */
export function gkrFoldRoundBase(
  a: usize, b: usize, c: usize, d: usize,
  toA: usize, toB: usize, toC: usize, toD: usize,
  quarter: usize, factor: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize,
): void {
  foldRound(a, b, c, d, toA, toB, toC, toD, quarter, factor, eqInner, inner, eqOuter, first, count, out, true);
}

/*
 * The layer of the leaves where most of the upper half is padding: with u = q1 − α and w = p1 + λ u, which are zero there,
 * a · q1 + p1 · q0 = α · (p0 + λ q0) + p0 · u + q0 · w.
 */

/** u and w from q1 and base elements p1; `alpha` and `lambda` are blocks. */
export function tailStart(
  q1: usize, p1: usize, alpha: usize, lambda: usize, u: usize, w: usize, count: u32,
): void {
  for (let i: u32 = 0; i < count; i++) {
    const at = <usize>i * BLOCK;
    subBlock(u + at, q1 + at, alpha);
    mulBlock(w + at, u + at, lambda);
    v128.store(w + at, add(v128.load(w + at), v128.load(p1 + <usize>i * 16)));
  }
}

// @ts-ignore: decorator
@inline function tailSumsOf(
  p0: usize, p1: usize, q0: usize, q1: usize, u: usize, w: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize, base: bool,
): void {
  const low = temporary(4);
  const high = temporary(5);
  zeroBlock(out);
  zeroBlock(out + BLOCK);
  let at: usize = 0;
  let s: usize = 0;
  for (let x = first; x < first + count; x++) {
    zeroBlock(low);
    zeroBlock(high);
    for (let i: usize = 0; i < <usize>inner * BLOCK; i += BLOCK) {
      addValue(low, q0 + at, w + at, p0 + s, u + at, eqInner + i, base);
      addValue(high, q1 + at, w + at, p1 + s, u + at, eqInner + i, base);
      at += BLOCK;
      s += base ? 16 : BLOCK;
    }
    addOuter(out, low, eqOuter, x);
    addOuter(out + BLOCK, high, eqOuter, x);
  }
}

/** Σ eq · (p · u + q · w) in the lower half and in the upper half of p and q. */
export function tailSums(
  p0: usize, p1: usize, q0: usize, q1: usize, u: usize, w: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize,
): void {
  tailSumsOf(p0, p1, q0, q1, u, w, eqInner, inner, eqOuter, first, count, out, false);
}

/** As `tailSums` for base elements p. */
export function tailSumsBase(
  p0: usize, p1: usize, q0: usize, q1: usize, u: usize, w: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize,
): void {
  tailSumsOf(p0, p1, q0, q1, u, w, eqInner, inner, eqOuter, first, count, out, true);
}

// @ts-ignore: decorator
@inline function foldDotOf(
  lo: usize, hi: usize, to: usize, factor: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize, base: bool,
): void {
  const t = temporary(2);
  const sum = temporary(4);
  zeroBlock(out);
  let at: usize = 0;
  let s: usize = 0;
  for (let x = first; x < first + count; x++) {
    zeroBlock(sum);
    for (let i: usize = 0; i < <usize>inner * BLOCK; i += BLOCK) {
      if (base) foldBaseBlock(to + at, lo + s, hi + s, factor);
      else foldBlock(to + at, lo + at, hi + at, factor);
      mulBlock(t, to + at, eqInner + i);
      addBlock(sum, sum, t);
      at += BLOCK;
      s += base ? 16 : BLOCK;
    }
    addOuter(out, sum, eqOuter, x);
  }
}

/** Binds a variable of one table and gives Σ eq · result. */
export function foldDot(
  lo: usize, hi: usize, to: usize, factor: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize,
): void {
  foldDotOf(lo, hi, to, factor, eqInner, inner, eqOuter, first, count, out, false);
}

/** As `foldDot` for a table of base elements. */
export function foldDotBase(
  lo: usize, hi: usize, to: usize, factor: usize,
  eqInner: usize, inner: u32, eqOuter: usize, first: u32, count: u32, out: usize,
): void {
  foldDotOf(lo, hi, to, factor, eqInner, inner, eqOuter, first, count, out, true);
}

/** out = constant + factor · b. */
export function scaleAndAdd(b: usize, factor: usize, constant: usize, out: usize, count: u32): void {
  for (let i: usize = 0; i < <usize>count * BLOCK; i += BLOCK) {
    mulBlock(out + i, b + i, factor);
    addBlock(out + i, out + i, constant);
  }
}

/** `count` copies of a block. */
export function fillBlocks(block: usize, out: usize, count: u32): void {
  for (let i: usize = 0; i < <usize>count * BLOCK; i += BLOCK) copyBlock(out + i, block);
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

