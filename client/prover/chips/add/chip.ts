import { defineChip } from '../../air/chip.ts';
import { array, u16 } from '../../air/columns.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { plain } from '../adapter/encoding.ts';
import { fillInstruction, fillOperand, fillWrite } from '../adapter/fill-words.ts';
import {
  executes,
  type Form,
  instructionColumns,
  operandColumns,
  operandFieldsOf,
  rangeCheck,
  readColumns,
  writeColumns,
} from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { addLimbs } from './core.ts';

/** c = a + b, or c = a − b as c + b = a, by width and form of b. */
function adder(name: OpName, limbs: 2 | 4, form: Form, subtracts = false): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[name];
  const chip = defineChip({
    id,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      a: readColumns(limbs),
      b: operandColumns(form, limbs),
      c: writeColumns(limbs),
      result: array(u16('a + b or a − b, range-checked here'), limbs),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      fillOperand(row.a, r, 0);
      fillOperand(row.b, r, 1);
      row.result = fillWrite(row.c, r);
    },
    constrain: (c, row) => {
      const { a, b, result, isReal } = row;
      const accesses = executes(c, row, { op, fields: operandFieldsOf([row.c], [a, b]), advance });
      accesses.read(a);
      accesses.operand(b);
      accesses.write(row.c, result);
      if (subtracts) addLimbs(c, result, b.limbs, a.limbs);
      else addLimbs(c, a.limbs, b.limbs, result);
      rangeCheck(c, result, isReal);
    },
  });
  return instructionChip(chip, { [name]: plain });
}

export const add32r = adder('add32r', 2, 'register');
export const add32i = adder('add32i', 2, 'constant');
export const sub32r = adder('sub32r', 2, 'register', true);
export const add64r = adder('add64r', 4, 'register');
export const add64i = adder('add64i', 4, 'constant');
export const sub64r = adder('sub64r', 4, 'register', true);
