import { type Constraints, defineChip } from '../../air/chip.ts';
import { array, bit, u8, u16, type View } from '../../air/columns.ts';
import type { Expr } from '../../air/expr.ts';
import type { Word, WordOperand } from '../../air/word.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { constantLimbs, opNumber, plain, rowType } from '../adapter/encoding.ts';
import { fillInstruction, fillOperand, fillRead, fillWrite, lowBytes } from '../adapter/fill-words.ts';
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
import { BYTE, INV_BYTE } from '../adapter/limbs.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { AND } from '../buses.ts';

/** Bytes of one pair of limbs and of their conjunction. */
const andColumns = <N extends number>(limbs: N) => ({
  aLow: array(u8('low bytes of a'), limbs),
  bLow: array(u8('low bytes of b'), limbs),
  low: array(u8('low bytes of a ∧ b'), limbs),
  high: array(u8('high bytes of a ∧ b'), limbs),
});

function fillAnd(
  row: Record<'aLow' | 'bLow' | 'low' | 'high', readonly WordOperand[]>,
  a: readonly Word[],
  b: readonly Word[],
): void {
  const and = a.map((limb, k) => limb.and(b[k]!));
  row.aLow = lowBytes(a);
  row.bLow = lowBytes(b);
  row.low = lowBytes(and);
  row.high = and.map((limb) => limb.shr(8));
}

/** Limbs of a ∧ b. The lookups split a and b into bytes, so the result needs no range check. */
function andLimbs(
  c: Constraints,
  a: readonly Expr[],
  b: readonly Expr[],
  row: View<ReturnType<typeof andColumns>, Expr>,
  isReal: Expr,
): Expr[] {
  return row.low.map((low, k) => {
    const [aLow, bLow, high] = [row.aLow[k]!, row.bLow[k]!, row.high[k]!];
    c.send(AND, [aLow, bLow, low], isReal, { maxPerRow: 1 });
    c.send(AND, [a[k]!.sub(aLow).mul(INV_BYTE), b[k]!.sub(bLow).mul(INV_BYTE), high], isReal, { maxPerRow: 1 });
    return low.add(high.mul(BYTE));
  });
}

/** c = a ∧ b, a ∨ b = a + b − a ∧ b, or a ⊕ b = a + b − 2 (a ∧ b). */
function logic(and: OpName, or: OpName, xor: OpName, limbs: 2 | 4, form: Form): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[and];
  const chip = defineChip({
    id,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      a: readColumns(limbs),
      b: operandColumns(form, limbs),
      c: writeColumns(limbs),
      isOr: bit('1 for a disjunction'),
      isXor: bit('1 for an exclusive disjunction'),
      bytes: andColumns(limbs),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      fillAnd(row.bytes, fillOperand(row.a, r, 0), fillOperand(row.b, r, 1));
      fillWrite(row.c, r);
      row.isOr = r.is(or);
      row.isXor = r.is(xor);
    },
    constrain: (c, row) => {
      const { a, b, isOr, isXor, isReal } = row;
      c.assertZero('not both', isOr.mul(isXor));
      const accesses = executes(c, row, {
        op: isOr
          .mul(opNumber(or) - op)
          .add(isXor.mul(opNumber(xor) - op))
          .add(op),
        fields: operandFieldsOf([row.c], [a, b]),
        advance,
      });
      accesses.read(a);
      accesses.operand(b);
      const sumFactor = isOr.add(isXor);
      const andFactor = isOr.mul(-2).sub(isXor.mul(3)).add(1);
      const conjunction = andLimbs(c, a.limbs, b.limbs, row.bytes, isReal);
      accesses.write(
        row.c,
        conjunction.map((z, k) => sumFactor.mul(a.limbs[k]!.add(b.limbs[k]!)).add(andFactor.mul(z))),
      );
    },
  });
  return instructionChip(chip, { [and]: plain, [or]: plain, [xor]: plain });
}

export const logic32 = logic('and32r', 'or32r', 'xor32r', 2, 'register');
export const logic32i = logic('and32i', 'or32i', 'xor32i', 2, 'constant');
export const logic64 = logic('and64r', 'or64r', 'xor64r', 4, 'register');
export const logic64i = logic('and64i', 'or64i', 'xor64i', 4, 'constant');

/** c = a ∧ mask for a constant mask below 2^16: only limb 0 is split, the others are zero. */
function andLow(name: OpName, limbs: 2 | 4): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[name];
  const chip = defineChip({
    id,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      a: readColumns(limbs),
      mask: u16('mask, from the program'),
      c: writeColumns(limbs),
      bytes: andColumns(1),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const mask = r.constant[0].and(0xffff);
      fillAnd(row.bytes, fillRead(row.a, r, 0).slice(0, 1), [mask]);
      row.mask = mask;
      fillWrite(row.c, r);
    },
    constrain: (c, row) => {
      const { a, mask, isReal } = row;
      const accesses = executes(c, row, { op, fields: [row.c.slot, a.slot, mask], advance });
      accesses.read(a);
      const conjunction = andLimbs(c, a.limbs, [mask], row.bytes, isReal);
      accesses.write(row.c, [...conjunction, ...new Array<number>(limbs - 1).fill(0)]);
    },
  });
  return instructionChip(chip, {
    [name]: rowType(op, (i) => [...i.writes, ...i.reads, constantLimbs(i)[0]!]),
  });
}

export const andLow32 = andLow('andLow32', 2);
export const andLow64 = andLow('andLow64', 4);
