import { defineChip } from '../../air/chip.ts';
import { array, bit, field, fixed } from '../../air/columns.ts';
import { ROUND } from '../buses.ts';
import { KECCAK_ROUNDS, roundConstantBits } from '../keccak/permutation.ts';
import { smallTable } from './closed-form.ts';
import { ANY_COUNT, byRule, defineTable } from './table.ts';

const LOG_HEIGHT = 5;
const CONSTANT_BITS = 7;
/** Rows behind the last round repeat round 0, so that they add nothing to the table. */
const roundOfRow = (row: number): number => (row < KECCAK_ROUNDS ? row : 0);
const rows = Array.from({ length: 2 ** LOG_HEIGHT }, (_, row) => roundOfRow(row));

/** The 24 round constants of Keccak-f by their bits at positions 2^j − 1; the others are zero (FIPS 202, 3.2.5). */
const roundChip = defineChip({
  id: 'round',
  maxDegree: 1,
  columns: {
    round: fixed(field('number of the round')),
    rc: fixed(array(bit('bit 2^j − 1 of its constant'), CONSTANT_BITS)),
    mult: field('uses'),
  },
  fixed: {
    round: smallTable(rows),
    ...Object.fromEntries(
      Array.from({ length: CONSTANT_BITS }, (_, j) => [
        `rc[${j}]`,
        smallTable(rows.map((round) => roundConstantBits(round)[j]!)),
      ]),
    ),
  },
  constrain: (c, row) => c.receive(ROUND, [row.round, ...row.rc], row.mult, { maxPerRow: ANY_COUNT }),
});

export const round = defineTable(roundChip, LOG_HEIGHT, [
  byRule(ROUND, ([rounds, ...bits], i) => {
    const r = rounds![i]!;
    return r < KECCAK_ROUNDS && roundConstantBits(r).every((b, j) => b === bits[j]![i]) ? r : -1;
  }),
]);
