import { defineChip } from '../../air/chip.ts';
import { field, fixed, u8 } from '../../air/columns.ts';
import { Fp5 } from '../../field/fp5.ts';
import { AND, BYTES, RANGE16 } from '../buses.ts';
import { closedForm, numberOf } from './closed-form.ts';
import { ANY_COUNT, byRule, defineTable, type Provider } from './table.ts';

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

const range16: Provider = {
  bus: RANGE16,
  rowOf: (fields, i) => {
    const x = fields[0]![i]!;
    return x < 2 ** 16 ? x : -1;
  },
  // Half of all lookups: a loop of its own, which no other rule slows down.
  addUses: (uses, fields, counts, n) => {
    const xs = fields[0]!;
    for (let i = 0; i < n; i++) {
      const count = counts[i]!;
      if (count === 0) continue;
      const x = xs[i]!;
      if (x >= 2 ** 16) return i;
      uses[x]! += count;
    }
    return -1;
  },
};

const bytes: Provider = {
  bus: BYTES,
  rowOf: (fields, i) => {
    const [x, y] = [fields[0]![i]!, fields[1]![i]!];
    return (x | y) >>> 8 === 0 ? x + 256 * y : -1;
  },
  addUses: (uses, fields, counts, n) => {
    const [xs, ys] = [fields[0]!, fields[1]!];
    for (let i = 0; i < n; i++) {
      const count = counts[i]!;
      if (count === 0) continue;
      const x = xs[i]!;
      const y = ys[i]!;
      if ((x | y) >>> 8 !== 0) return i;
      uses[x + 256 * y]! += count;
    }
    return -1;
  },
};

export const pair = defineTable(pairChip, LOG_HEIGHT, [
  range16,
  bytes,
  byRule(AND, (fields, i) => {
    const [x, y] = [fields[0]![i]!, fields[1]![i]!];
    return (x | y) >>> 8 === 0 && (x & y) === fields[2]![i] ? x + 256 * y : -1;
  }),
]);
