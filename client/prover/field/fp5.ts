import { Fp, P } from './fp.ts';

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
 * Schoolbook product; x^5 = 1 − x^2, x^6 = x − x^3, x^7 = x^2 − x^4, x^8 = x^3 + x^2 − 1.
 */
function mul(a: Ext, b: Ext): Ext {
  const [a0, a1, a2, a3, a4] = a;
  const [b0, b1, b2, b3, b4] = b;
  const m = Fp.mul;
  const s = Fp.add;
  const c0 = m(a0, b0);
  const c1 = s(m(a0, b1), m(a1, b0));
  const c2 = s(s(m(a0, b2), m(a1, b1)), m(a2, b0));
  const c3 = s(s(m(a0, b3), m(a1, b2)), s(m(a2, b1), m(a3, b0)));
  const c4 = s(s(s(m(a0, b4), m(a1, b3)), s(m(a2, b2), m(a3, b1))), m(a4, b0));
  const c5 = s(s(m(a1, b4), m(a2, b3)), s(m(a3, b2), m(a4, b1)));
  const c6 = s(s(m(a2, b4), m(a3, b3)), m(a4, b2));
  const c7 = s(m(a3, b4), m(a4, b3));
  const c8 = m(a4, b4);
  const d = Fp.sub;
  return [d(s(c0, c5), c8), s(c1, c6), d(s(s(c2, c7), c8), c5), d(s(c3, c8), c6), d(c4, c7)];
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
