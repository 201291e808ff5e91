/**
 * KoalaBear: the prime field with P = 2^31 − 2^24 + 1 elements. Elements are canonical: integers 0 ≤ x < P.
 */
export const P = 2130706433;

/** The largest k such that 2^k divides P − 1. */
export const TWO_ADICITY = 24;

/** Generates the multiplicative group. */
export const GENERATOR = 3;

const INV_P = 1 / P;
/** x + ROUND − ROUND is the integer nearest to x for |x| < 2^51. */
const ROUND = 1.5 * 2 ** 52;

/**
 * Residue of an integer S, |S| < 2^80, that is known twice: as a double within 2^28 of S, and modulo 2^32.
 *
 * S/P is below 2^49.01, so two roundings and the double's own error put the computed quotient within 2^−2.9 + 2^−2.9 of
 * it, and the nearest integer q within 0.8. Then |S − q·P| < 2^31: the low 32 bits, signed, are the difference itself,
 * and adding P where it is negative makes it canonical.
 * @param near S as a double
 * @param low any integer below 2^53 in absolute value that is S modulo 2^32
 */
export function reduceSum(near: number, low: number): number {
  const q = (near * INV_P + ROUND - ROUND) | 0;
  const r = (low - Math.imul(q, P)) | 0;
  return r + (P & (r >> 31));
}

function add(a: number, b: number): number {
  const s = a + b;
  return s >= P ? s - P : s;
}

function sub(a: number, b: number): number {
  const d = a - b;
  return d < 0 ? d + P : d;
}

function neg(a: number): number {
  return a === 0 ? 0 : P - a;
}

function mul(a: number, b: number): number {
  return reduceSum(a * b, Math.imul(a, b));
}

function sqr(a: number): number {
  return mul(a, a);
}

/** a^e for an integer 0 ≤ e < 2^53. */
function pow(a: number, e: number): number {
  let result = 1;
  let base = a;
  for (let k = e; k > 0; k = Math.floor(k / 2)) {
    if (k % 2 === 1) result = mul(result, base);
    base = mul(base, base);
  }
  return result;
}

/** 1/a, and 0 for a = 0: callers that divide by proof data must reject zero themselves. */
function inv(a: number): number {
  return pow(a, P - 2);
}

function fromBigint(x: bigint): number {
  const r = x % BigInt(P);
  return Number(r < 0n ? r + BigInt(P) : r);
}

/** Residue of any safe integer, negative ones included; `+ 0` turns the −0 of a negative multiple of P into 0. */
function fromInt(x: number): number {
  const r = x % P;
  return r < 0 ? r + P : r + 0;
}

/** True for the canonical representation of an element. */
function isCanonical(x: number): boolean {
  return Number.isInteger(x) && x >= 0 && x < P;
}

export const Fp = { add, sub, neg, mul, sqr, pow, inv, fromBigint, fromInt, isCanonical } as const;
