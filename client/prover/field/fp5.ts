import { Fp, P, reduceSum } from './fp.ts';

/**
 * The extension E = F[x]/(x^5 + x^2 − 1) of 154.9 bits; coordinates canonical, constant term first.
 */
export type Ext = readonly [number, number, number, number, number];

const ZERO: Ext = [0, 0, 0, 0, 0];
const ONE: Ext = [1, 0, 0, 0, 0];

const from = (a: number): Ext => [a, 0, 0, 0, 0];

function add(a: Ext, b: Ext): Ext {
  return [Fp.add(a[0], b[0]), Fp.add(a[1], b[1]), Fp.add(a[2], b[2]), Fp.add(a[3], b[3]), Fp.add(a[4], b[4])];
}

function sub(a: Ext, b: Ext): Ext {
  return [Fp.sub(a[0], b[0]), Fp.sub(a[1], b[1]), Fp.sub(a[2], b[2]), Fp.sub(a[3], b[3]), Fp.sub(a[4], b[4])];
}

const neg = (a: Ext): Ext => [Fp.neg(a[0]), Fp.neg(a[1]), Fp.neg(a[2]), Fp.neg(a[3]), Fp.neg(a[4])];

const scale = (a: Ext, s: number): Ext => [
  Fp.mul(a[0], s),
  Fp.mul(a[1], s),
  Fp.mul(a[2], s),
  Fp.mul(a[3], s),
  Fp.mul(a[4], s),
];

/**
 * Schoolbook product; x^5 = 1 − x^2, x^6 = x − x^3, x^7 = x^2 − x^4, x^8 = x^3 + x^2 − 1. A coordinate is a sum of at
 * most 10 products below 2^62: its double is off by less than 2^17, as `reduceSum` allows.
 */
function mul(a: Ext, b: Ext): Ext {
  const [a0, a1, a2, a3, a4] = a;
  const [b0, b1, b2, b3, b4] = b;
  const m = Math.imul;
  const f5 = a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1;
  const f6 = a2 * b4 + a3 * b3 + a4 * b2;
  const f7 = a3 * b4 + a4 * b3;
  const f8 = a4 * b4;
  const i5 = (m(a1, b4) + m(a2, b3) + m(a3, b2) + m(a4, b1)) | 0;
  const i6 = (m(a2, b4) + m(a3, b3) + m(a4, b2)) | 0;
  const i7 = (m(a3, b4) + m(a4, b3)) | 0;
  const i8 = m(a4, b4);
  return [
    reduceSum(a0 * b0 + f5 - f8, (m(a0, b0) + i5 - i8) | 0),
    reduceSum(a0 * b1 + a1 * b0 + f6, (m(a0, b1) + m(a1, b0) + i6) | 0),
    reduceSum(a0 * b2 + a1 * b1 + a2 * b0 + f7 + f8 - f5, (m(a0, b2) + m(a1, b1) + m(a2, b0) + i7 + i8 - i5) | 0),
    reduceSum(
      a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + f8 - f6,
      (m(a0, b3) + m(a1, b2) + m(a2, b1) + m(a3, b0) + i8 - i6) | 0,
    ),
    reduceSum(
      a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 - f7,
      (m(a0, b4) + m(a1, b3) + m(a2, b2) + m(a3, b1) + m(a4, b0) - i7) | 0,
    ),
  ];
}

const sqr = (a: Ext): Ext => mul(a, a);

/** a^e for a bigint e ≥ 0. */
function pow(a: Ext, e: bigint): Ext {
  let result = ONE;
  let base = a;
  for (let k = e; k > 0n; k >>= 1n) {
    if ((k & 1n) === 1n) result = mul(result, base);
    base = mul(base, base);
  }
  return result;
}

/** FROBENIUS[j][i] = coordinates of (x^i)^(P^(j+1)) for j = 0..3: Frobenius maps are linear over F. */
const FROBENIUS: readonly (readonly Ext[])[] = (() => {
  const x: Ext = [0, 1, 0, 0, 0];
  const maps: Ext[][] = [];
  let image = x;
  for (let j = 0; j < 4; j++) {
    image = pow(image, BigInt(P));
    const powers: Ext[] = [ONE];
    for (let i = 1; i < 5; i++) powers.push(mul(powers[i - 1]!, image));
    maps.push(powers);
  }
  return maps;
})();

/** a^(P^j) for 0 ≤ j ≤ 4. */
function frobenius(a: Ext, j: number): Ext {
  if (j === 0) return a;
  const powers = FROBENIUS[j - 1]!;
  let result = ZERO;
  for (let i = 0; i < 5; i++) result = add(result, scale(powers[i]!, a[i]!));
  return result;
}

/**
 * 1/a by the norm: a · a^P · … · a^(P^4) lies in F. Gives 0 for a = 0: callers that divide by proof data must
 * reject zero themselves.
 */
function inv(a: Ext): Ext {
  const conjugates = mul(mul(frobenius(a, 1), frobenius(a, 2)), mul(frobenius(a, 3), frobenius(a, 4)));
  const norm = mul(a, conjugates)[0];
  return scale(conjugates, Fp.inv(norm));
}

const eq = (a: Ext, b: Ext): boolean =>
  a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3] && a[4] === b[4];

const isZero = (a: Ext): boolean => eq(a, ZERO);

export const Fp5 = { ZERO, ONE, from, add, sub, neg, scale, mul, sqr, pow, frobenius, inv, eq, isZero } as const;
