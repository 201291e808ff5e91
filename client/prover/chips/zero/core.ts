import type { Constraints } from '../../air/chip.ts';
import type { Expr } from '../../air/expr.ts';
import { Fp } from '../../field/fp.ts';

/** Cells of the test for zero. */
export const nonZeroHint = (value: number): { isNonZero: number; inverse: number } => ({
  isNonZero: value === 0 ? 0 : 1,
  inverse: Fp.inv(Fp.fromInt(value)),
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
export const normValue = (d0: number, d1: number): number => {
  const [x, y] = [Fp.fromInt(d0), Fp.fromInt(d1)];
  return Fp.sub(Fp.sqr(x), Fp.mul(3, Fp.sqr(y)));
};
