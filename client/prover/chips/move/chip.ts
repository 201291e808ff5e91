import { defineChip } from '../../air/chip.ts';
import { field } from '../../air/columns.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { plain } from '../adapter/encoding.ts';
import { fillInstruction, fillOperand, fillRead, fillWrite } from '../adapter/fill-words.ts';
import {
  executes,
  instructionColumns,
  isRead,
  operandColumns,
  operandFieldsOf,
  readColumns,
  writeColumns,
} from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { assertNonZero, nonZeroHint } from '../zero/core.ts';

/** result = operand, a slot or a constant; globals stand in absolute slots. */
function move(
  name: OpName,
  limbs: 2 | 4,
  o: { readonly constant?: boolean; readonly from?: 'absolute'; readonly to?: 'absolute' } = {},
): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[name];
  const chip = defineChip({
    id,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      operand: operandColumns(o.constant ? 'constant' : 'register', limbs),
      result: writeColumns(limbs),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      fillOperand(row.operand, r, 0);
      fillWrite(row.result, r);
    },
    constrain: (c, row) => {
      const { operand, result } = row;
      const accesses = executes(c, row, { op, fields: operandFieldsOf([result], [operand]), advance });
      if (isRead(operand)) accesses.read(operand, o.from === 'absolute' ? 0 : row.fp);
      accesses.write(result, operand.limbs, { fp: o.to === 'absolute' ? 0 : row.fp });
    },
  });
  return instructionChip(chip, { [name]: plain });
}

export const mov32 = move('mov32', 2);
export const mov64 = move('mov64', 4);
export const const32 = move('const32', 2, { constant: true });
export const const64 = move('const64', 4, { constant: true });
export const globalGet32 = move('globalGet32', 2, { from: 'absolute' });
export const globalGet64 = move('globalGet64', 4, { from: 'absolute' });
export const globalSet32 = move('globalSet32', 2, { to: 'absolute' });
export const globalSet64 = move('globalSet64', 4, { to: 'absolute' });

/** result = a if the condition is not zero, else b. */
function select(name: OpName, limbs: 2 | 4): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[name];
  const chip = defineChip({
    id,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      a: readColumns(limbs),
      b: readColumns(limbs),
      condition: readColumns(2),
      result: writeColumns(limbs),
      isNonZero: field('1 if the condition is not zero, else 0'),
      inverse: field('1 / the sum of the condition’s limbs, or 0'),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      fillRead(row.a, r, 0);
      fillRead(row.b, r, 1);
      const [low, high] = fillRead(row.condition, r, 2);
      fillWrite(row.result, r);
      Object.assign(row, nonZeroHint(low!.add(high!)));
    },
    constrain: (c, row) => {
      const { a, b, condition, result, isNonZero, inverse } = row;
      const accesses = executes(c, row, { op, fields: operandFieldsOf([result], [a, b, condition]), advance });
      for (const operand of [a, b, condition]) accesses.read(operand);
      // Two u16 limbs add up to 0 in the field only if both are 0.
      assertNonZero(c, condition.limbs[0]!.add(condition.limbs[1]!), isNonZero, inverse);
      accesses.write(
        result,
        b.limbs.map((limb, i) => limb.add(isNonZero.mul(a.limbs[i]!.sub(limb)))),
      );
    },
    freeCells: { inverse: 'any value does where there is nothing to invert' },
  });
  return instructionChip(chip, { [name]: plain });
}

export const select32 = select('select32', 2);
export const select64 = select('select64', 4);
