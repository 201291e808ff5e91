/**
 * What the arithmetic host calls compute, in plain BigInt arithmetic: the oracle for the native functions and the chips.
 * Values are little-endian 32-bit words.
 */
import type { TrapReason } from './execute.ts';

const WORD_BITS = 32n;
/** Words of a 256-bit value, and of a half scalar. */
const WORDS = 8;
const HALF_WORDS = 4;
const LIMIT = 2n ** 256n;

/** What `advice` is asked for; its answer is bound to nothing, so the guest checks it. */
export const AdviceKind = {
  /** In: a, m. Out: the inverse of a modulo m; 0 if there is none. */
  INVERSE: 1,
  /** In: t, p with p ≡ 3 mod 4 prime. Out: y with y² ≡ t if t is a square, else y² ≡ −t. */
  SQUARE_ROOT: 2,
  /**
   * In: k. Out: |k₁| and |k₂| of 16 bytes and a u64 whose bits 0 and 1 are their signs, with k₁ + λ·k₂ ≡ k modulo the
   * order of secp256k1 and |kᵢ| < 2^128.
   */
  GLV_SPLIT: 3,
} as const;

/** Numbers of the curves of `ec_msm`. */
export const CurveId = { SECP256K1: 1 } as const;

/** Bits of the scalars of `ec_msm`. */
export const MSM_BITS = 128;
export const MSM_POINTS = 4;

/** The answer of `advice` is 48 bytes whatever the kind. */
const ADVICE_WORDS = 12;

/** secp256k1 (SEC 2, 2.4.1): y² = x³ + 7 over the field of p elements, group order n. */
export const SECP256K1 = {
  p: 2n ** 256n - 2n ** 32n - 977n,
  n: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
} as const;

/**
 * The endomorphism (x, y) ↦ (βx, y) is multiplication by λ; (a₁, b₁) and (a₂, b₂) are short vectors of the lattice
 * {(a, b): a + λ·b ≡ 0 mod n} (Gallant, Lambert, Vanstone, CRYPTO 2001).
 */
const GLV = {
  a1: 0x3086d221a7d46bcde86c90e49284eb15n,
  b1: -0xe4437ed6010e88286f547fa90abfe4c3n,
  a2: 0x114ca50f7a8e2f3f657c1108d9d44cfd8n,
  b2: 0x3086d221a7d46bcde86c90e49284eb15n,
} as const;

/** The number in `words`, least significant first. */
export const fromWords = (words: Uint32Array): bigint =>
  words.reduceRight((value, word) => (value << WORD_BITS) | BigInt(word), 0n);

/** The lowest words of a number, as many as `count`. */
export const toWords = (value: bigint, count: number): number[] =>
  Array.from({ length: count }, (_, k) => Number((value >> (WORD_BITS * BigInt(k))) & 0xffffffffn));

const mod = (x: bigint, m: bigint): bigint => ((x % m) + m) % m;

/** In: a, b, c, m. Out: (a · b + c) mod m; traps for m = 0 and where the quotient is not below 2^256. */
export function mulmod256(inputs: Uint32Array): Uint32Array | TrapReason {
  const [a, b, c, m] = [0, 1, 2, 3].map((k) => fromWords(inputs.subarray(WORDS * k, WORDS * (k + 1)))) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  if (m === 0n) return 'integer divide by zero';
  if ((a * b + c) / m >= LIMIT) return 'integer overflow';
  return Uint32Array.from(toWords((a * b + c) % m, WORDS));
}

/** The answer to `kind` (AdviceKind); traps for another kind. */
export function advice(kind: number, inputs: Uint32Array): Uint32Array | TrapReason {
  const first = fromWords(inputs.subarray(0, WORDS));
  const second = fromWords(inputs.subarray(WORDS));
  switch (kind) {
    case AdviceKind.INVERSE:
      return answer(inverse(first, second) ?? 0n);
    case AdviceKind.SQUARE_ROOT:
      return answer(second === 0n ? 0n : power(first, (second + 1n) / 4n, second));
    case AdviceKind.GLV_SPLIT: {
      const [k1, k2] = glvSplit(first);
      const signs = (k1 < 0n ? 1n : 0n) + (k2 < 0n ? 2n : 0n);
      return answer(magnitude(k1) + (magnitude(k2) << 128n) + (signs << 256n));
    }
    default:
      return 'invalid host call';
  }
}

const answer = (value: bigint): Uint32Array => Uint32Array.from(toWords(value, ADVICE_WORDS));
const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);

