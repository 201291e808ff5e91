import type { Constraints } from '../../air/chip.ts';
import { array, bit, type CellTargets, type View } from '../../air/columns.ts';
import type { Expr } from '../../air/expr.ts';
import type { Word } from '../../air/word.ts';
import { LIMB } from '../adapter/limbs.ts';

/** Columns of a number of 2 or 4 limbs that is negated where its sign says. */
export const negateColumns = <N extends 2 | 4>(limbs: N) => ({
  carry: array(bit('carries of x + y = 2^width; 0 where the sign is'), limbs),
});

/** y = −x modulo 2^width where the sign is 1, else y = x. *Assumes* limbs of x and y below 2^16. */
export function assertSigned(
  c: Constraints,
  what: string,
  sign: Expr,
  x: readonly Expr[],
  y: readonly Expr[],
  { carry }: View<ReturnType<typeof negateColumns>, Expr>,
): void {
  x.forEach((limb, k) => {
    c.assertZero(`${what}: limb ${k} kept`, sign.not().mul(y[k]!.sub(limb)));
    const total = limb.add(y[k]!).sub(carry[k]!.mul(LIMB));
    c.assertZero(`${what}: limb ${k} negated`, sign.mul(k === 0 ? total : total.add(carry[k - 1]!)));
    c.assertZero(`${what}: carry ${k} only where negated`, sign.not().mul(carry[k]!));
  });
}

/** Fills the carries; returns −x or x. */
export function fillSigned(row: CellTargets<ReturnType<typeof negateColumns>>, sign: Word, x: readonly Word[]): Word[] {
  let carry: Word | undefined;
  const carries: Word[] = [];
  const negated = x.map((limb) => {
    const total = carry === undefined ? limb : limb.add(carry);
    carry = total.isNonZero();
    carries.push(sign.and(carry));
    return total.subFrom(LIMB).and(LIMB - 1);
  });
  row.carry = carries;
  return x.map((limb, k) => sign.select(negated[k]!, limb));
}
