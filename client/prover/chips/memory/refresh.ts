import { defineChip } from '../../air/chip.ts';
import { array, bit, field, u16 } from '../../air/columns.ts';
import { rowProgram } from '../../air/row-program.ts';
import type { Word } from '../../air/word.ts';
import { REFRESH_WORDS } from '../../vm/flat-records.ts';
import { MEM, RANGE16 } from '../buses.ts';
import { cellLimbs } from './cell-words.ts';

type RefreshWords = Readonly<Record<'space' | 'address' | 'from' | 'to', Word>> & { readonly value: readonly Word[] };

/** A number x = low + 2^13 · high with both parts below 2^16: x < 2^29 + 2^16, so sums of two stay below P. */
export const SPLIT_BITS = 13;
export const SPLIT = 2 ** SPLIT_BITS;

/**
 * Moves a cell's value to a later time, for accesses whose distance one RANGE16 lookup cannot hold. It has no place in
 * the control flow: it cannot change a value, and a time below P that only grows cannot close a cycle.
 */
export const refresh = defineChip({
  id: 'refresh',
  maxDegree: 2,
  columns: {
    isReal: bit('1 on rows that move a cell'),
    space: field('address space'),
    address: field('cell in it'),
    value: array(u16('its limbs, as received'), 4),
    to: field('clock that the value moves to'),
    toHigh: u16('high part of `to`'),
    gap: field('to − from − 1'),
    gapHigh: u16('high part of `gap`'),
  },
  fill: (r: RefreshWords, row) => {
    const gap = r.to.sub(r.from).sub(1).below(30);
    row.isReal = 1;
    row.space = r.space;
    row.address = r.address;
    row.value = r.value;
    row.to = r.to;
    row.toHigh = r.to.shr(SPLIT_BITS);
    row.gap = gap;
    row.gapHigh = gap.shr(SPLIT_BITS);
  },
  constrain: (c, { isReal, space, address, value, to, toHigh, gap, gapHigh }) => {
    const once = { maxPerRow: 1 };
    c.receive(MEM, [space, address, ...value, to.sub(gap).sub(1)], isReal, once);
    c.send(MEM, [space, address, ...value, to], isReal, once);
    for (const [x, high] of [
      [to, toHigh],
      [gap, gapHigh],
    ] as const) {
      c.send(RANGE16, [x.sub(high.mul(SPLIT))], isReal, once);
      c.send(RANGE16, [high], isReal, once);
    }
  },
  freeCells: {
    toHigh: 'low and high overlap: any split into two u16 shows the bound',
    gapHigh: 'low and high overlap: any split into two u16 shows the bound',
  },
});

/** From the records of `FlatSegment.refreshes`. */
export const refreshRows = rowProgram(refresh, REFRESH_WORDS, (b): RefreshWords => {
  const [space, address, from, to] = [0, 1, 4, 5].map((k) => b.record(k, 30)) as [Word, Word, Word, Word];
  return { space, address, from, to, value: cellLimbs(space, b.record(2), b.record(3)) };
});
