import type { Constraints } from '../../air/chip.ts';
import { type Expr, sum } from '../../air/expr.ts';
import { BYTE, INV_LIMB } from '../adapter/limbs.ts';
import { POW } from '../buses.ts';

/** Carries lie in [−4, 2^12 − 4). */
const CARRY_RANGE = 2 ** 12;
const CARRY_OFFSET = 4;

/**
 * a · b + plus = result modulo 2^(16 · limbs of the result), for operands of at most 8 bytes. Each limb takes the byte
 * products of two weights; carries are virtual.
 *
 * *Soundness.* A limb's total is below 2 · 8 · 2^8 · 2^16 / 2 = 2^27 plus the carry and `plus`, which is above −2^18 and
 * below 2^17; result + 2^16 · carry' is below 2^28 + 2^16. So the equation modulo P is one over the integers. A carry of
 * 16 bits would not do: 2^16 · 32512 + 1 = P.
 * @param plus added to limb k of the product
 * @param result limbs, range-checked by the caller
 * @returns the carry out of the last limb
 */
export function multiply(
  c: Constraints,
  a: readonly Expr[],
  b: readonly Expr[],
  result: readonly Expr[],
  isReal: Expr,
  plus: (k: number) => Expr | undefined = () => undefined,
): Expr | undefined {
  const weight = (w: number): Expr | undefined => {
    const terms = a.flatMap((x, i) => (b[w - i] === undefined ? [] : [x.mul(b[w - i]!)]));
    return terms.length === 0 ? undefined : sum(terms);
  };
  let carry: Expr | undefined;
  result.forEach((limb, k) => {
    const terms = [weight(2 * k), weight(2 * k + 1)?.mul(BYTE), carry, plus(k)];
    const total = sum(terms.filter((t) => t !== undefined));
    carry = total.sub(limb).mul(INV_LIMB);
    c.send(POW, [carry.add(CARRY_OFFSET), CARRY_RANGE], isReal, { maxPerRow: 1 });
  });
  return carry;
}
