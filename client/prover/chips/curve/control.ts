import { defineChip } from '../../air/chip.ts';
import { array, bit, field } from '../../air/columns.ts';
import { type Expr, pack, sum } from '../../air/expr.ts';
import { MSM_CHAIN, POINT, POINT_OP, SCALARS } from '../buses.ts';
import { DIGITS, LIMBS } from './field.ts';
import { INFINITY_REGISTER, POINTS, STEPS_PER_ROW, SUBSET_ADDITIONS, SUBSETS } from './registers.ts';

/** 16 bits of each scalar of a call. */
export type ControlRecord = {
  readonly call: number;
  /** Number of the row in the call, from the highest bits on. */
  readonly row: number;
  /** The limb of each scalar. */
  readonly limbs: readonly number[];
  /** Register of the sum that the row starts with. */
  readonly start: number;
  /** How often the register of infinity is read; 0 but in the first row. */
  readonly uses: number;
};

const columns = {
  isReal: bit('1 on rows with 16 bits'),
  isFirst: bit('1 on a row that fills the registers of subsets'),
  call: field('clock of the call'),
  row: field('number of the row in the call'),
  start: field('register of the sum so far'),
  mult: field('how often the register of infinity is read'),
  scalar: {
    0: array(bit('bits of the first scalar'), STEPS_PER_ROW),
    1: array(bit('bits of the second scalar'), STEPS_PER_ROW),
    2: array(bit('bits of the third scalar'), STEPS_PER_ROW),
    3: array(bit('bits of the fourth scalar'), STEPS_PER_ROW),
  },
  adds: array(bit('1 where a subset is added: at least where one scalar has the bit'), STEPS_PER_ROW),
};

/**
 * The additions of Σ scalarᵢ · pointᵢ: for each bit, from the highest, a doubling and the addition of a subset of the
 * points. The first row of a call also adds up the subsets.
 *
 * *Soundness of the registers.* A register is filled once: the host row sends one chain per clock, its rows have the
 * numbers 0, 1, …, a chain that nobody sent would have to close, and numbers only grow; so each row number, and with it
 * each result register, occurs once per call, and the subsets' with row 0 only. Every addition is sent once and received
 * by one row. Where no scalar has a bit, adding the empty subset is one way to go on: its register holds infinity.
 */
export const msmControl = defineChip({
  id: 'msm_control',
  maxDegree: 2,
  columns,
  fillRow: ({ call, row: number, limbs, start, uses }: ControlRecord, row) => {
    Object.assign(row, { isReal: 1, isFirst: number === 0 ? 1 : 0, call, row: number, start, mult: uses });
    for (let k = 0; k < STEPS_PER_ROW; k++) {
      const bits = limbs.map((limb) => (limb >> k) & 1);
      bits.forEach((value, i) => {
        row.scalar[i as 0 | 1 | 2 | 3][k] = value;
      });
      row.adds[STEPS_PER_ROW - 1 - k] = bits.includes(1) ? 1 : 0;
    }
  },
  constrain: (c, { isReal, isFirst, call, row, start, mult, scalar, adds }) => {
    const once = { maxPerRow: 1 };
    const scalars = [scalar[0], scalar[1], scalar[2], scalar[3]];
    c.assertZero('first rows are real', isFirst.mul(isReal.not()));
    c.assertZero('first rows have number 0', isFirst.mul(row));
    c.assertZero('only first rows hold infinity', mult.mul(isFirst.not()));
    c.receive(MSM_CHAIN, [call, row, start], isReal, once);
    c.receive(SCALARS, [call, row, ...scalars.map((bits) => pack(bits, 1))], isReal, once);
    const infinity = new Array<number>(DIGITS + LIMBS).fill(0);
    c.receive(POINT, [call, INFINITY_REGISTER, ...infinity, 1], mult, { maxPerRow: 2 ** 31 });
    for (const addition of SUBSET_ADDITIONS) c.send(POINT_OP, [call, ...addition], isFirst, once);
    let before = start;
    adds.forEach((isAdded, step) => {
      const subset = sum(
        Array.from({ length: POINTS }, (_, i): Expr => scalars[i]![STEPS_PER_ROW - 1 - step]!.mul(2 ** i)),
      );
      c.assertZero(`step ${step}: a subset that is not empty is added`, isAdded.not().mul(subset));
      c.assertZero(`step ${step}: real rows add`, isAdded.mul(isReal.not()));
      const doubled = row.mul(2 * STEPS_PER_ROW).add(SUBSETS + 2 * step);
      c.send(POINT_OP, [call, before, before, doubled], isReal, once);
      c.send(POINT_OP, [call, doubled, subset, doubled.add(1)], isAdded, once);
      before = doubled.add(isAdded);
    });
    c.send(MSM_CHAIN, [call, row.add(1), before], isReal, once);
  },
});
