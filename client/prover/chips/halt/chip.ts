import { defineChip } from '../../air/chip.ts';
import { array, field, u16 } from '../../air/columns.ts';
import { HALT_PC, INSTRUCTIONS } from '../../vm/isa.ts';
import { rowType } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, limbsOfPair } from '../adapter/fill-words.ts';
import { executes, instructionColumns, readColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { PUBLIC, PUBLIC_LIMBS, Space } from '../buses.ts';
import { CELL_LIMBS, cellOfPointer } from '../load/address.ts';

export const PUBLIC_CELLS = PUBLIC_LIMBS / CELL_LIMBS;

/** Shows the public values, 18 cells from an 8-aligned pointer on, and ends at HALT. */
export const halt: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.halt.chip,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      pointer: readColumns(2),
      limbs: array(u16('public values'), PUBLIC_LIMBS),
      prev: array(field('clock of a cell’s previous access'), PUBLIC_CELLS),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      fillRead(row.pointer, r, 0);
      row.limbs = r.cells.flatMap((cell) => limbsOfPair(cell.before));
      row.prev = r.cells.map((cell) => cell.prev);
    },
    constrain: (c, row) => {
      const { pointer, limbs, prev, isReal } = row;
      const { op, advance } = INSTRUCTIONS.halt;
      const accesses = executes(c, row, { op, fields: [pointer.slot], next: HALT_PC, advance });
      accesses.read(pointer);
      const first = cellOfPointer(c, pointer.limbs, isReal);
      prev.forEach((clock, k) => {
        const cell = limbs.slice(CELL_LIMBS * k, CELL_LIMBS * (k + 1));
        accesses.cell(Space.LINEAR, first.add(k), cell, cell, clock);
      });
      c.send(PUBLIC, limbs, isReal, { maxPerRow: 1 });
    },
  }),
  { halt: rowType(INSTRUCTIONS.halt.op, (i) => i.reads) },
);
