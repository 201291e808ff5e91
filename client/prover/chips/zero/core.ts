import type { Constraints } from '../../air/chip.ts';
import type { Expr } from '../../air/expr.ts';
import type { Word } from '../../air/word.ts';

/** Cells of the test for zero. */
export const nonZeroHint = (value: Word): { readonly isNonZero: Word; readonly inverse: Word } => ({
  isNonZero: value.isNonZero(),
  inverse: value.inverse(),
});

/** isNonZero = 1 if value ≠ 0 in the field, else 0: value · inverse = isNonZero, and value is 0 unless isNonZero is 1. */
export function assertNonZero(c: Constraints, value: Expr, isNonZero: Expr, inverse: Expr): void {
  c.assertZero('isNonZero = value · inverse', value.mul(inverse).sub(isNonZero));
  c.assertZero('value is zero unless isNonZero is 1', value.mul(isNonZero.not()));
}

/**
 * Zero only if both differences are: 3 is no square modulo P, so d0² = 3 · d1² has no other solution.
 */
export const norm = (d0: Expr, d1: Expr): Expr => d0.sqr().sub(d1.sqr().mul(3));
/**
 * The same of words.
 * @throws ClientError `wordOutOfRange` if one could be P or more
 */
export const normWord = (d0: Word, d1: Word): Word => d0.fieldMul(d0).fieldSub(d1.fieldMul(d1).fieldMul(3));
