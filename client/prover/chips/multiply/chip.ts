import { defineChip } from '../../air/chip.ts';
import { array, bit, u8, u16 } from '../../air/columns.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { plain } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, fillWrite, lowBytes } from '../adapter/fill-words.ts';
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
import { multiply } from './core.ts';

/** c = a · b modulo 2^32 or 2^64. */
function product(name: OpName, limbs: 2 | 4): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[name];
  const chip = defineChip({
    id,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      a: readColumns(limbs),
      b: readColumns(limbs),
      c: writeColumns(limbs),
      aLow: array(u8('low bytes of a'), limbs),
      bLow: array(u8('low bytes of b'), limbs),
      result: array(u16('a · b, range-checked here'), limbs),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      row.aLow = lowBytes(fillRead(row.a, r, 0));
      row.bLow = lowBytes(fillRead(row.b, r, 1));
      row.result = fillWrite(row.c, r);
    },
    constrain: (c, row) => {
      const { a, b, aLow, bLow, result, isReal } = row;
      const accesses = executes(c, row, { op, fields: operandFieldsOf([row.c], [a, b]), advance });
      accesses.read(a);
      accesses.read(b);
      accesses.write(row.c, result);
      multiply(c, bytesOf(c, a.limbs, aLow, isReal), bytesOf(c, b.limbs, bLow, isReal), result, isReal);
      rangeCheck(c, result, isReal);
    },
  });
  return instructionChip(chip, { [name]: plain });
}

export const multiply32 = product('mul32', 2);
export const multiply64 = product('mul64', 4);

/**
 * (low, high) = a · b with 128 bits. The signed product is the unsigned one less 2^64 times (b if a is negative) and
 * (a if b is negative), modulo 2^128.
 */
export const multiplyWide: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.mulWideU.chip,
    maxDegree: 3,
    columns: {
      ...instructionColumns,
      a: readColumns(4),
      b: readColumns(4),
      low: writeColumns(4),
      high: writeColumns(4),
      aLow: array(u8('low bytes of a'), 4),
      bLow: array(u8('low bytes of b'), 4),
      result: array(u16('a · b, range-checked here'), 8),
      isSigned: bit('1 for the signed product'),
      aSign: bit('sign of a; 0 in an unsigned product'),
      bSign: bit('sign of b; 0 in an unsigned product'),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const a = fillRead(row.a, r, 0);
      const b = fillRead(row.b, r, 1);
      row.aLow = lowBytes(a);
      row.bLow = lowBytes(b);
      row.result = [...fillWrite(row.low, r, 0), ...fillWrite(row.high, r, 1)];
      const isSigned = r.is('mulWideS');
      row.isSigned = isSigned;
      row.aSign = isSigned.and(a[3]!.bit(15));
      row.bSign = isSigned.and(b[3]!.bit(15));
    },
    constrain: (c, row) => {
      const { a, b, low, high, aLow, bLow, result, isSigned, aSign, bSign, isReal } = row;
      const { op, advance } = INSTRUCTIONS.mulWideU;
      const accesses = executes(c, row, {
        op: isSigned.mul(INSTRUCTIONS.mulWideS.op - op).add(op),
        fields: operandFieldsOf([low, high], [a, b]),
        advance,
      });
      accesses.read(a);
      accesses.read(b);
      accesses.write(low, result.slice(0, 4));
      accesses.write(high, result.slice(4));
      c.assertZero('signed rows are real', isSigned.mul(isReal.not()));
      for (const [limbs, sign] of [
        [a.limbs, aSign],
        [b.limbs, bSign],
      ] as const) {
        c.assertZero('a sign only in a signed product', sign.mul(isSigned.not()));
        c.send(RANGE16, [limbs[3]!.mul(2).sub(sign.mul(LIMB))], isSigned, { maxPerRow: 1 });
      }
      multiply(c, bytesOf(c, a.limbs, aLow, isReal), bytesOf(c, b.limbs, bLow, isReal), result, isReal, (k) =>
        k < 4
          ? undefined
          : aSign
              .mul(b.limbs[k - 4]!)
              .add(bSign.mul(a.limbs[k - 4]!))
              .neg(),
      );
      rangeCheck(c, result, isReal);
    },
  }),
  { mulWideU: plain, mulWideS: plain },
);
