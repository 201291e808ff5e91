import { defineChip } from '../../air/chip.ts';
import { array, bit, u8, u16 } from '../../air/columns.ts';
import { Word } from '../../air/word.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { plain } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, fillWrite, limbsOfPair, lowBytes, valueOfLimbs } from '../adapter/fill-words.ts';
import {
  executes,
  instructionColumns,
  operandFieldsOf,
  rangeCheck,
  readColumns,
  writeColumns,
} from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { bytesOf, LIMB } from '../adapter/limbs.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { RANGE16 } from '../buses.ts';
import { compare, compareColumns, fillCompare } from '../compare/core.ts';
import { multiply } from '../multiply/core.ts';
import { assertSigned, fillSigned, negateColumns } from './core.ts';

const ONCE = { maxPerRow: 1 } as const;

/** Quotient and remainder of two numbers of 2 or 4 limbs, in limbs. */
function divided(a: readonly Word[], b: readonly Word[]): { readonly quotient: Word[]; readonly remainder: Word[] } {
  const [low, divisor] = [valueOfLimbs(a), valueOfLimbs(b)];
  if (a.length === 2) {
    const quotient = low.div(divisor);
    const remainder = low.sub(quotient.mulLow(divisor));
    return { quotient: quotient.limbs(), remainder: remainder.limbs() };
  }
  const { quotient, remainder } = Word.divide64([low, valueOfLimbs(a.slice(2))], [divisor, valueOfLimbs(b.slice(2))]);
  return { quotient: limbsOfPair(quotient), remainder: limbsOfPair(remainder) };
}

/**
 * Quotient or remainder, signed or not: numerator = quotient · divisor + remainder over the magnitudes, as integers, with
 * remainder < divisor, which also excludes a zero divisor. The result takes the sign of the numerator, or for a quotient
 * that of both; the one quotient that does not fit, −2^(width−1) / −1, has no row.
 */
function division(divS: OpName, divU: OpName, remS: OpName, remU: OpName, limbs: 2 | 4): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[divU];
  const step = (name: OpName): number => INSTRUCTIONS[name].op - op;
  const chip = defineChip({
    id,
    maxDegree: 3,
    columns: {
      ...instructionColumns,
      a: readColumns(limbs),
      b: readColumns(limbs),
      c: writeColumns(limbs),
      isSigned: bit('1 for signed operands'),
      isRemainder: bit('1 if the result is the remainder'),
      aSign: bit('sign of a; 0 if unsigned'),
      bSign: bit('sign of b; 0 if unsigned'),
      resultSign: bit('sign that the result takes'),
      numerator: array(u16('|a|'), limbs),
      divisor: array(u16('|b|'), limbs),
      quotient: array(u16('|a| / |b|'), limbs),
      remainder: array(u16('|a| mod |b|'), limbs),
      result: array(u16('quotient or remainder with its sign'), limbs),
      divisorLow: array(u8('low bytes of the divisor'), limbs),
      quotientLow: array(u8('low bytes of the quotient'), limbs),
      negated: { a: negateColumns(limbs), b: negateColumns(limbs), result: negateColumns(limbs) },
      order: compareColumns(limbs),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const a = fillRead(row.a, r, 0);
      const b = fillRead(row.b, r, 1);
      row.result = fillWrite(row.c, r);
      const [isSigned, isRemainder] = [r.is(divS, remS), r.is(remS, remU)];
      const [aSign, bSign] = [isSigned.and(a.at(-1)!.bit(15)), isSigned.and(b.at(-1)!.bit(15))];
      const resultSign = isRemainder.select(aSign, aSign.xor(bSign));
      row.isSigned = isSigned;
      row.isRemainder = isRemainder;
      row.aSign = aSign;
      row.bSign = bSign;
      row.resultSign = resultSign;
      const numerator = fillSigned(row.negated.a, aSign, a);
      const divisor = fillSigned(row.negated.b, bSign, b);
      const { quotient, remainder } = divided(numerator, divisor);
      row.numerator = numerator;
      row.divisor = divisor;
      row.quotient = quotient;
      row.remainder = remainder;
      row.divisorLow = lowBytes(divisor);
      row.quotientLow = lowBytes(quotient);
      const magnitude = quotient.map((limb, k) => isRemainder.select(remainder[k]!, limb));
      fillSigned(row.negated.result, resultSign, magnitude);
      fillCompare(row.order, remainder, divisor);
    },
    constrain: (c, row) => {
      const { a, b, isSigned, isRemainder, aSign, bSign, resultSign, negated, order, isReal } = row;
      const { numerator, divisor, quotient, remainder, result, divisorLow, quotientLow } = row;
      const accesses = executes(c, row, {
        op: isSigned
          .mul(step(divS))
          .add(isRemainder.mul(step(remU)))
          .add(op),
        fields: operandFieldsOf([row.c], [a, b]),
        advance,
      });
      accesses.read(a);
      accesses.read(b);
      accesses.write(row.c, result);
      c.assertZero('signed rows are real', isSigned.mul(isReal.not()));
      for (const [operand, sign] of [
        [a, aSign],
        [b, bSign],
      ] as const) {
        c.assertZero('a sign only of signed operands', sign.mul(isSigned.not()));
        c.send(RANGE16, [operand.limbs.at(-1)!.mul(2).sub(sign.mul(LIMB))], isSigned, ONCE);
      }
      const quotientSign = aSign.add(bSign).sub(aSign.mul(bSign).mul(2));
      c.assertZero('sign of the result', resultSign.sub(quotientSign).sub(isRemainder.mul(aSign.sub(quotientSign))));
      assertSigned(c, 'numerator', aSign, a.limbs, numerator, negated.a);
      assertSigned(c, 'divisor', bSign, b.limbs, divisor, negated.b);
      const magnitude = quotient.map((q, k) => q.add(isRemainder.mul(remainder[k]!.sub(q))));
      assertSigned(c, 'result', resultSign, magnitude, result, negated.result);

      const wide = [...numerator, ...numerator.map(() => c.constant(0))];
      const carry = multiply(
        c,
        bytesOf(c, quotient, quotientLow, isReal),
        bytesOf(c, divisor, divisorLow, isReal),
        wide,
        isReal,
        (k) => remainder[k],
      );
      c.assertZero('the product fits', carry!);
      compare(c, remainder, divisor, order, isReal);
      c.assertZero('remainder < divisor', order.isLess.sub(isReal));
      const fits = isSigned.mul(isRemainder.not()).mul(resultSign.not());
      c.send(RANGE16, [quotient.at(-1)!.mul(2)], fits, ONCE);
      rangeCheck(c, [...numerator, ...remainder, ...result], isReal);
    },
  });
  if (step(remS) !== step(divS) + step(remU)) throw new RangeError(`${id}: op numbers must add up`);
  return instructionChip(chip, { [divS]: plain, [divU]: plain, [remS]: plain, [remU]: plain });
}

export const divide32 = division('divS32', 'divU32', 'remS32', 'remU32', 2);
export const divide64 = division('divS64', 'divU64', 'remS64', 'remU64', 4);
