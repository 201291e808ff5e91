import { defineChip } from '../../air/chip.ts';
import { array, field, u16 } from '../../air/columns.ts';
import { INSTRUCTIONS } from '../../vm/isa.ts';
import type { InstructionRecord } from '../../vm/records.ts';
import { plain } from '../adapter/encoding.ts';
import { fillInstruction, fillRead } from '../adapter/fill.ts';
import { executes, instructionColumns, readColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { Space } from '../buses.ts';
import { CELL_LIMBS, cellOfPointer } from '../load/address.ts';
import { limbsOfDigits } from '../wide/core.ts';
import { assertMulmod, fillMulmod, mulmodColumns, VALUE_LIMBS } from './core.ts';

const VALUE_CELLS = VALUE_LIMBS / CELL_LIMBS;
const OPERANDS = 4;

/**
 * out = (a · b + c) mod m for 256-bit values in memory, by pointers that are multiples of 8 (guest ABI). Reads the four
 * operands, then writes the result, so that the regions may overlap.
 */
export const mulmod: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.mulmod256.chip,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      out: readColumns(2),
      pointers: { a: readColumns(2), b: readColumns(2), c: readColumns(2), m: readColumns(2) },
      ...mulmodColumns,
      prev: array(field('clock of an operand cell’s previous access'), OPERANDS * VALUE_CELLS),
      old: array(u16('limbs that the result replaces'), VALUE_LIMBS),
      oldPrev: array(field('clock of a result cell’s previous access'), VALUE_CELLS),
    },
    fillRow: (r: InstructionRecord, row) => {
      fillInstruction(row, r);
      const { a, b, c, m } = row.pointers;
      [row.out, a, b, c, m].forEach((pointer, k) => {
        fillRead(pointer, r, k);
      });
      const inputs = r.cells.slice(0, OPERANDS * VALUE_CELLS);
      const outputs = r.cells.slice(OPERANDS * VALUE_CELLS);
      const operand = (k: number): number[] =>
        inputs.slice(VALUE_CELLS * k, VALUE_CELLS * (k + 1)).flatMap((cell) => cell.before);
      Object.assign(row, fillMulmod(operand(0), operand(1), operand(2), operand(3)));
      row.prev = inputs.map((cell) => cell.prev);
      row.old = outputs.flatMap((cell) => cell.before);
      row.oldPrev = outputs.map((cell) => cell.prev);
    },
    constrain: (c, row) => {
      const { out, pointers, a, b, addend, modulus, remainder, prev, old, oldPrev, isReal } = row;
      const { op, advance } = INSTRUCTIONS.mulmod256;
      const operands = [pointers.a, pointers.b, pointers.c, pointers.m];
      const accesses = executes(c, row, { op, fields: [out, ...operands].map((p) => p.slot), advance });
      for (const pointer of [out, ...operands]) accesses.read(pointer);
      const cellOf = (limbs: typeof old, k: number): typeof old => limbs.slice(CELL_LIMBS * k, CELL_LIMBS * (k + 1));
      [limbsOfDigits(a), limbsOfDigits(b), addend, limbsOfDigits(modulus)].forEach((limbs, operand) => {
        const first = cellOfPointer(c, operands[operand]!.limbs, isReal);
        for (let k = 0; k < VALUE_CELLS; k++)
          accesses.cell(
            Space.LINEAR,
            first.add(k),
            cellOf(limbs, k),
            cellOf(limbs, k),
            prev[VALUE_CELLS * operand + k]!,
          );
      });
      const first = cellOfPointer(c, out.limbs, isReal);
      const result = limbsOfDigits(remainder);
      oldPrev.forEach((before, k) => {
        accesses.cell(Space.LINEAR, first.add(k), cellOf(old, k), cellOf(result, k), before);
      });
      assertMulmod(c, row, isReal);
    },
  }),
  { mulmod256: plain },
);
