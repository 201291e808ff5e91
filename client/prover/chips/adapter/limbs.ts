import type { Constraints } from '../../air/chip.ts';
import type { Expr } from '../../air/expr.ts';
import { Fp } from '../../field/fp.ts';
import { BYTES } from '../buses.ts';

export const LIMB = 2 ** 16;
export const BYTE = 2 ** 8;
/** Division by these is exact over the integers where a range check says so. */
export const INV_LIMB = Fp.inv(LIMB);
export const INV_BYTE = Fp.inv(BYTE);

/** The bytes of limbs whose low bytes are given: one lookup per limb, so both are bytes and the limb is a u16. */
export function bytesOf(c: Constraints, limbs: readonly Expr[], lows: readonly Expr[], count: Expr): Expr[] {
  return limbs.flatMap((limb, k) => {
    const high = limb.sub(lows[k]!).mul(INV_BYTE);
    c.send(BYTES, [lows[k]!, high], count, { maxPerRow: 1 });
    return [lows[k]!, high];
  });
}
