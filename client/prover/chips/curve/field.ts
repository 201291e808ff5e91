import { BYTE } from '../adapter/limbs.ts';
import { limbsOfValue, type Ring, valueOfDigits } from '../wide/core.ts';

/**
 * The field of secp256k1 (SEC 2, 2.4.1: y² = x³ + 7 modulo p) as the curve chips hold it.
 *
 * A coordinate is 32 signed digits to base 2^8, digit i + OFFSET in [0, 2^8), so that digits of products cancel: sums of
 * unsigned ones would not fit. It stands for its value modulo p. *Canonical* is the representation with value + K < p,
 * K = Σ OFFSET · 256^i; every residue has one.
 */
export const DIGITS = 32;
export const LIMBS = DIGITS / 2;
export const OFFSET = 128;
/** OFFSET of both digits of a limb. */
export const LIMB_OFFSET = OFFSET * (1 + BYTE);

export const FIELD_P = 2n ** 256n - 2n ** 32n - 977n;
const K = valueOfDigits(new Array<number>(DIGITS).fill(OFFSET), 8);
export const K_LIMBS = limbsOfValue(K, LIMBS);
export const P_LIMBS = limbsOfValue(FIELD_P, LIMBS);

/** p in digits of [−128, 128), but for the top one: most are 0. */
export const P_DIGITS: readonly number[] = balanced(FIELD_P);

function balanced(value: bigint): number[] {
  const digits: number[] = [];
  let rest = value;
  while (digits.length < DIGITS - 1) {
    const digit = ((rest + 128n) & 255n) - 128n;
    digits.push(Number(digit));
    rest = (rest - digit) >> 8n;
  }
  return [...digits, Number(rest)];
}

/** Signed digits of −K ≤ value < 2^256 − K. */
export function signedDigits(value: bigint): number[] {
  const text = (value + K).toString(16).padStart(2 * DIGITS, '0');
  const digits = new Array<number>(DIGITS);
  for (let i = 0; i < DIGITS; i++) {
    const end = text.length - 2 * i;
    digits[i] = Number.parseInt(text.slice(end - 2, end), 16) - OFFSET;
  }
  return digits;
}

const modulo = (x: bigint): bigint => ((x % FIELD_P) + FIELD_P) % FIELD_P;

/** The canonical representation of a residue. */
export const representation = (value: bigint): bigint => modulo(value + K) - K;

/** Canonical digits of a residue. */
export const canonicalDigits = (value: bigint): number[] => signedDigits(representation(value));

/** A quotient as signed digits and the factor of 2^256 above them. */
export function splitQuotient(quotient: bigint): { readonly digits: number[]; readonly top: number } {
  const top = (quotient + K) >> 256n;
  return { digits: signedDigits(quotient - (top << 256n)), top: Number(top) };
}

/** Three digits at a time, as one element: 0 only if all are, for digits between −255 and 255. */
export const groupsOf = <T extends Ring<T>>(digits: readonly T[]): T[] =>
  Array.from({ length: Math.ceil(digits.length / 3) }, (_, g) => {
    const [low, middle, high] = [digits[3 * g]!, digits[3 * g + 1]!, digits[3 * g + 2]];
    const two = middle.mul(BYTE).add(low);
    return high === undefined ? two : high.mul(BYTE ** 2).add(two);
  });

/** Numbers of `groupsOf`. */
export function groupValues(digits: readonly number[]): number[] {
  const groups: number[] = [];
  for (let i = 0; i < digits.length; i += 3)
    groups.push(digits[i]! + BYTE * digits[i + 1]! + BYTE ** 2 * (digits[i + 2] ?? 0));
  return groups;
}

/** Limbs of signed digits, as numbers. */
export const limbValues = (digits: readonly number[]): number[] =>
  Array.from({ length: digits.length / 2 }, (_, i) => digits[2 * i]! + BYTE * digits[2 * i + 1]!);

/** A point by its affine coordinates, residues in [0, p); undefined is infinity. */
export type AffinePoint = { readonly x: bigint; readonly y: bigint } | undefined;

/** a^(−1) modulo p, a ≢ 0, by Euclid's algorithm. */
function inverse(a: bigint): bigint {
  let [r0, r1] = [FIELD_P, modulo(a)];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const q = r0 / r1;
    [r0, r1] = [r1, r0 - q * r1];
    [t0, t1] = [t1, t0 - q * t1];
  }
  return modulo(t0);
}

/** Inverses of elements, none of them 0, by one inversion and three products each. */
export function inverses(values: readonly bigint[]): bigint[] {
  const before: bigint[] = [];
  let product = 1n;
  for (const value of values) {
    before.push(product);
    product = (product * modulo(value)) % FIELD_P;
  }
  let rest = inverse(product);
  const out = new Array<bigint>(values.length);
  for (let i = values.length - 1; i >= 0; i--) {
    out[i] = (rest * before[i]!) % FIELD_P;
    rest = (rest * modulo(values[i]!)) % FIELD_P;
  }
  return out;
}

/** A point in a register: its coordinates as canonical representations and their digits, all 0 for infinity. */
export type Register = {
  readonly point: AffinePoint;
  readonly x: bigint;
  readonly y: bigint;
  readonly xDigits: readonly number[];
  readonly yDigits: readonly number[];
};

/** A register that holds the point, affine; undefined is infinity. */
export function registerOf(point: AffinePoint): Register {
  const [x, y] = point === undefined ? [0n, 0n] : [representation(point.x), representation(point.y)];
  return { point, x, y, xDigits: signedDigits(x), yDigits: signedDigits(y) };
}

/** How P + Q comes about: the modes of an addition. */
export type AdditionMode = 'general' | 'double' | 'cancel' | 'leftInfinite' | 'rightInfinite';

/** How two points are added: the slope is 0 where there is none. */
export type Addition = { readonly mode: AdditionMode; readonly slope: bigint; readonly sum: AffinePoint };

/**
 * P + Q; two points of one x must be equal or opposite. A generator, so that many additions share an inversion: yields
 * what it needs the inverse of and is given it.
 */
export function* addPoints(a: AffinePoint, b: AffinePoint): Generator<bigint, Addition, bigint> {
  if (a === undefined) return { mode: 'leftInfinite', slope: 0n, sum: b };
  if (b === undefined) return { mode: 'rightInfinite', slope: 0n, sum: a };
  if (a.x === b.x && (a.y + b.y) % FIELD_P === 0n) return { mode: 'cancel', slope: 0n, sum: undefined };
  const mode = a.x === b.x ? 'double' : 'general';
  const [rise, run] = mode === 'double' ? [3n * a.x * a.x, 2n * a.y] : [b.y - a.y, b.x - a.x];
  const slope = modulo(rise * (yield run));
  const x = modulo(slope * slope - a.x - b.x);
  return { mode, slope, sum: { x, y: modulo(slope * (a.x - x) - a.y) } };
}

/** Runs computations that yield what they need the inverse of, side by side, with one inversion for all of a round. */
export function withInverses<T>(computations: readonly Generator<bigint, T, bigint>[]): T[] {
  const results = new Array<T>(computations.length);
  let waiting = computations.map((run, index) => ({ run, index, step: run.next() }));
  for (;;) {
    const next: { run: Generator<bigint, T, bigint>; index: number; needs: bigint }[] = [];
    for (const { run, index, step } of waiting)
      if (step.done) results[index] = step.value;
      else next.push({ run, index, needs: step.value });
    if (next.length === 0) return results;
    const found = inverses(next.map(({ needs }) => needs));
    waiting = next.map(({ run, index }, i) => ({ run, index, step: run.next(found[i]!) }));
  }
}
