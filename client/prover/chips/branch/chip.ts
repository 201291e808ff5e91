import { defineChip } from '../../air/chip.ts';
import { bit, field } from '../../air/columns.ts';
import { sum } from '../../air/expr.ts';
import { sumOf } from '../../air/word.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { branchOn } from '../adapter/encoding.ts';
import { fillInstruction, fillOperand, fillRead } from '../adapter/fill-words.ts';
import {
  executes,
  type Form,
  instructionColumns,
  operandColumns,
  operandFieldsOf,
  readColumns,
} from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { biased, biasedWords, compare, compareColumns, fillCompare, fillSigns, signColumns } from '../compare/core.ts';
import { assertNonZero, nonZeroHint, norm, normWord } from '../zero/core.ts';

/**
 * Branches compute a predicate and look up the program row of its value, which says where control goes; so the branch
 * on the opposite predicate is another row of the same type.
 */
const branchColumns = { ...instructionColumns, next: field('where control goes, from the program') };

/** Predicate: a ≠ 0. */
function branchOnZero(nonZero: OpName, zero: OpName, limbs: 2 | 4): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[nonZero];
  const chip = defineChip({
    id,
    maxDegree: 2,
    columns: {
      ...branchColumns,
      a: readColumns(limbs),
      isNonZero: field('1 if a is not zero, else 0'),
      inverse: field('1 / the sum of the limbs, or 0'),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      row.next = r.next;
      Object.assign(row, nonZeroHint(sumOf(fillRead(row.a, r, 0))));
    },
    constrain: (c, row) => {
      const { a, next, isNonZero, inverse } = row;
      // At most four u16 limbs: their sum is 0 in the field only if all are.
      assertNonZero(c, sum(a.limbs), isNonZero, inverse);
      const fields = [...operandFieldsOf([], [a]), next];
      executes(c, row, { op, flag: isNonZero, fields, next, advance }).read(a);
    },
    freeCells: { inverse: 'any value does where there is nothing to invert' },
  });
  return instructionChip(chip, { [nonZero]: branchOn(op, 1), [zero]: branchOn(op, 0) });
}

export const branchZero32 = branchOnZero('brNonZero32', 'brZero32', 2);
export const branchZero64 = branchOnZero('brNonZero64', 'brZero64', 4);

/** Predicate: a ≠ constant, 32 bits. */
function branchOnConstant(): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS.brEq32i;
  const chip = defineChip({
    id,
    maxDegree: 3,
    columns: {
      ...branchColumns,
      a: readColumns(2),
      b: operandColumns('constant', 2),
      isNonZero: field('1 if a differs from b, else 0'),
      inverse: field('1 / norm of the limbs’ differences, or 0'),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      row.next = r.next;
      const a = fillRead(row.a, r, 0);
      const b = fillOperand(row.b, r, 1);
      Object.assign(row, nonZeroHint(normWord(a[0]!.fieldSub(b[0]!), a[1]!.fieldSub(b[1]!))));
    },
    constrain: (c, row) => {
      const { a, b, next, isNonZero, inverse } = row;
      const difference = norm(a.limbs[0]!.sub(b.limbs[0]!), a.limbs[1]!.sub(b.limbs[1]!));
      assertNonZero(c, difference, isNonZero, inverse);
      const fields = [...operandFieldsOf([], [a, b]), next];
      executes(c, row, { op, flag: isNonZero, fields, next, advance }).read(a);
    },
    freeCells: { inverse: 'any value does where there is nothing to invert' },
  });
  return instructionChip(chip, { brEq32i: branchOn(op, 0), brNe32i: branchOn(op, 1) });
}

export const branchEqual32i = branchOnConstant();

/** Predicate: a < b, unsigned. */
function branchOnLess(less: OpName, notLess: OpName, limbs: 2 | 4, form: Form): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[less];
  const chip = defineChip({
    id,
    maxDegree: 3,
    columns: {
      ...branchColumns,
      a: readColumns(limbs),
      b: operandColumns(form, limbs),
      order: compareColumns(limbs),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      row.next = r.next;
      fillCompare(row.order, fillRead(row.a, r, 0), fillOperand(row.b, r, 1));
    },
    constrain: (c, row) => {
      const { a, b, next, order, isReal } = row;
      compare(c, a.limbs, b.limbs, order, isReal);
      const fields = [...operandFieldsOf([], [a, b]), next];
      const accesses = executes(c, row, { op, flag: order.isLess, fields, next, advance });
      accesses.read(a);
      accesses.operand(b);
    },
  });
  return instructionChip(chip, { [less]: branchOn(op, 1), [notLess]: branchOn(op, 0) });
}

export const branchLess32 = branchOnLess('brLtU32r', 'brGeU32r', 2, 'register');
export const branchLess32i = branchOnLess('brLtU32i', 'brGeU32i', 2, 'constant');
export const branchLess64 = branchOnLess('brLtU64r', 'brGeU64r', 4, 'register');
export const branchLess64i = branchOnLess('brLtU64i', 'brGeU64i', 4, 'constant');

/** The rest. Predicate: a < b, signed; or a = b where `equal` names branches on it. */
function branchOnOther(
  less: OpName,
  notLess: OpName,
  equal: readonly [OpName, OpName] | undefined,
  limbs: 2 | 4,
  form: Form,
): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[less];
  const opEqual = equal === undefined ? op : INSTRUCTIONS[equal[0]].op;
  const chip = defineChip({
    id,
    maxDegree: 3,
    columns: {
      ...branchColumns,
      a: readColumns(limbs),
      b: operandColumns(form, limbs),
      isSigned: bit('1 if the predicate is a < b for signed numbers, 0 if it is a = b'),
      order: compareColumns(limbs),
      sign: signColumns,
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      row.next = r.next;
      const isSigned = r.is(less, notLess);
      row.isSigned = isSigned;
      const [a, b] = [fillRead(row.a, r, 0), fillOperand(row.b, r, 1)];
      fillSigns(row.sign, a, b, isSigned);
      fillCompare(row.order, biasedWords(a, isSigned), biasedWords(b, isSigned));
    },
    constrain: (c, row) => {
      const { a, b, next, isSigned, isReal, order, sign } = row;
      if (equal === undefined) c.assertZero('signed', isSigned.sub(isReal));
      const isEqual = compare(
        c,
        biased(c, a.limbs, isSigned, sign.a),
        biased(c, b.limbs, isSigned, sign.b),
        order,
        isReal,
      );
      const accesses = executes(c, row, {
        op: isSigned.mul(op - opEqual).add(opEqual),
        flag: isEqual.add(isSigned.mul(order.isLess.sub(isEqual))),
        fields: [...operandFieldsOf([], [a, b]), next],
        next,
        advance,
      });
      accesses.read(a);
      accesses.operand(b);
    },
  });
  const equality = equal && { [equal[0]]: branchOn(opEqual, 1), [equal[1]]: branchOn(opEqual, 0) };
  return instructionChip(chip, { [less]: branchOn(op, 1), [notLess]: branchOn(op, 0), ...equality });
}

export const branchOther32 = branchOnOther('brLtS32r', 'brGeS32r', ['brEq32r', 'brNe32r'], 2, 'register');
export const branchOther32i = branchOnOther('brLtS32i', 'brGeS32i', undefined, 2, 'constant');
export const branchOther64 = branchOnOther('brLtS64r', 'brGeS64r', ['brEq64r', 'brNe64r'], 4, 'register');
export const branchOther64i = branchOnOther('brLtS64i', 'brGeS64i', ['brEq64i', 'brNe64i'], 4, 'constant');
