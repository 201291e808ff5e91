import { Fp, P } from './fp.ts';
import { type Ext, Fp5 } from './fp5.ts';

/**
 * A vector of extension elements: coordinates of element i are words 5i … 5i + 4, canonical.
 */
export type ExtVec = Uint32Array;

/** Words per element. */
export const EXT_WORDS = 5;

export const extVec = (length: number): ExtVec => new Uint32Array(EXT_WORDS * length);

export const extLength = (v: ExtVec): number => v.length / EXT_WORDS;

/** Element i as a tuple. Assumes 0 ≤ i < length. */
export function getExt(v: ExtVec, i: number): Ext {
  const o = EXT_WORDS * i;
  return [v[o]!, v[o + 1]!, v[o + 2]!, v[o + 3]!, v[o + 4]!];
}

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

export function unpackExt(v: ExtVec): Ext[] {
  return Array.from({ length: extLength(v) }, (_, i) => getExt(v, i));
}

const INV_P = 1 / P;

/**
 * hi·2^16 + lo mod P for integers |hi|, |lo| < 2^52. Each quotient is below 2^21 in absolute value, so
 * quotient · P is exact and the remainder is off by at most one P in either direction.
 */
function reduce(hi: number, lo: number): number {
  const h = hi - Math.floor(hi * INV_P) * P;
  const t = h * 65536 + lo;
  const r = t - Math.floor(t * INV_P) * P;
  return r < 0 ? r + P : r >= P ? r - P : r;
}

/**
 * out[k] = a[i] · b[j]; `out` may be one of the operands. Operands of b are split in 16 low and 15 high bits, so that
 * sums of products stay exact in doubles (at most 11 terms below 2^47) and only the five results are reduced.
 */
export function mulInto(out: ExtVec, k: number, a: ExtVec, i: number, b: ExtVec, j: number): void {
  const p = EXT_WORDS * i;
  const q = EXT_WORDS * j;
  mulWords(out, EXT_WORDS * k, a[p]!, a[p + 1]!, a[p + 2]!, a[p + 3]!, a[p + 4]!, b, q);
}

/** out[k] = x · b[j] for a tuple x. */
export function mulExtInto(out: ExtVec, k: number, x: Ext, b: ExtVec, j: number): void {
  mulWords(out, EXT_WORDS * k, x[0], x[1], x[2], x[3], x[4], b, EXT_WORDS * j);
}

function mulWords(
  out: ExtVec,
  o: number,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  a4: number,
  b: ExtVec,
  q: number,
): void {
  const b0 = b[q]!;
  const b1 = b[q + 1]!;
  const b2 = b[q + 2]!;
  const b3 = b[q + 3]!;
  const b4 = b[q + 4]!;
  const l0 = b0 & 0xffff;
  const l1 = b1 & 0xffff;
  const l2 = b2 & 0xffff;
  const l3 = b3 & 0xffff;
  const l4 = b4 & 0xffff;
  const h0 = b0 >>> 16;
  const h1 = b1 >>> 16;
  const h2 = b2 >>> 16;
  const h3 = b3 >>> 16;
  const h4 = b4 >>> 16;
  const l5 = a1 * l4 + a2 * l3 + a3 * l2 + a4 * l1;
  const h5 = a1 * h4 + a2 * h3 + a3 * h2 + a4 * h1;
  const l6 = a2 * l4 + a3 * l3 + a4 * l2;
  const h6 = a2 * h4 + a3 * h3 + a4 * h2;
  const l7 = a3 * l4 + a4 * l3;
  const h7 = a3 * h4 + a4 * h3;
  const l8 = a4 * l4;
  const h8 = a4 * h4;
  out[o] = reduce(a0 * h0 + h5 - h8, a0 * l0 + l5 - l8);
  out[o + 1] = reduce(a0 * h1 + a1 * h0 + h6, a0 * l1 + a1 * l0 + l6);
  out[o + 2] = reduce(a0 * h2 + a1 * h1 + a2 * h0 + h7 + h8 - h5, a0 * l2 + a1 * l1 + a2 * l0 + l7 + l8 - l5);
  out[o + 3] = reduce(a0 * h3 + a1 * h2 + a2 * h1 + a3 * h0 + h8 - h6, a0 * l3 + a1 * l2 + a2 * l1 + a3 * l0 + l8 - l6);
  out[o + 4] = reduce(
    a0 * h4 + a1 * h3 + a2 * h2 + a3 * h1 + a4 * h0 - h7,
    a0 * l4 + a1 * l3 + a2 * l2 + a3 * l1 + a4 * l0 - l7,
  );
}

/** out[k] = a[i] + b[j]. */
export function addInto(out: ExtVec, k: number, a: ExtVec, i: number, b: ExtVec, j: number): void {
  const o = EXT_WORDS * k;
  const p = EXT_WORDS * i;
  const q = EXT_WORDS * j;
  for (let w = 0; w < EXT_WORDS; w++) out[o + w] = Fp.add(a[p + w]!, b[q + w]!);
}

/** out[k] = a[i] − b[j]. */
export function subInto(out: ExtVec, k: number, a: ExtVec, i: number, b: ExtVec, j: number): void {
  const o = EXT_WORDS * k;
  const p = EXT_WORDS * i;
  const q = EXT_WORDS * j;
  for (let w = 0; w < EXT_WORDS; w++) out[o + w] = Fp.sub(a[p + w]!, b[q + w]!);
}

/** out[k] = s · a[i] for a base element s. */
export function scaleInto(out: ExtVec, k: number, a: ExtVec, i: number, s: number): void {
  const o = EXT_WORDS * k;
  const p = EXT_WORDS * i;
  for (let w = 0; w < EXT_WORDS; w++) out[o + w] = Fp.mul(a[p + w]!, s);
}

/** out[k] += s · a[i] for a base element s. */
export function addScaledInto(out: ExtVec, k: number, a: ExtVec, i: number, s: number): void {
  const o = EXT_WORDS * k;
  const p = EXT_WORDS * i;
  for (let w = 0; w < EXT_WORDS; w++) out[o + w] = Fp.add(out[o + w]!, Fp.mul(a[p + w]!, s));
}

/** Σ a[i] · b[i] over vectors of equal length. */
export function dotExt(a: ExtVec, b: ExtVec): Ext {
  const product = extVec(1);
  const sum = extVec(1);
  for (let i = 0; i < extLength(a); i++) {
    mulInto(product, 0, a, i, b, i);
    addInto(sum, 0, sum, 0, product, 0);
  }
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
