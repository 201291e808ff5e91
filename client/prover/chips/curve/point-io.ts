import type { Constraints } from '../../air/chip.ts';
import { defineChip } from '../../air/chip.ts';
import { array, bit, field, u16 } from '../../air/columns.ts';
import { type Expr, sum } from '../../air/expr.ts';
import { Fp } from '../../field/fp.ts';
import { INV_LIMB } from '../adapter/limbs.ts';
import { BYTES, POINT, POINT_IO, RANGE16 } from '../buses.ts';
import { assertLess, fillMarker, limbsOfDigits, limbsOfValue } from '../wide/core.ts';
import { DIGITS, K_LIMBS, LIMB_OFFSET, LIMBS, limbValues, OFFSET, P_LIMBS, type Register } from './field.ts';

/** A point between memory and a register. */
export type PointIoRecord = {
  readonly call: number;
  readonly register: number;
  readonly isStore: boolean;
  readonly point: Register;
  /** How often a loaded point is read. */
  readonly uses: number;
};

const columns = {
  isReal: bit('1 on rows with a point'),
  isStore: bit('1 if the point goes from its register to memory'),
  isInfinite: bit('1 for infinity, which is (0, 0) in memory'),
  call: field('clock of the call'),
  register: field('register of the point'),
  mult: field('how often a loaded point is read'),
  x: array(u16('x as memory holds it, below p, range-checked here'), LIMBS),
  y: array(u16('y as memory holds it, below p, range-checked here'), LIMBS),
  xDigits: array(field('x: signed digits, canonical'), DIGITS),
  yLimbs: array(field('y: limbs of signed digits'), LIMBS),
  xWraps: bit('x + K = (digits + K) + xWraps · p'),
  yWraps: bit('y + K = (digits + K) + yWraps · p'),
  nonZero: field('inverse of the sum of all limbs, where the point is finite'),
  markers: {
    x: array(bit('one-hot: highest limb in which x and p differ'), LIMBS),
    y: array(bit('one-hot: highest limb in which y and p differ'), LIMBS),
    digits: array(bit('one-hot: highest limb in which the digits + K and p differ'), LIMBS),
  },
};

/**
 * memory + K = shifted + wraps · p, where shifted = digits + K, all as limbs in [0, 2^16). *Soundness.* A carry is −1, 0 or
 * 1 by its own constraint; then no side exceeds 2^18, and each equation modulo P is one over the integers.
 */
function assertSameResidue(
  c: Constraints,
  label: string,
  memory: readonly Expr[],
  shifted: readonly Expr[],
  wraps: Expr,
  isReal: Expr,
): void {
  let carry: Expr | undefined;
  memory.forEach((limb, i) => {
    const total = limb.add(isReal.mul(K_LIMBS[i]!)).sub(shifted[i]!).sub(wraps.mul(P_LIMBS[i]!));
    carry = (carry === undefined ? total : total.add(carry)).mul(INV_LIMB);
    if (i === LIMBS - 1) c.assertZero(`${label}: the last carry is 0`, carry);
    else c.assertZero(`${label}: carry ${i} is −1, 0 or 1`, carry.mul(carry.sqr().sub(1)));
  });
}

/**
 * Takes a point from memory into a register, or back: 32 limbs of x and y, below p, to signed digits. A row belongs to one
 * message of the host row, so a register is loaded once.
 */
export const pointIo = defineChip({
  id: 'point_io',
  maxDegree: 3,
  columns,
  fillRow: ({ call, register, isStore, point, uses }: PointIoRecord, row) => {
    const { x = 0n, y = 0n } = point.point ?? {};
    Object.assign(row, { isReal: 1, isStore: isStore ? 1 : 0, isInfinite: point.point === undefined ? 1 : 0 });
    Object.assign(row, { call, register, mult: uses });
    row.x = limbsOfValue(x, LIMBS);
    row.y = limbsOfValue(y, LIMBS);
    row.xDigits = [...point.xDigits];
    row.yLimbs = limbValues(point.yDigits);
    row.xWraps = point.x < 0n ? 1 : 0;
    row.yWraps = point.y < 0n ? 1 : 0;
    const total = [...row.x, ...row.y].reduce((a, b) => a + b, 0);
    row.nonZero = total === 0 ? 0 : Fp.inv(total);
    row.markers.x = fillMarker(row.x, P_LIMBS);
    row.markers.y = fillMarker(row.y, P_LIMBS);
    row.markers.digits = fillMarker(
      limbValues(point.xDigits).map((limb) => limb + LIMB_OFFSET),
      P_LIMBS,
    );
  },
  constrain: (c, row) => {
    const { isReal, isStore, isInfinite, call, register, mult, x, y, xDigits, yLimbs, nonZero, markers } = row;
    const once = { maxPerRow: 1 };
    c.assertZero('stores are real', isStore.mul(isReal.not()));
    c.assertZero('only loaded points are read', mult.mul(isReal.sub(isStore).sub(1)));
    for (const limb of [...x, ...y]) c.send(RANGE16, [limb], isReal, once);
    for (let i = 0; i < DIGITS; i += 2)
      c.send(BYTES, [xDigits[i]!.add(OFFSET), xDigits[i + 1]!.add(OFFSET)], isReal, once);
    const shift = isReal.mul(LIMB_OFFSET);
    const yShifted = yLimbs.map((limb) => limb.add(shift));
    for (const limb of yLimbs) c.send(RANGE16, [limb.add(LIMB_OFFSET)], isReal, once);
    const xShifted = limbsOfDigits(xDigits).map((limb) => limb.add(shift));
    assertSameResidue(c, 'x', x, xShifted, row.xWraps, isReal);
    assertSameResidue(c, 'y', y, yShifted, row.yWraps, isReal);
    assertLess(c, 'x < p', x, P_LIMBS, markers.x, isReal);
    assertLess(c, 'y < p', y, P_LIMBS, markers.y, isReal);
    assertLess(c, 'canonical digits', xShifted, P_LIMBS, markers.digits, isReal);
    // The sum of 32 limbs is below 2^21, so it is 0 only where all of them are.
    const total = sum([...x, ...y]);
    c.assertZero('infinity is (0, 0)', isInfinite.mul(total));
    c.assertZero('nothing else is', total.mul(nonZero).sub(isReal.sub(isInfinite)));
    c.receive(POINT_IO, [call, register, isStore, ...x, ...y], isReal, once);
    const message = [call, register, ...xDigits, ...yLimbs, isInfinite];
    c.send(POINT, message, isStore, once);
    c.receive(POINT, message, mult, { maxPerRow: 2 ** 31 });
  },
  freeCells: { nonZero: 'of infinity: a factor of 0' },
});
