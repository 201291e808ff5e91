import type { Constraints } from '../../air/chip.ts';
import { array, bit, u8, u16, type View } from '../../air/columns.ts';
import type { Expr } from '../../air/expr.ts';
import { BYTES } from '../buses.ts';
import {
  assertLess,
  assertZeroSum,
  bytesOfLimbs,
  Coefficients,
  fillMarker,
  limbsOfDigits,
  limbsOfValue,
  type Ring,
  valueOfDigits,
} from '../wide/core.ts';

/** Bytes and limbs of a 256-bit value. */
export const VALUE_BYTES = 32;
export const VALUE_LIMBS = 16;
/** Bits of the carries of the one identity. */
export const MULMOD_CARRY_BITS = 14;

export const mulmodColumns = {
  a: array(u8('first factor'), VALUE_BYTES),
  b: array(u8('second factor'), VALUE_BYTES),
  addend: array(u16('c, range-checked by its writer'), VALUE_LIMBS),
  modulus: array(u8('m'), VALUE_BYTES),
  quotient: array(u8('(a · b + c) / m'), VALUE_BYTES),
  remainder: array(u8('(a · b + c) mod m'), VALUE_BYTES),
  marker: array(bit('one-hot: highest limb in which remainder and modulus differ'), VALUE_LIMBS),
};

type Values<T> = Omit<View<typeof mulmodColumns, T>, 'marker'>;

/** Coefficients of a · b + c − quotient · m − remainder. */
export function mulmodCoefficients<T extends Ring<T>>(
  { a, b, addend, modulus, quotient, remainder }: Values<T>,
  zero: T,
): readonly T[] {
  const sum = new Coefficients(2 * VALUE_BYTES, zero);
  sum.addProduct(a, b);
  sum.addProduct(quotient, modulus, -1);
  sum.addAll(remainder, -1);
  sum.addAll(addend, 1, 2);
  return sum.values;
}

/**
 * remainder = (a · b + c) mod m, over the integers. There is no solution for m = 0, since the remainder is less, nor
 * where the quotient would not fit its 32 bytes. Checks the bytes of all but c, whose limbs are *assumed* to be u16.
 */
export function assertMulmod(c: Constraints, row: View<typeof mulmodColumns, Expr>, isReal: Expr): void {
  for (const bytes of [row.a, row.b, row.modulus, row.quotient, row.remainder])
    for (let i = 0; i < VALUE_BYTES; i += 2) c.send(BYTES, [bytes[i]!, bytes[i + 1]!], isReal, { maxPerRow: 1 });
  const coefficients = mulmodCoefficients(row, c.constant(0));
  assertZeroSum(c, 'a · b + c = quotient · m + remainder', coefficients, MULMOD_CARRY_BITS, isReal);
  const [remainder, modulus] = [limbsOfDigits(row.remainder), limbsOfDigits(row.modulus)];
  assertLess(c, 'remainder < m', remainder, modulus, row.marker, isReal);
}

/** Cells of a row from the limbs of its operands; m > 0 and the quotient fits. */
export function fillMulmod(
  a: readonly number[],
  b: readonly number[],
  addend: readonly number[],
  modulus: readonly number[],
): { readonly [K in keyof typeof mulmodColumns]: number[] } {
  const total = valueOfDigits(a, 16) * valueOfDigits(b, 16) + valueOfDigits(addend, 16);
  const m = valueOfDigits(modulus, 16);
  const remainder = limbsOfValue(total % m, VALUE_LIMBS);
  return {
    a: bytesOfLimbs(a),
    b: bytesOfLimbs(b),
    addend: [...addend],
    modulus: bytesOfLimbs(modulus),
    quotient: bytesOfLimbs(limbsOfValue(total / m, VALUE_LIMBS)),
    remainder: bytesOfLimbs(remainder),
    marker: fillMarker(remainder, modulus),
  };
}
