import { defineChip } from '../../air/chip.ts';
import { array, bit, field, type View } from '../../air/columns.ts';
import { Fp } from '../../field/fp.ts';
import { BYTES, POINT, POINT_OP, POW, RANGE16 } from '../buses.ts';
import { assertLess, assertZeroSum, Coefficients, fillMarker, limbsOfDigits, type Ring } from '../wide/core.ts';
import {
  type AdditionMode,
  DIGITS,
  FIELD_P,
  groupsOf,
  groupValues,
  LIMB_OFFSET,
  LIMBS,
  limbValues,
  OFFSET,
  P_DIGITS,
  P_LIMBS,
  type Register,
  representation,
  signedDigits,
  splitQuotient,
} from './field.ts';

/** Bits of the carries of the three identities. */
export const ADDITION_CARRY_BITS = 15;
const GROUPS = Math.ceil(DIGITS / 3);
/** Factors of 2^256 of the first and the third quotient lie in [−4, 4). */
const TOP_BITS = 3;

const digits = (doc: string) => array(field(`${doc}: signed digits`), DIGITS);
const limbs = (doc: string) => array(field(`${doc}: limbs of signed digits`), LIMBS);

const columns = {
  isReal: bit('1 on rows with an addition'),
  /** One-hot where isReal. */
  mode: {
    general: bit('both finite, different x'),
    double: bit('both finite and equal'),
    cancel: bit('both finite and opposite'),
    leftInfinite: bit('P is infinity'),
    rightInfinite: bit('Q is infinity, P is not'),
  },
  call: field('clock of the call'),
  left: field('register of P'),
  right: field('register of Q'),
  result: field('register of P + Q'),
  mult: field('how often the result is read'),
  isRightInfinite: bit('Q is infinity'),
  x1: digits('x of P'),
  y1: digits('y of P'),
  x2: digits('x of Q'),
  y2: limbs('y of Q'),
  slope: digits('L = 2λ, 0 where there is no slope'),
  x3: digits('x of P + Q'),
  y3: limbs('y of P + Q'),
  quotients: { slope: digits('of the first identity'), x: digits('of the second'), y: digits('of the third') },
  tops: { slope: field('factor of 2^256 of the first quotient'), y: field('and of the third') },
  difference: array(field('Σ difference · group of x2 − x1 = 1 proves that x1 and x2 differ'), GROUPS),
  marker: array(bit('one-hot: highest limb in which x3 + K and p differ'), LIMBS),
};

type Values<T> = View<
  Pick<typeof columns, 'x1' | 'y1' | 'x2' | 'y2' | 'slope' | 'x3' | 'y3' | 'quotients' | 'tops'>,
  T
>;
type Modes<T> = { readonly general: T; readonly double: T; readonly cancel: T };

/**
 * Coefficients of the three identities, each a multiple of p over the integers, with live = general + double:
 * 1. general · (L · (x2 − x1) − 2 · (y2 − y1)) + double · (L · y1 − 3 · x1²) + cancel · (y1 + y2)
 * 2. live · (L² − 4 · (x1 + x2 + x3))
 * 3. live · (L · (x1 − x3) − 2 · (y1 + y3))
 */
