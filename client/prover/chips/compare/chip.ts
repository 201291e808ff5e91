import { defineChip } from '../../air/chip.ts';
import { bit } from '../../air/columns.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { RESULT_ONE, resultOn } from '../adapter/encoding.ts';
import { fillInstruction, fillOperand, fillWrite } from '../adapter/fill-words.ts';
import {
  executes,
  type Form,
  instructionColumns,
  operandColumns,
  operandFieldsOf,
  readColumns,
  writeColumns,
} from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { biased, biasedWords, compare, compareColumns, fillCompare, fillSigns, signColumns } from './core.ts';

/**
 * c = 0 or 1 by a comparison. The three predicates are row types; the program gives the result for each value of the
 * predicate, so that opposite comparisons share a row type.
 */
function comparison(limbs: 2 | 4, form: Form): InstructionChip {
  const suffix = `${16 * limbs}${form === 'register' ? 'r' : 'i'}` as '32r' | '32i' | '64r' | '64i';
  const name = (predicate: 'eq' | 'ne' | 'ltU' | 'geU' | 'ltS' | 'geS'): OpName => `${predicate}${suffix}`;
  const { chip: id, advance } = INSTRUCTIONS[name('ltU')];
  const [opEqual, opUnsigned, opSigned] = [name('eq'), name('ltU'), name('ltS')].map((n) => INSTRUCTIONS[n].op) as [
    number,
    number,
    number,
  ];
  const chip = defineChip({
    id,
    maxDegree: 3,
    columns: {
      ...instructionColumns,
      a: readColumns(limbs),
      b: operandColumns(form, limbs),
      c: writeColumns(2),
      isEquality: bit('1 if the predicate is a = b'),
      isSigned: bit('1 if it is a < b for signed numbers'),
      result: bit('what the program says for the predicate’s value'),
      order: compareColumns(limbs),
      sign: signColumns,
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const isSigned = r.is(name('ltS'), name('geS'));
      row.isEquality = r.is(name('eq'), name('ne'));
      row.isSigned = isSigned;
      const [a, b] = [fillOperand(row.a, r, 0), fillOperand(row.b, r, 1)];
      fillSigns(row.sign, a, b, isSigned);
      fillCompare(row.order, biasedWords(a, isSigned), biasedWords(b, isSigned));
      row.result = fillWrite(row.c, r)[0]!;
    },
    constrain: (c, row) => {
      const { a, b, isEquality, isSigned, isReal, order, sign } = row;
      c.assertZero('one predicate', isEquality.mul(isSigned));
      const isEqual = compare(
        c,
        biased(c, a.limbs, isSigned, sign.a),
        biased(c, b.limbs, isSigned, sign.b),
        order,
        isReal,
      );
      const predicate = order.isLess.add(isEquality.mul(isEqual.sub(order.isLess)));
      const accesses = executes(c, row, {
        op: isEquality
          .mul(opEqual - opUnsigned)
          .add(isSigned.mul(opSigned - opUnsigned))
          .add(row.result.mul(RESULT_ONE))
          .add(opUnsigned),
        flag: predicate,
        fields: operandFieldsOf([row.c], [a, b]),
        advance,
      });
      accesses.read(a);
      accesses.operand(b);
      accesses.write(row.c, [row.result, 0]);
    },
  });
  return instructionChip(chip, {
    [name('eq')]: resultOn(opEqual, 1),
    [name('ne')]: resultOn(opEqual, 0),
    [name('ltU')]: resultOn(opUnsigned, 1),
    [name('geU')]: resultOn(opUnsigned, 0),
    [name('ltS')]: resultOn(opSigned, 1),
    [name('geS')]: resultOn(opSigned, 0),
  });
}

export const compare32 = comparison(2, 'register');
export const compare32i = comparison(2, 'constant');
export const compare64 = comparison(4, 'register');
export const compare64i = comparison(4, 'constant');
