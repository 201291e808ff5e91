import { defineChip } from '../../air/chip.ts';
import { array, bit, field, inInterface, u16 } from '../../air/columns.ts';
import { rowProgram } from '../../air/row-program.ts';
import type { Word } from '../../air/word.ts';
import { CELL, DATA, RANGE16, SORT } from '../buses.ts';
import { cellLimbs } from './cell-words.ts';
import { SPLIT, SPLIT_BITS } from './refresh.ts';

export const ZoneKind = { ZERO: 0, DATA: 1 } as const;

/** Cells [from, to) of a space that exist, and where their initial values come from. */
export type Zone = { readonly space: number; readonly kind: number; readonly from: number; readonly to: number };

/**
 * Words of a record, a cell that the block touches: (space, zone kind, address, next, initial low, initial high, last low,
 * last high, epoch). `next`: the next cell of the zone, or the zone's end; `epoch`: of the last segment that touched it.
 */
export const MEMORY_ROW_WORDS = 9;

type MemoryWords = Readonly<Record<'space' | 'kind' | 'address' | 'next' | 'epoch', Word>> & {
  readonly initial: readonly Word[];
  readonly last: readonly Word[];
};

/**
 * Every cell of the block exactly once, in ascending order within its zone: gives its initial value at epoch 0, takes
 * its last one. The order comes from SORT: a row takes its address and gives the next, which is larger.
 *
 * *Soundness.* address and next − address − 1 are both below 2^29 + 2^16, so next = address + gap + 1 < 2^30 + 2^17 < P
 * holds over the integers and a chain of rows cannot come back to an address. Parts of 2^14 instead of 2^13 would allow
 * sums above P, and a cell could be initialised twice.
 */
export const memoryTable = defineChip({
  id: 'memory_table',
  maxDegree: 2,
  columns: inInterface({
    isReal: bit('1 on rows with a cell'),
    isData: bit('zone kind: 1 where the initial value is looked up in DATA, 0 where it is zero'),
    space: field('address space'),
    address: field('cell in it'),
    addressHigh: u16('address = low + 2^13 · high'),
    gap: field('next − address − 1'),
    gapHigh: u16('gap = low + 2^13 · high'),
    initial: array(u16('limbs at first'), 4),
    last: array(u16('limbs behind the last segment that touched it'), 4),
    epoch: field('epoch of the last limbs'),
  }),
  fill: (r: MemoryWords, row) => {
    const gap = r.next.sub(r.address).sub(1).below(30);
    row.isReal = 1;
    row.isData = r.kind;
    row.space = r.space;
    row.address = r.address;
    row.addressHigh = r.address.shr(SPLIT_BITS);
    row.gap = gap;
    row.gapHigh = gap.shr(SPLIT_BITS);
    row.initial = r.initial;
    row.last = r.last;
    row.epoch = r.epoch;
  },
  constrain: (c, { isReal, isData, space, address, addressHigh, gap, gapHigh, initial, last, epoch }) => {
    const once = { maxPerRow: 1 };
    c.assertZero('padding is in no data zone', isReal.not().mul(isData));
    initial.forEach((limb, k) => {
      c.assertZero(`limb ${k} is zero outside data zones`, isData.not().mul(limb));
    });
    c.receive(SORT, [space, isData, address], isReal, once);
    c.send(SORT, [space, isData, address.add(gap).add(1)], isReal, once);
    c.send(CELL, [space, address, ...initial, 0], isReal, once);
    c.receive(CELL, [space, address, ...last, epoch], isReal, once);
    c.send(DATA, [space, address, ...initial], isData, once);
    for (const [x, high] of [
      [address, addressHigh],
      [gap, gapHigh],
    ] as const) {
      c.send(RANGE16, [x.sub(high.mul(SPLIT))], isReal, once);
      c.send(RANGE16, [high], isReal, once);
    }
  },
  freeCells: {
    addressHigh: 'low and high overlap: any split into two u16 shows the bound',
    gapHigh: 'low and high overlap: any split into two u16 shows the bound',
  },
});

/** From records of `MEMORY_ROW_WORDS` words, one per cell. */
export const memoryRows = rowProgram(memoryTable, MEMORY_ROW_WORDS, (b): MemoryWords => {
  const [space, kind, address, epoch] = [0, 1, 2, 8].map((k) => b.record(k, 30)) as [Word, Word, Word, Word];
  const limbs = (at: number): Word[] => cellLimbs(space, b.record(at), b.record(at + 1));
  return { space, kind, address, next: b.record(3, 31), epoch, initial: limbs(4), last: limbs(6) };
});
