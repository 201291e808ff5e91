import { defineChip } from '../../air/chip.ts';
import { array, bit, field, inInterface, u16 } from '../../air/columns.ts';
import { INSTRUCTIONS } from '../../vm/isa.ts';
import { rowType } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, limbsOfPair } from '../adapter/fill-words.ts';
import { executes, instructionColumns, readColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { KECCAK_CALL, Space, STATE_LIMBS } from '../buses.ts';
import { CELL_LIMBS, cellOfPointer } from '../load/address.ts';
import { LANES } from './permutation.ts';

/**
 * Permutes 25 cells in place, from an 8-aligned pointer on. The permutation itself is proven by the rows that take the
 * call: id (segment, clock), input, output. The output limbs are packed from bits there, so they need no range check.
 */
export const keccakHost: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.keccakF.chip,
    maxDegree: 2,
    publics: ['segment'],
    columns: {
      ...instructionColumns,
      ...inInterface({
        isReal: bit('1 on rows with a call'),
        clock: field('clock of the call'),
        input: array(u16('state before'), STATE_LIMBS),
        output: array(u16('state after'), STATE_LIMBS),
      }),
      pointer: readColumns(2),
      prev: array(field('clock of a cell’s previous access'), LANES),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      fillRead(row.pointer, r, 0);
      row.input = r.cells.flatMap((cell) => limbsOfPair(cell.before));
      row.output = r.cells.flatMap((cell) => limbsOfPair(cell.after));
      row.prev = r.cells.map((cell) => cell.prev);
    },
    constrain: (c, row) => {
      const { clock, input, output, pointer, prev, isReal } = row;
      const { op, advance } = INSTRUCTIONS.keccakF;
      const accesses = executes(c, row, { op, fields: [pointer.slot], advance });
      accesses.read(pointer);
      const first = cellOfPointer(c, pointer.limbs, isReal);
      prev.forEach((before, k) => {
        const lane = (limbs: typeof input) => limbs.slice(CELL_LIMBS * k, CELL_LIMBS * (k + 1));
        accesses.cell(Space.LINEAR, first.add(k), lane(input), lane(output), before);
      });
      c.send(KECCAK_CALL, [c.public('segment'), clock, ...input, ...output], isReal, { maxPerRow: 1 });
    },
  }),
  { keccakF: rowType(INSTRUCTIONS.keccakF.op, (i) => i.reads) },
);
