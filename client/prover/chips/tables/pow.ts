import { defineChip } from '../../air/chip.ts';
import { field, fixed, u16 } from '../../air/columns.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { POW } from '../buses.ts';
import { closedForm, numberOf } from './closed-form.ts';
import { ANY_COUNT, byRule, defineTable } from './table.ts';

const LOG_HEIGHT = 17;
const topBit = (row: number): number => 31 - Math.clz32(Math.max(1, row));

/** By bit, most significant first: the extension of "this is the top bit of the row"; and of "the row is zero". */
function topBits(point: readonly Ext[]): { readonly isTop: readonly Ext[]; readonly isZero: Ext } {
  let zerosAbove = Fp5.ONE;
  const isTop = point.map((bit) => {
    const top = Fp5.mul(zerosAbove, bit);
    zerosAbove = Fp5.sub(zerosAbove, top);
    return top;
  });
  return { isTop, isZero: zerosAbove };
}

/** Row 2^n + x, x < 2^n ≤ 2^16, holds (x, 2^n); row 0 repeats row 1, so that it adds nothing to the table. */
const powChip = defineChip({
  id: 'pow',
  maxDegree: 1,
  columns: {
    x: fixed(u16('row without its top bit')),
    power: fixed(field('top bit of the row')),
    mult: field('uses'),
  },
  fixed: {
    x: closedForm(
      (row) => (row === 0 ? 0 : row - 2 ** topBit(row)),
      (point) => {
        const { isTop } = topBits(point);
        let result = Fp5.ZERO;
        let below = Fp5.ZERO;
        for (let i = point.length - 1, unit = 1; i >= 0; i--, unit *= 2) {
          result = Fp5.add(result, Fp5.mul(isTop[i]!, below));
          below = Fp5.add(below, Fp5.scale(point[i]!, unit));
        }
        return result;
      },
    ),
    power: closedForm(
      (row) => 2 ** topBit(row),
      (point) => {
        const { isTop, isZero } = topBits(point);
        return Fp5.add(numberOf(isTop), isZero);
      },
    ),
  },
  constrain: (c, { x, power, mult }) => c.receive(POW, [x, power], mult, { maxPerRow: ANY_COUNT }),
});

export const pow = defineTable(powChip, LOG_HEIGHT, [
  byRule(POW, (fields, i) => {
    const [x, power] = [fields[0]![i]!, fields[1]![i]!];
    const isPower = power >= 1 && power <= 2 ** 16 && (power & (power - 1)) === 0;
    return isPower && x < power ? x + power : -1;
  }),
]);