export function additionCoefficients<T extends Ring<T>>(
  row: Values<T>,
  { general, double, cancel }: Modes<T>,
  zero: T,
) {
  const { x1, y1, x2, y2, slope, x3, y3, quotients, tops } = row;
  const live = general.add(double);
  const h1 = limbsOfDigits(y1);
  const times = (factor: T, values: readonly T[], k = 1): T[] =>
    values.map((v) => (k === 1 ? factor.mul(v) : factor.mul(v).mul(k)));
  const sum = (quotient: readonly T[], top: T | undefined): Coefficients<T> => {
    const c = new Coefficients(2 * DIGITS, zero);
    c.addProduct(quotient, P_DIGITS, -1);
    if (top === undefined) return c;
    P_DIGITS.forEach((digit, i) => {
      if (digit !== 0) c.subtract(DIGITS + i, top.mul(digit));
    });
    return c;
  };
  const first = sum(quotients.slope, tops.slope);
  const run = x1.map((x, i) => general.mul(x2[i]!.sub(x)).add(double.mul(y1[i]!)));
  first.addProduct(slope, run);
  first.addProduct(times(double, x1, -3), x1);
  first.addAll(times(general, h1, 2), 1, 2);
  first.addAll(times(general, y2, -2), 1, 2);
  first.addAll(times(cancel, h1), 1, 2);
  first.addAll(times(cancel, y2), 1, 2);

  const second = sum(quotients.x, undefined);
  const liveSlope = times(live, slope);
  second.addProduct(liveSlope, slope);
  for (const x of [x1, x2, x3]) second.addAll(times(live, x, -4));

  const third = sum(quotients.y, tops.y);
  third.addProduct(
    liveSlope,
    x1.map((x, i) => x.sub(x3[i]!)),
  );
  for (const y of [h1, y3]) third.addAll(times(live, y, -2), 1, 2);
  return { slope: first.values, x: second.values, y: third.values } as const;
}

/** One addition of a call: registers and the points in them. */
export type AdditionRecord = {
  readonly call: number;
  readonly left: number;
  readonly right: number;
  readonly result: number;
  readonly p: Register;
  readonly q: Register;
  readonly r: Register;
  readonly mode: AdditionMode;
  /** λ, 0 where there is none. */
  readonly slope: bigint;
  /** How often the result is read. */
  readonly uses: number;
};

/**
 * R = P + Q on a curve y² = x³ + b over p, complete: one row for every pair of points. P and Q are looked up in their
 * registers, R is provided under its own.
 *
 * *Soundness.* By canonical x, x1 ≢ x2 exactly if some digit differs, which general mode shows by an inverse; so P = Q
 * cannot be added with a slope of choice. In double mode all digits are equal; x1 = x2 and y1 + y2 ≡ 0 cancel. y may be
 * any representation: no decision needs y1 ≢ y2. Infinity is a flag; its digits are 0. Points that satisfy no curve
 * equation are computed on in the same way; two of one x whose y are neither equal nor opposite have no row.
 */
