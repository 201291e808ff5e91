import { defineChip } from '../../air/chip.ts';
import { field, fixed, u8 } from '../../air/columns.ts';
import { Fp5 } from '../../field/fp5.ts';
import { AND, BYTES, RANGE16 } from '../buses.ts';
import { closedForm, numberOf } from './closed-form.ts';
import { ANY_COUNT, byRule, defineTable } from './table.ts';

const LOG_HEIGHT = 16;
/** All pairs of bytes: row x + 256·y holds the 16-bit number, the two bytes, and their conjunction. */
const pairChip = defineChip({
  id: 'pair',
  maxDegree: 1,
  columns: {
    x: fixed(u8('row mod 256')),
    y: fixed(u8('row / 256')),
    and: fixed(u8('x ∧ y')),
    rangeMult: field('uses as a 16-bit number'),
    bytesMult: field('uses as a pair of bytes'),
    andMult: field('uses of the conjunction'),
  },
  fixed: {
    x: closedForm(
      (row) => row & 255,
      (point) => numberOf(point.slice(8)),
    ),
    y: closedForm(
      (row) => row >> 8,
      (point) => numberOf(point.slice(0, 8)),
    ),
    and: closedForm(
      (row) => row & 255 & (row >> 8),
      (point) => numberOf(Array.from({ length: 8 }, (_, i) => Fp5.mul(point[i]!, point[8 + i]!))),
    ),
  },
  constrain: (c, { x, y, and, rangeMult, bytesMult, andMult }) => {
    c.receive(RANGE16, [x.add(y.mul(256))], rangeMult, { maxPerRow: ANY_COUNT });
    c.receive(BYTES, [x, y], bytesMult, { maxPerRow: ANY_COUNT });
    c.receive(AND, [x, y, and], andMult, { maxPerRow: ANY_COUNT });
  },
});

export const pair = defineTable(pairChip, LOG_HEIGHT, [
  byRule(RANGE16, (fields, i) => {
    const x = fields[0]![i]!;
    return x < 2 ** 16 ? x : -1;
  }),
  byRule(BYTES, (fields, i) => {
    const [x, y] = [fields[0]![i]!, fields[1]![i]!];
    return (x | y) < 256 ? x + 256 * y : -1;
  }),
  byRule(AND, (fields, i) => {
    const [x, y] = [fields[0]![i]!, fields[1]![i]!];
    return (x | y) < 256 && (x & y) === fields[2]![i] ? x + 256 * y : -1;
  }),
]);
