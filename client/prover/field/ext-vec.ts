import { Fp, P, reduceSum } from './fp.ts';
import { type Ext, Fp5 } from './fp5.ts';

/**
 * A vector of extension elements: coordinates of element i are words 5i … 5i + 4, canonical.
 */
export type ExtVec = Uint32Array;

/** Words per element. */
export const EXT_WORDS = 5;

/** `length` zeros. */
export const extVec = (length: number): ExtVec => new Uint32Array(EXT_WORDS * length);

/** Elements, not words. */
export const extLength = (v: ExtVec): number => v.length / EXT_WORDS;

/** Element i as a tuple. Assumes 0 ≤ i < length. */
export function getExt(v: ExtVec, i: number): Ext {
  const o = EXT_WORDS * i;
  return [v[o]!, v[o + 1]!, v[o + 2]!, v[o + 3]!, v[o + 4]!];
}

/** Writes element i. Assumes 0 ≤ i < length and canonical coordinates. */
export function setExt(v: ExtVec, i: number, x: Ext): void {
  const o = EXT_WORDS * i;
  v[o] = x[0];
  v[o + 1] = x[1];
  v[o + 2] = x[2];
  v[o + 3] = x[3];
  v[o + 4] = x[4];
}

/** Vector of the given elements. */
export function packExt(xs: readonly Ext[]): ExtVec {
  const v = extVec(xs.length);
  for (let i = 0; i < xs.length; i++) setExt(v, i, xs[i]!);
  return v;
}

/** All elements as tuples. */
export function unpackExt(v: ExtVec): Ext[] {
  return Array.from({ length: extLength(v) }, (_, i) => getExt(v, i));
}

/** out[k] = a[i]. */
export function copyInto(out: ExtVec, k: number, a: ExtVec, i: number): void {
  const o = EXT_WORDS * k;
  const p = EXT_WORDS * i;
  out[o] = a[p]!;
  out[o + 1] = a[p + 1]!;
  out[o + 2] = a[p + 2]!;
  out[o + 3] = a[p + 3]!;
  out[o + 4] = a[p + 4]!;
}

/** out[k] = a[i] · b[j]; `out` may be one of the operands. */
export function mulInto(out: ExtVec, k: number, a: ExtVec, i: number, b: ExtVec, j: number): void {
  mulAddInto(out, k, NONE, 0, a, i, b, j);
}

/** out[k] = x · b[j] for a tuple x. */
export function mulExtInto(out: ExtVec, k: number, x: Ext, b: ExtVec, j: number): void {
  setExt(FACTOR, 0, x);
  mulAddInto(out, k, NONE, 0, FACTOR, 0, b, j);
}

/** out[k] = lo[i] + r · (hi[j] − lo[i]): the line through two values at r. */
export function lineInto(out: ExtVec, k: number, lo: ExtVec, i: number, hi: ExtVec, j: number, r: Ext): void {
  setExt(FACTOR, 0, r);
  subInto(SLOPE, 0, hi, j, lo, i);
  mulAddInto(out, k, lo, i, FACTOR, 0, SLOPE, 0);
}

const NONE = extVec(1);
const FACTOR = extVec(1);
const SLOPE = extVec(1);

/**
 * out[k] = c[h] + a[i] · b[j]; `out` may be any of the operands. Each coordinate is a sum S of at most 11 products
 * below 2^62, kept as a double (off by less than 2^17) and modulo 2^32, so that only five reductions are needed;
 * x^5 = 1 − x^2 as in `fp5.ts`.
 */
export function mulAddInto(
  out: ExtVec,
  k: number,
  c: ExtVec,
  h: number,
  a: ExtVec,
  i: number,
  b: ExtVec,
  j: number,
): void {
  const m = Math.imul;
  const o = EXT_WORDS * k;
  const s = EXT_WORDS * h;
  const p = EXT_WORDS * i;
  const q = EXT_WORDS * j;
  const a0 = a[p]!;
  const a1 = a[p + 1]!;
  const a2 = a[p + 2]!;
  const a3 = a[p + 3]!;
  const a4 = a[p + 4]!;
  const b0 = b[q]!;
  const b1 = b[q + 1]!;
  const b2 = b[q + 2]!;
  const b3 = b[q + 3]!;
  const b4 = b[q + 4]!;
  const c0 = c[s]!;
  const c1 = c[s + 1]!;
  const c2 = c[s + 2]!;
  const c3 = c[s + 3]!;
  const c4 = c[s + 4]!;
  const f5 = a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1;
  const f6 = a2 * b4 + a3 * b3 + a4 * b2;
  const f7 = a3 * b4 + a4 * b3;
  const f8 = a4 * b4;
  const i5 = (m(a1, b4) + m(a2, b3) + m(a3, b2) + m(a4, b1)) | 0;
  const i6 = (m(a2, b4) + m(a3, b3) + m(a4, b2)) | 0;
  const i7 = (m(a3, b4) + m(a4, b3)) | 0;
  const i8 = m(a4, b4);
  out[o] = reduceSum(c0 + a0 * b0 + f5 - f8, (c0 + m(a0, b0) + i5 - i8) | 0);
  out[o + 1] = reduceSum(c1 + a0 * b1 + a1 * b0 + f6, (c1 + m(a0, b1) + m(a1, b0) + i6) | 0);
  out[o + 2] = reduceSum(
    c2 + a0 * b2 + a1 * b1 + a2 * b0 + f7 + f8 - f5,
    (c2 + m(a0, b2) + m(a1, b1) + m(a2, b0) + i7 + i8 - i5) | 0,
  );
  out[o + 3] = reduceSum(
    c3 + a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + f8 - f6,
    (c3 + m(a0, b3) + m(a1, b2) + m(a2, b1) + m(a3, b0) + i8 - i6) | 0,
  );
  out[o + 4] = reduceSum(
    c4 + a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 - f7,
    (c4 + m(a0, b4) + m(a1, b3) + m(a2, b2) + m(a3, b1) + m(a4, b0) - i7) | 0,
  );
}