export const pointAdd = defineChip({
  id: 'point_add',
  maxDegree: 3,
  columns,
  fillRow: ({ call, left, right, result, p, q, r, mode, slope, uses }: AdditionRecord, row) => {
    const isRightInfinite = q.point === undefined ? 1 : 0;
    Object.assign(row, { isReal: 1, call, left, right, result, mult: uses, isRightInfinite });
    row.mode[mode] = 1;
    row.x1 = [...p.xDigits];
    row.y1 = [...p.yDigits];
    row.x2 = [...q.xDigits];
    row.y2 = limbValues(q.yDigits);
    row.x3 = [...r.xDigits];
    row.y3 = limbValues(r.yDigits);
    const live = mode === 'general' || mode === 'double';
    const l = live ? representation(2n * slope) : 0n;
    row.slope = signedDigits(l);
    if (live)
      row.marker = fillMarker(
        limbValues(r.xDigits).map((limb) => limb + LIMB_OFFSET),
        P_LIMBS,
      );
    if (mode === 'general') {
      const groups = groupValues(q.xDigits.map((digit, i) => digit - p.xDigits[i]!));
      const at = groups.findIndex((g) => g !== 0);
      row.difference[at] = Fp.inv(Fp.fromInt(groups[at]!));
    }
    const [x1, y1, x2, y2, x3, y3] = [p.x, p.y, q.x, q.y, r.x, r.y];
    const first = {
      general: l * (x2 - x1) - 2n * (y2 - y1),
      double: l * y1 - 3n * x1 * x1,
      cancel: y1 + y2,
      leftInfinite: 0n,
      rightInfinite: 0n,
    }[mode];
    const slopeQuotient = splitQuotient(first / FIELD_P);
    const yQuotient = splitQuotient(live ? (l * (x1 - x3) - 2n * (y1 + y3)) / FIELD_P : 0n);
    row.quotients.slope = slopeQuotient.digits;
    row.quotients.x = splitQuotient(live ? (l * l - 4n * (x1 + x2 + x3)) / FIELD_P : 0n).digits;
    row.quotients.y = yQuotient.digits;
    row.tops.slope = slopeQuotient.top;
    row.tops.y = yQuotient.top;
  },
  constrain: (c, row) => {
    const { isReal, mode, call, left, right, result, mult, isRightInfinite } = row;
    const { x1, y1, x2, y2, slope, x3, y3, quotients, tops, difference, marker } = row;
    const { general, double, cancel, leftInfinite, rightInfinite } = mode;
    const once = { maxPerRow: 1 };
    const live = general.add(double);
    c.assertZero('one mode', live.add(cancel).add(leftInfinite).add(rightInfinite).sub(isReal));
    c.assertZero('Q alone is infinity', rightInfinite.sub(isRightInfinite.mul(leftInfinite.not())));
    c.assertZero('only real rows are read', mult.mul(isReal.not()));

    for (const d of [y1, x3, slope, quotients.slope, quotients.x, quotients.y])
      for (let i = 0; i < DIGITS; i += 2) c.send(BYTES, [d[i]!.add(OFFSET), d[i + 1]!.add(OFFSET)], isReal, once);
    for (const limb of y3) c.send(RANGE16, [limb.add(LIMB_OFFSET)], isReal, once);
    for (const top of [tops.slope, tops.y]) c.send(POW, [top.add(2 ** (TOP_BITS - 1)), 2 ** TOP_BITS], isReal, once);

    const identities = additionCoefficients(row, mode, c.constant(0));
    assertZeroSum(c, 'slope', identities.slope, ADDITION_CARRY_BITS, isReal);
    assertZeroSum(c, 'x of the sum', identities.x, ADDITION_CARRY_BITS, isReal);
    assertZeroSum(c, 'y of the sum', identities.y, ADDITION_CARRY_BITS, isReal);

    const h1 = limbsOfDigits(y1);
    const apart = groupsOf(x2.map((x, i) => x.sub(x1[i]!)));
    const inverse = apart.map((group, g) => group.mul(difference[g]!)).reduce((a, b) => a.add(b));
    c.assertZero('x1 and x2 differ in general mode', inverse.sub(general));
    for (const [g, group] of apart.entries()) c.assertZero(`one x: group ${g}`, double.add(cancel).mul(group));
    for (const [i, limb] of h1.entries()) c.assertZero(`one y: limb ${i}`, double.mul(limb.sub(y2[i]!)));
    for (const [g, group] of groupsOf(slope).entries())
      c.assertZero(`no slope: group ${g}`, isReal.sub(live).mul(group));

    const [one, two, three] = [groupsOf(x1), groupsOf(x2), groupsOf(x3)];
    for (const [g, group] of three.entries())
      c.assertZero(
        `x of a copy or of infinity: group ${g}`,
        leftInfinite
          .mul(group.sub(two[g]!))
          .add(rightInfinite.mul(group.sub(one[g]!)))
          .add(cancel.mul(group)),
      );
    for (const [i, limb] of y3.entries())
      c.assertZero(
        `y of a copy or of infinity: limb ${i}`,
        leftInfinite
          .mul(limb.sub(y2[i]!))
          .add(rightInfinite.mul(limb.sub(h1[i]!)))
          .add(cancel.mul(limb)),
      );
    const shifted = limbsOfDigits(x3).map((limb) => limb.add(live.mul(LIMB_OFFSET)));
    assertLess(c, 'x3 is canonical', shifted, P_LIMBS, marker, live);

    c.receive(POINT_OP, [call, left, right, result], isReal, once);
    c.send(POINT, [call, left, ...x1, ...h1, leftInfinite], isReal, once);
    c.send(POINT, [call, right, ...x2, ...y2, isRightInfinite], isReal, once);
    const isInfinite = cancel.add(leftInfinite.mul(isRightInfinite));
    c.receive(POINT, [call, result, ...x3, ...y3, isInfinite], mult, { maxPerRow: 2 ** 31 });
  },
  freeCells: Object.fromEntries(
    Array.from({ length: GROUPS }, (_, g) => [
      `difference[${g}]`,
      'a factor of a group that is 0, or one of several that prove the same',
    ]),
  ),
});
