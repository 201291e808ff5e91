import type { Constraints } from '../../air/chip.ts';
import { type Expr, sum } from '../../air/expr.ts';

/**
 * A one-hot selector whose first bit is no column but what the others leave of `count`, a bit: it is 1 where none of them
 * is. All are zero where `count` is.
 */
export function selector(c: Constraints, label: string, others: readonly Expr[], count: Expr): Expr[] {
  const first = count.sub(sum(others));
  c.assertZero(label, first.mul(first.sub(1)));
  return [first, ...others];
}