/** a^(−1) mod m by Euclid's algorithm; undefined where a and m have a common factor or m = 0. */
function inverse(a: bigint, m: bigint): bigint | undefined {
  if (m === 0n) return undefined;
  let [r0, r1] = [m, a % m];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const q = r0 / r1;
    [r0, r1] = [r1, r0 - q * r1];
    [t0, t1] = [t1, t0 - q * t1];
  }
  return r0 === 1n ? mod(t0, m) : undefined;
}

function power(base: bigint, exponent: bigint, m: bigint): bigint {
  let result = 1n % m;
  let square = base % m;
  for (let e = exponent; e > 0n; e >>= 1n) {
    if ((e & 1n) === 1n) result = (result * square) % m;
    square = (square * square) % m;
  }
  return result;
}

/** The nearest lattice point to (k, 0) gives the short (k₁, k₂). */
function glvSplit(scalar: bigint): readonly [bigint, bigint] {
  const { n } = SECP256K1;
  const { a1, b1, a2, b2 } = GLV;
  const k = scalar % n;
  const rounded = (x: bigint): bigint => (x + n / 2n) / n;
  const [c1, c2] = [rounded(b2 * k), rounded(-b1 * k)];
  return [k - c1 * a1 - c2 * a2, -c1 * b1 - c2 * b2];
}

/** An affine point; undefined is infinity. */
type Point = { readonly x: bigint; readonly y: bigint } | undefined;

class NotOnCurve extends Error {}

/**
 * P + Q on a curve y² = x³ + b over p. Points need not satisfy it: the formulas do not know b.
 * @throws NotOnCurve for two points of one x whose y are neither equal nor opposite
 */
function addPoints(a: Point, b: Point, p: bigint): Point {
  if (a === undefined) return b;
  if (b === undefined) return a;
  if (a.x === b.x && (a.y + b.y) % p === 0n) return undefined;
  if (a.x === b.x && a.y !== b.y) throw new NotOnCurve();
  const [rise, run] = a.x === b.x ? [3n * a.x * a.x, 2n * a.y] : [b.y - a.y, b.x - a.x];
  const slope = rise * inverse(mod(run, p), p)!;
  const x = mod(slope * slope - a.x - b.x, p);
  return { x, y: mod(slope * (a.x - x) - a.y, p) };
}

/**
 * In: four points (x, y), (0, 0) for infinity, and four scalars of 16 bytes. Out: Σ scalarᵢ · pointᵢ, (0, 0) for infinity:
 * the sums of all subsets of the points, then for each bit, from the highest, one doubling and the subset of the scalars
 * that have it. The caller has checked the curve equation; points that do not satisfy it give the same as in the proof.
 * Traps for another curve or number of bits, and for points that are on no curve: a coordinate of p or more, a sum of two
 * points of one x whose y are neither equal nor opposite.
 */
export function ecMsm(curve: number, bits: number, inputs: Uint32Array): Uint32Array | TrapReason {
  if (curve !== CurveId.SECP256K1 || bits !== MSM_BITS) return 'invalid host call';
  const { p } = SECP256K1;
  const value = (from: number, words: number): bigint => fromWords(inputs.subarray(from, from + words));
  const points = Array.from({ length: MSM_POINTS }, (_, k) => {
    return { x: value(2 * WORDS * k, WORDS), y: value(2 * WORDS * k + WORDS, WORDS) };
  });
  if (points.some(({ x, y }) => x >= p || y >= p)) return 'invalid curve point';
  const scalarsAt = 2 * WORDS * MSM_POINTS;
  const scalars = points.map((_, k) => value(scalarsAt + HALF_WORDS * k, HALF_WORDS));
  try {
    const sums: Point[] = [undefined];
    points.forEach(({ x, y }, k) => {
      const point = x === 0n && y === 0n ? undefined : { x, y };
      for (let subset = 0; subset < 2 ** k; subset++)
        sums.push(subset === 0 ? point : addPoints(sums[subset], point, p));
    });
    let sum: Point;
    for (let bit = BigInt(MSM_BITS) - 1n; bit >= 0n; bit--) {
      sum = addPoints(sum, sum, p);
      const subset = scalars.reduce((index, s, k) => index + Number((s >> bit) & 1n) * 2 ** k, 0);
      if (subset !== 0) sum = addPoints(sum, sums[subset], p);
    }
    return Uint32Array.from([...toWords(sum?.x ?? 0n, WORDS), ...toWords(sum?.y ?? 0n, WORDS)]);
  } catch (error) {
    if (error instanceof NotOnCurve) return 'invalid curve point';
    throw error;
  }
}
