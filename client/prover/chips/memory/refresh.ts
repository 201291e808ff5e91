import { defineChip } from '../../air/chip.ts';
import { array, bit, field, u16 } from '../../air/columns.ts';
import type { RefreshRecord } from '../../vm/records.ts';
import { MEM, RANGE16 } from '../buses.ts';

/** A number x = low + 2^13 · high with both parts below 2^16: x < 2^29 + 2^16, so sums of two stay below P. */
export const SPLIT = 2 ** 13;

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
  fillRow: (r: RefreshRecord, row) => {
    const gap = r.to - r.from - 1;
    row.isReal = 1;
    row.space = r.space;
    row.address = r.address;
    row.value = [...r.value];
    row.to = r.to;
    row.toHigh = Math.floor(r.to / SPLIT);
    row.gap = gap;
    row.gapHigh = Math.floor(gap / SPLIT);
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
