import { defineChip } from '../../air/chip.ts';
import { array, field, u16 } from '../../air/columns.ts';
import { INSTRUCTIONS } from '../../vm/isa.ts';
import type { InstructionRecord } from '../../vm/records.ts';
import { plain } from '../adapter/encoding.ts';
import { fillInstruction, fillRead } from '../adapter/fill.ts';
import { executes, instructionColumns, rangeCheck, readColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { Space } from '../buses.ts';
import { CELL_LIMBS, cellOfPointer } from '../load/address.ts';

const INPUT_CELLS = 8;
const OUTPUT_CELLS = 6;

/**
 * Writes 48 bytes that are bound to nothing: an inverse, a square root, a split scalar, whatever the prover likes. The guest
 * checks what it needs of them, as it does with its input. The 64 bytes that the answer is computed from are read, like any
 * host call's, and mean nothing here; neither does the kind.
 */
export const advice: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.advice.chip,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      kindOperand: readColumns(2),
      out: readColumns(2),
      in: readColumns(2),
      input: array(u16('limbs that are read'), CELL_LIMBS * INPUT_CELLS),
      inputPrev: array(field('clock of an input cell’s previous access'), INPUT_CELLS),
      answer: array(u16('any limbs, range-checked here'), CELL_LIMBS * OUTPUT_CELLS),
      old: array(u16('limbs that the answer replaces'), CELL_LIMBS * OUTPUT_CELLS),
      oldPrev: array(field('clock of an output cell’s previous access'), OUTPUT_CELLS),
    },
    fillRow: (r: InstructionRecord, row) => {
      fillInstruction(row, r);
      [row.kindOperand, row.out, row.in].forEach((operand, k) => {
        fillRead(operand, r, k);
      });
      const inputs = r.cells.slice(0, INPUT_CELLS);
      const outputs = r.cells.slice(INPUT_CELLS);
      row.input = inputs.flatMap((cell) => cell.before);
      row.inputPrev = inputs.map((cell) => cell.prev);
      row.answer = outputs.flatMap((cell) => cell.after);
      row.old = outputs.flatMap((cell) => cell.before);
      row.oldPrev = outputs.map((cell) => cell.prev);
    },
    constrain: (c, row) => {
      const { kindOperand, out, input, inputPrev, answer, old, oldPrev, isReal } = row;
      const { op, advance } = INSTRUCTIONS.advice;
      const operands = [kindOperand, out, row.in];
      const accesses = executes(c, row, { op, fields: operands.map((o) => o.slot), advance });
      for (const operand of operands) accesses.read(operand);
      const cellOf = (limbs: typeof old, k: number): typeof old => limbs.slice(CELL_LIMBS * k, CELL_LIMBS * (k + 1));
      const from = cellOfPointer(c, row.in.limbs, isReal);
      inputPrev.forEach((prev, k) => {
        accesses.cell(Space.LINEAR, from.add(k), cellOf(input, k), cellOf(input, k), prev);
      });
      const to = cellOfPointer(c, out.limbs, isReal);
      oldPrev.forEach((prev, k) => {
        accesses.cell(Space.LINEAR, to.add(k), cellOf(old, k), cellOf(answer, k), prev);
      });
      rangeCheck(c, answer, isReal);
    },
  }),
  { advice: plain },
);
