import { defineChip } from '../../air/chip.ts';
import { array, bit } from '../../air/columns.ts';
import { pack, sum } from '../../air/expr.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import type { InstructionRecord } from '../../vm/records.ts';
import { plain } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, fillWrite } from '../adapter/fill.ts';
import { executes, instructionColumns, operandFieldsOf, readColumns, writeColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';

/**
 * Leading zeros, trailing zeros, ones. `isSeen` marks the bits from the first one on, from the top or from the bottom;
 * the others are the zeros before it.
 */
function countBits(clz: OpName, ctz: OpName, popcnt: OpName, limbs: 2 | 4): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[clz];
  const width = 16 * limbs;
  const chip = defineChip({
    id,
    maxDegree: 3,
    columns: {
      ...instructionColumns,
      a: readColumns(limbs),
      c: writeColumns(limbs),
      isTrailing: bit('1 to count from the bottom'),
      isCount: bit('1 to count ones'),
      bits: array(bit('bits of a'), width),
      isSeen: array(bit('1 if this bit or one before it is 1'), width),
    },
    fillRow: (r: InstructionRecord, row) => {
      fillInstruction(row, r);
      const a = fillRead(row.a, r, 0);
      fillWrite(row.c, r);
      row.isTrailing = r.instruction.op === ctz ? 1 : 0;
      row.isCount = r.instruction.op === popcnt ? 1 : 0;
      row.bits = Array.from({ length: width }, (_, i) => (a[i >> 4]! >> (i & 15)) & 1);
      let seen = 0;
      for (let k = 0; k < width; k++) {
        const i = row.isTrailing === 1 ? k : width - 1 - k;
        seen |= row.bits[i]!;
        row.isSeen[i] = seen;
      }
    },
    constrain: (c, row) => {
      const { a, bits, isSeen, isTrailing, isCount, isReal } = row;
      c.assertZero('not both', isTrailing.mul(isCount));
      a.limbs.forEach((limb, k) => {
        c.assertZero(`bits of limb ${k}`, pack(bits.slice(16 * k, 16 * k + 16), 1).sub(limb));
      });
      bits.forEach((b, i) => {
        const above = i + 1 < width ? isTrailing.not().mul(isSeen[i + 1]!) : undefined;
        const below = i > 0 ? isTrailing.mul(isSeen[i - 1]!) : undefined;
        const before = sum([above, below].filter((x) => x !== undefined));
        c.assertZero(`bit ${i} seen`, isSeen[i]!.not().sub(b.not().mul(before.not())));
      });
      const accesses = executes(c, row, {
        op: isTrailing
          .mul(INSTRUCTIONS[ctz].op - op)
          .add(isCount.mul(INSTRUCTIONS[popcnt].op - op))
          .add(op),
        fields: operandFieldsOf([row.c], [a]),
        advance,
      });
      accesses.read(a);
      const zeros = isReal.mul(width).sub(sum(isSeen));
      const result = zeros.add(isCount.mul(sum(bits).sub(zeros)));
      accesses.write(row.c, [result, ...new Array<number>(limbs - 1).fill(0)]);
    },
  });
  return instructionChip(chip, { [clz]: plain, [ctz]: plain, [popcnt]: plain });
}

export const countBits32 = countBits('clz32', 'ctz32', 'popcnt32', 2);
export const countBits64 = countBits('clz64', 'ctz64', 'popcnt64', 4);
