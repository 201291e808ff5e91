/**
 * KoalaBear: the prime field with P = 2^31 − 2^24 + 1 elements. Elements are canonical: integers 0 ≤ x < P.
 *
 * Multiplication: q = ⌊a·b/P⌋ or one less, from doubles; then a·b − q·P lies in [0, 2P) and 2P < 2^32, so its low
 * 32 bits are the value itself. The product of two doubles below 2^31 is off by at most 2^62·2^−53 = 2^9, the product
 * with the rounded 1/P by at most 2^−21 in the quotient; subtracting 2^−20 first makes the quotient never too large
 * and at most one too small (it may be −1 for a·b = 0, which gives P before the conditional subtraction).
 */
export const P = 2130706433;

/** The largest k such that 2^k divides P − 1. */
export const TWO_ADICITY = 24;

/** Generates the multiplicative group. */
export const GENERATOR = 3;

const INV_P = 1 / P;
const BIAS = 2 ** -20;

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
  const q = Math.floor(a * b * INV_P - BIAS);
  const r = (Math.imul(a, b) - Math.imul(q, P)) >>> 0;
  return r >= P ? r - P : r;
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