/** a + b and a − b for canonical a, b, without a branch: P is added where the sum minus P, or the difference, is negative. */
const addWord = (a: number, b: number): number => wrap((a + b - P) | 0);
const subWord = (a: number, b: number): number => wrap((a - b) | 0);
const wrap = (x: number): number => x + (P & (x >> 31));

/** out[k] = a[i] + b[j]. */
export function addInto(out: ExtVec, k: number, a: ExtVec, i: number, b: ExtVec, j: number): void {
  const o = EXT_WORDS * k;
  const p = EXT_WORDS * i;
  const q = EXT_WORDS * j;
  out[o] = addWord(a[p]!, b[q]!);
  out[o + 1] = addWord(a[p + 1]!, b[q + 1]!);
  out[o + 2] = addWord(a[p + 2]!, b[q + 2]!);
  out[o + 3] = addWord(a[p + 3]!, b[q + 3]!);
  out[o + 4] = addWord(a[p + 4]!, b[q + 4]!);
}

/** out[k] = a[i] − b[j]. */
export function subInto(out: ExtVec, k: number, a: ExtVec, i: number, b: ExtVec, j: number): void {
  const o = EXT_WORDS * k;
  const p = EXT_WORDS * i;
  const q = EXT_WORDS * j;
  out[o] = subWord(a[p]!, b[q]!);
  out[o + 1] = subWord(a[p + 1]!, b[q + 1]!);
  out[o + 2] = subWord(a[p + 2]!, b[q + 2]!);
  out[o + 3] = subWord(a[p + 3]!, b[q + 3]!);
  out[o + 4] = subWord(a[p + 4]!, b[q + 4]!);
}

/** out[k] = s · a[i] for a base element s. */
export function scaleInto(out: ExtVec, k: number, a: ExtVec, i: number, s: number): void {
  const o = EXT_WORDS * k;
  const p = EXT_WORDS * i;
  out[o] = Fp.mul(a[p]!, s);
  out[o + 1] = Fp.mul(a[p + 1]!, s);
  out[o + 2] = Fp.mul(a[p + 2]!, s);
  out[o + 3] = Fp.mul(a[p + 3]!, s);
  out[o + 4] = Fp.mul(a[p + 4]!, s);
}

/** c + a · s in one reduction. */
const mulAddWord = (c: number, a: number, s: number): number => reduceSum(c + a * s, (c + Math.imul(a, s)) | 0);

/** out[k] += s · a[i] for a base element s. */
export function addScaledInto(out: ExtVec, k: number, a: ExtVec, i: number, s: number): void {
  const o = EXT_WORDS * k;
  const p = EXT_WORDS * i;
  out[o] = mulAddWord(out[o]!, a[p]!, s);
  out[o + 1] = mulAddWord(out[o + 1]!, a[p + 1]!, s);
  out[o + 2] = mulAddWord(out[o + 2]!, a[p + 2]!, s);
  out[o + 3] = mulAddWord(out[o + 3]!, a[p + 3]!, s);
  out[o + 4] = mulAddWord(out[o + 4]!, a[p + 4]!, s);
}

/** Σ a[i] · b[i] over vectors of equal length. */
export function dotExt(a: ExtVec, b: ExtVec): Ext {
  const sum = extVec(1);
  for (let i = 0; i < extLength(a); i++) mulAddInto(sum, 0, sum, 0, a, i, b, i);
  return getExt(sum, 0);
}

/** Σ weights[i] · values[i] for base values, one per element of `weights`. */
export function dotBase(weights: ExtVec, values: Uint32Array): Ext {
  const sum = extVec(1);
  for (let i = 0; i < values.length; i++) addScaledInto(sum, 0, weights, i, values[i]!);
  return getExt(sum, 0);
}

/** 1, x, x^2, … */
export function powersVec(x: Ext, length: number): ExtVec {
  const v = extVec(length);
  if (length > 0) setExt(v, 0, Fp5.ONE);
  for (let i = 1; i < length; i++) mulExtInto(v, i, x, v, i - 1);
  return v;
}
