import { defineChip } from '../../air/chip.ts';
import { array, bit } from '../../air/columns.ts';
import { pack, sum } from '../../air/expr.ts';
import { anyOf, WORD_MAX, type Word } from '../../air/word.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { plain } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, fillWrite } from '../adapter/fill-words.ts';
import { executes, instructionColumns, operandFieldsOf, readColumns, writeColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import type { InstructionWords } from '../adapter/record-words.ts';

/** The bits of a word and all that are above them, or below them. */
const smeared = (word: Word, direction: 'shl' | 'shr'): Word =>
  [1, 2, 4, 8, 16].reduce((w, by) => w.or(w[direction](by)), word);

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
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      fillRead(row.a, r, 0);
      fillWrite(row.c, r);
      const isTrailing = r.is(ctz);
      row.isTrailing = isTrailing;
      row.isCount = r.is(popcnt);
      const words = r.reads[0]!.before.slice(0, width / 32);
      row.bits = words.flatMap((word) => word.bits(32));
      row.isSeen = words.flatMap((word, k) => {
        const below = words.slice(0, k).map((w) => w.isNonZero());
        const above = words.slice(k + 1).map((w) => w.isNonZero());
        const up = anyOf([smeared(word, 'shl'), ...below.map((w) => w.select(WORD_MAX, 0))]);
        const down = anyOf([smeared(word, 'shr'), ...above.map((w) => w.select(WORD_MAX, 0))]);
        return isTrailing.select(up, down).bits(32);
      });
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
