import { defineChip } from '../../air/chip.ts';
import { array, bit, u16 } from '../../air/columns.ts';
import type { Expr } from '../../air/expr.ts';
import type { Word } from '../../air/word.ts';
import { INSTRUCTIONS } from '../../vm/isa.ts';
import { plain } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, fillWrite } from '../adapter/fill-words.ts';
import {
  executes,
  instructionColumns,
  operandFieldsOf,
  rangeCheck,
  readColumns,
  writeColumns,
} from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { LIMB } from '../adapter/limbs.ts';
import type { InstructionWords } from '../adapter/record-words.ts';

const LIMBS = 8;

/** Carries of x + y over limbs. */
function carriesOf(x: readonly Word[], y: readonly Word[]): Word[] {
  let carry: Word | undefined;
  return x.map((limb, k) => {
    carry = limb
      .add(y[k]!)
      .add(carry ?? 0)
      .shr(16);
    return carry;
  });
}

/** (low, high) = a + b, or a − b as result + b = a, with 128 bits. */
export const add128: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.add128.chip,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      a: { low: readColumns(4), high: readColumns(4) },
      b: { low: readColumns(4), high: readColumns(4) },
      low: writeColumns(4),
      high: writeColumns(4),
      isSub: bit('1 for a difference'),
      result: array(u16('range-checked here'), LIMBS),
      carry: array(bit('out of each limb of the sum that holds'), LIMBS),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const a = [...fillRead(row.a.low, r, 0), ...fillRead(row.a.high, r, 1)];
      const b = [...fillRead(row.b.low, r, 2), ...fillRead(row.b.high, r, 3)];
      const result = [...fillWrite(row.low, r, 0), ...fillWrite(row.high, r, 1)];
      const isSub = r.is('sub128');
      row.result = result;
      row.isSub = isSub;
      row.carry = carriesOf(
        a.map((limb, k) => isSub.select(result[k]!, limb)),
        b,
      );
    },
    constrain: (c, row) => {
      const { a, b, low, high, isSub, result, carry, isReal } = row;
      const { op, advance } = INSTRUCTIONS.add128;
      const operands = [a.low, a.high, b.low, b.high];
      const accesses = executes(c, row, {
        op: isSub.mul(INSTRUCTIONS.sub128.op - op).add(op),
        fields: operandFieldsOf([low, high], operands),
        advance,
      });
      for (const operand of operands) accesses.read(operand);
      accesses.write(low, result.slice(0, 4));
      accesses.write(high, result.slice(4));
      const sign = isSub.mul(-2).add(1);
      const limbs = (x: typeof a): Expr[] => [...x.low.limbs, ...x.high.limbs];
      limbs(b).forEach((limb, k) => {
        // ±(a − result) + b + carry = 2^16 · carry'
        const difference = sign.mul(limbs(a)[k]!.sub(result[k]!));
        const total = difference.add(limb).sub(carry[k]!.mul(LIMB));
        c.assertZero(`limb ${k}`, k === 0 ? total : total.add(carry[k - 1]!));
      });
      rangeCheck(c, result, isReal);
    },
  }),
  { add128: plain, sub128: plain },
);
