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
export const signedDigits = (value: bigint): number[] =>
  limbsOfValue(value + K, LIMBS).flatMap((limb) => [(limb % BYTE) - OFFSET, Math.floor(limb / BYTE) - OFFSET]);

const modulo = (x: bigint): bigint => ((x % FIELD_P) + FIELD_P) % FIELD_P;

/** Canonical digits of a residue. */
export const canonicalDigits = (value: bigint): number[] => signedDigits(modulo(value + K) - K);

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
export const groupValues = (digits: readonly number[]): number[] =>
  Array.from({ length: Math.ceil(digits.length / 3) }, (_, g) =>
    Number(valueOfDigits(digits.slice(3 * g, 3 * g + 3), 8)),
  );

/** Limbs of signed digits, as numbers. */
export const limbValues = (digits: readonly number[]): number[] =>
  Array.from({ length: digits.length / 2 }, (_, i) => digits[2 * i]! + BYTE * digits[2 * i + 1]!);

/** A point by its affine coordinates, residues in [0, p); undefined is infinity. */
export type AffinePoint = { readonly x: bigint; readonly y: bigint } | undefined;

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

/** How P + Q comes about: the modes of an addition. */
export type AdditionMode = 'general' | 'double' | 'cancel' | 'leftInfinite' | 'rightInfinite';

/** Mode, slope and result of P + Q; the slope is 0 where there is none. For one x, y must be equal or opposite. */
export function addPoints(
  a: AffinePoint,
  b: AffinePoint,
): { readonly mode: AdditionMode; readonly slope: bigint; readonly sum: AffinePoint } {
  if (a === undefined) return { mode: 'leftInfinite', slope: 0n, sum: b };
  if (b === undefined) return { mode: 'rightInfinite', slope: 0n, sum: a };
  if (a.x === b.x && (a.y + b.y) % FIELD_P === 0n) return { mode: 'cancel', slope: 0n, sum: undefined };
  const mode = a.x === b.x ? 'double' : 'general';
  const [rise, run] = mode === 'double' ? [3n * a.x * a.x, 2n * a.y] : [b.y - a.y, b.x - a.x];
  const slope = modulo(rise * inverse(run));
  const x = modulo(slope * slope - a.x - b.x);
  return { mode, slope, sum: { x, y: modulo(slope * (a.x - x) - a.y) } };
}

/** Digits of a point as registers hold them: canonical, all zero for infinity. */
export function registerDigits(point: AffinePoint): { readonly x: number[]; readonly y: number[] } {
  const zero = { x: new Array<number>(DIGITS).fill(0), y: new Array<number>(DIGITS).fill(0) };
  return point === undefined ? zero : { x: canonicalDigits(point.x), y: canonicalDigits(point.y) };
}
