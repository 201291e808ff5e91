import { defineChip } from '../../air/chip.ts';
import { array, bit, u16 } from '../../air/columns.ts';
import { sum } from '../../air/expr.ts';
import { sumOf } from '../../air/word.ts';
import { INSTRUCTIONS } from '../../vm/isa.ts';
import { rowType } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, fillWrite, limbsOfPair, replacement } from '../adapter/fill-words.ts';
import { executes, instructionColumns, rangeCheck, readColumns, writeColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { Space } from '../buses.ts';
import { advancedColumns, assertAdvanced, assertIdle, freeLeft, leftColumns } from '../copy/core.ts';
import { CELL_BYTES, CELL_LIMBS, cellColumns, cellOfPointer, fillCellLimbs, INV_CELL_BYTES } from '../load/address.ts';
import { assertNonZero, nonZeroHint } from '../zero/core.ts';

/** Input is advice: any value of any length, bound to nothing; the guest checks what it copies. */

/** The length of the input, as the prover says. */
export const inputSize: InstructionChip = instructionChip(
  defineChip({
    id: 'input_size',
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      result: writeColumns(2),
      size: array(u16('any number, range-checked'), 2),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      row.size = fillWrite(row.result, r);
    },
    constrain: (c, row) => {
      const { op, advance } = INSTRUCTIONS.inputSize;
      executes(c, row, { op, fields: [row.result.slot], advance }).write(row.result, row.size);
      rangeCheck(c, row.size, row.isReal);
    },
  }),
  { inputSize: rowType(INSTRUCTIONS.inputSize.op, (i) => i.writes) },
);

/**
 * Eight bytes of input to an 8-aligned pointer, one cell per row; control stays until nothing is left. A length that is
 * no multiple of 8 never comes to an end, so no proof exists.
 */
export const inputRead: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.inputRead.chip,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      isActive: bit('1 on rows that write a cell, 0 where the length is zero'),
      to: readColumns(2),
      length: readColumns(2),
      cell: cellColumns,
      advice: array(u16('the cell afterwards: any limbs, range-checked'), CELL_LIMBS),
      after: { to: advancedColumns, length: advancedColumns },
      left: leftColumns,
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      fillRead(row.to, r, 0);
      fillRead(row.length, r, 1);
      row.after.to = replacement(r, 0);
      const left = replacement(r, 1);
      row.after.length = left;
      row.left = nonZeroHint(sumOf(left));
      row.isActive = r.cellCount.isNonZero();
      fillCellLimbs(row.cell, r.cells[0]!);
      row.advice = limbsOfPair(r.cells[0]!.after);
    },
    constrain: (c, row) => {
      const { isActive, to, length, cell, advice, after, left, isReal } = row;
      const { op, advance } = INSTRUCTIONS.inputRead;
      c.assertZero('only real rows write', isActive.mul(isReal.not()));
      const accesses = executes(c, row, {
        op,
        fields: [to.slot, length.slot],
        next: row.pc.add(1).sub(left.isNonZero),
        advance,
      });
      const [putTo, putLength] = [accesses.take(to), accesses.take(length)];
      assertNonZero(c, sum(after.length), left.isNonZero, left.inverse);
      assertIdle(c, isActive, length.limbs);
      // A u16 divided by 8 in the field is a u16 only if the division is exact.
      rangeCheck(c, [to.limbs[0]!.mul(INV_CELL_BYTES)], isReal);
      const address = cellOfPointer(c, to.limbs, isActive);
      accesses.cell(Space.LINEAR, address, cell.limbs, advice, cell.prev, isActive);
      rangeCheck(c, advice, isActive);
      assertAdvanced(c, 'to', to.limbs, isActive.mul(CELL_BYTES), after.to);
      assertAdvanced(c, 'length', after.length, isActive.mul(CELL_BYTES), length.limbs);
      rangeCheck(c, [...after.to, ...after.length], isReal);
      putTo(after.to);
      putLength(after.length);
    },
    freeCells: {
      ...Object.fromEntries(
        ['cell.prev', ...[0, 1, 2, 3].flatMap((k) => [`cell.limbs[${k}]`, `advice[${k}]`])].map((cell) => [
          cell,
          'a row of length zero writes nothing',
        ]),
      ),
      ...freeLeft,
    },
  }),
  { inputRead: rowType(INSTRUCTIONS.inputRead.op, (i) => i.reads) },
);
