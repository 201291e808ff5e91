import type { Constraints } from '../../air/chip.ts';
import { type Expr, sum } from '../../air/expr.ts';
import { BYTE, INV_LIMB } from '../adapter/limbs.ts';
import { POW, RANGE16 } from '../buses.ts';

/**
 * Integers of many digits to base 2^8, least significant first. An identity of such integers is stated as
 * Σ cᵢ · 256^i = 0, where the coefficients cᵢ are sums of products of digits.
 */

/** What coefficients are computed in: expressions, or intervals where a test proves their bounds. */
export type Ring<T> = { add(x: T | number): T; sub(x: T | number): T; mul(x: T | number): T };

/** Coefficients that are collected term by term. */
export class Coefficients<T extends Ring<T>> {
  readonly values: T[];

  /** @param zero the ring's zero */
  constructor(count: number, zero: T) {
    this.values = new Array<T>(count).fill(zero);
  }

  /** Adds a term to the coefficient of 256^index. */
  add(index: number, term: T): void {
    this.values[index] = this.values[index]!.add(term);
  }

  /** Takes a term from the coefficient of 256^index. */
  subtract(index: number, term: T): void {
    this.values[index] = this.values[index]!.sub(term);
  }

  /** Adds digits, or their multiples by a small factor; `step` 2 for limbs of 16 bits. */
  addAll(digits: readonly T[], factor = 1, step: 1 | 2 = 1): void {
    digits.forEach((digit, i) => {
      this.add(step * i, factor === 1 ? digit : digit.mul(factor));
    });
  }

  /** Adds factor · a · b; `b` may be constants. */
  addProduct(a: readonly T[], b: readonly (T | number)[], factor = 1): void {
    a.forEach((x, i) => {
      b.forEach((y, j) => {
        if (y === 0) return;
        const product = x.mul(y);
        if (factor === -1) this.subtract(i + j, product);
        else this.add(i + j, factor === 1 ? product : product.mul(factor));
      });
    });
  }
}

/** Digits as limbs of 16 bits: what memory holds. */
export const limbsOfDigits = <T extends Ring<T>>(digits: readonly T[]): T[] =>
  Array.from({ length: digits.length / 2 }, (_, i) => digits[2 * i + 1]!.mul(BYTE).add(digits[2 * i]!));

/** Carries of `carryBits` bits lie in [−2^(carryBits − 1), 2^(carryBits − 1)). */
export const carryLimit = (carryBits: number): number => 2 ** (carryBits - 1);

/**
 * Σ coefficients[i] · 256^i = 0 over the integers, where `isReal`. Taken in steps of 16 bits: the carry behind step k is
 * c_k = (C_2k + 256 · C_2k+1 + c_(k−1)) / 2^16, not a column but an expression, looked up in its range; the last is 0.
 *
 * *Soundness.* While |C_2k + 256 · C_2k+1 + c_(k−1) − 2^16 · c_k| < P for all values in their ranges, each equation modulo
 * P is one over the integers. The caller's test computes this bound from the ranges of its columns. It fails for carries
 * of 16 bits whatever the coefficients: 2^32 > P.
 * @param coefficients an even number of them
 */
export function assertZeroSum(
  c: Constraints,
  label: string,
  coefficients: readonly Expr[],
  carryBits: number,
  isReal: Expr,
): void {
  let carry: Expr | undefined;
  const steps = coefficients.length / 2;
  for (let k = 0; k < steps; k++) {
    const total = coefficients[2 * k + 1]!.mul(BYTE).add(coefficients[2 * k]!);
    carry = (carry === undefined ? total : total.add(carry)).mul(INV_LIMB);
    if (k === steps - 1) c.assertZero(`${label}: the last carry is 0`, carry);
    else c.send(POW, [carry.add(carryLimit(carryBits)), 2 ** carryBits], isReal, { maxPerRow: 1 });
  }
}

/**
 * smaller < larger, both given by limbs in [0, 2^16), where `isReal`; `marker` is one-hot, at the highest limb in which
 * they differ. *Soundness.* Above the marked limb both are equal; there larger − smaller − 1 is a u16.
 * @param marker bits, all zero where not `isReal`
 */
export function assertLess(
  c: Constraints,
  label: string,
  smaller: readonly Expr[],
  larger: readonly (Expr | number)[],
  marker: readonly Expr[],
  isReal: Expr,
): void {
  const differences = smaller.map((limb, i) => {
    const other = larger[i]!;
    return (typeof other === 'number' ? c.constant(other) : other).sub(limb);
  });
  c.assertZero(`${label}: one limb is marked`, sum(marker).sub(isReal));
  let below = isReal;
  for (let i = marker.length - 1; i > 0; i--) {
    below = below.sub(marker[i]!);
    c.assertZero(`${label}: limb ${i} is equal above the marked one`, below.mul(differences[i]!));
  }
  const gap = sum(marker.map((isMarked, i) => isMarked.mul(differences[i]!)));
  c.send(RANGE16, [gap.sub(1)], isReal, { maxPerRow: 1 });
}

/** The marker of `assertLess`. */
export function fillMarker(smaller: readonly number[], larger: readonly number[]): number[] {
  let at = larger.length - 1;
  while (at > 0 && smaller[at] === larger[at]) at--;
  return larger.map((_, i) => (i === at ? 1 : 0));
}

/** Bytes of limbs, low byte first. */
export const bytesOfLimbs = (limbs: readonly number[]): number[] =>
  limbs.flatMap((limb) => [limb % BYTE, Math.floor(limb / BYTE)]);

/** The number with these digits to base 2^bits, which may be negative. */
export const valueOfDigits = (digits: readonly number[], bits: 8 | 16): bigint =>
  digits.reduceRight((value, digit) => (value << BigInt(bits)) + BigInt(digit), 0n);

const HEX_DIGITS = 4;

/** Limbs of 16 bits of a number in [0, 2^(16 · count)). By way of its text: shifting it costs a new number per limb. */
export function limbsOfValue(value: bigint, count: number): number[] {
  const text = value.toString(16).padStart(HEX_DIGITS * count, '0');
  return Array.from({ length: count }, (_, i) => {
    const end = text.length - HEX_DIGITS * i;
    return Number.parseInt(text.slice(end - HEX_DIGITS, end), 16);
  });
}
