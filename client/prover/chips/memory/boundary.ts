import { defineChip } from '../../air/chip.ts';
import { array, bit, field, inInterface, u16 } from '../../air/columns.ts';
import { rowProgram } from '../../air/row-program.ts';
import type { Word } from '../../air/word.ts';
import { BOUNDARY_WORDS } from '../../vm/flat-records.ts';
import { CELL, MEM, RANGE16 } from '../buses.ts';
import { cellLimbs } from './cell-words.ts';

type BoundaryWords = Readonly<Record<'space' | 'address' | 'epoch' | 'start' | 'end', Word>> & {
  readonly before: readonly Word[];
  readonly after: readonly Word[];
};

/**
 * One row per touched cell of a segment: takes the cell from an earlier epoch, offers it to this segment's accesses,
 * takes what they leave and passes it on under the own epoch, segment index + 1. The start clock is free: among the anchored accesses of a
 * cell the earliest can only take this row's message, by induction each next its predecessor's.
 */
export const boundary = defineChip({
  id: 'boundary',
  maxDegree: 2,
  publics: ['segment'],
  columns: {
    ...inInterface({
      isReal: bit('1 on rows with a cell'),
      space: field('address space'),
      address: field('cell in it'),
      before: array(u16('limbs before the segment'), 4),
      after: array(u16('limbs behind the segment'), 4),
      epoch: field('epoch of the limbs before'),
    }),
    start: field('clock at which the cell enters MEM, free'),
    end: field('clock of the last access'),
  },
  fill: (r: BoundaryWords, row) => {
    row.isReal = 1;
    row.space = r.space;
    row.address = r.address;
    row.before = r.before;
    row.after = r.after;
    row.epoch = r.epoch;
    row.start = r.start;
    row.end = r.end;
  },
  constrain: (c, { isReal, space, address, before, after, epoch, start, end }) => {
    const once = { maxPerRow: 1 };
    const own = c.public('segment').add(1);
    c.receive(CELL, [space, address, ...before, epoch], isReal, once);
    c.send(CELL, [space, address, ...after, own], isReal, once);
    c.send(RANGE16, [own.sub(epoch).sub(1)], isReal, once);
    c.send(MEM, [space, address, ...before, start], isReal, once);
    c.receive(MEM, [space, address, ...after, end], isReal, once);
  },
});

/** From the records of `FlatSegment.boundaries`. */
export const boundaryRows = rowProgram(boundary, BOUNDARY_WORDS, (b): BoundaryWords => {
  const [space, address, epoch, start, end] = [0, 1, 6, 7, 8].map((k) => b.record(k, 30)) as [
    Word,
    Word,
    Word,
    Word,
    Word,
  ];
  const limbs = (at: number): Word[] => cellLimbs(space, b.record(at), b.record(at + 1));
  return { space, address, epoch, start, end, before: limbs(2), after: limbs(4) };
});
