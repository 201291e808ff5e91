import type { Constraints } from '../../air/chip.ts';
import type { Expr } from '../../air/expr.ts';
import { INV_LIMB } from '../adapter/limbs.ts';

/**
 * sum = a + b modulo 2^(16 · limbs); carries are virtual and boolean. *Assumes* all limbs below 2^16: then an equation
 * a + b + carry = sum + 2^16 · carry' in the field is one over the integers.
 */
export function addLimbs(c: Constraints, a: readonly Expr[], b: readonly Expr[], sum: readonly Expr[]): void {
  let carry: Expr | undefined;
  a.forEach((limb, i) => {
    const total = limb.add(b[i]!).add(carry ?? 0);
    carry = total.sub(sum[i]!).mul(INV_LIMB);
    c.assertZero(`carry out of limb ${i} is a bit`, carry.mul(carry.sub(1)));
  });
}
