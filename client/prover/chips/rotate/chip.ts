import { defineChip } from '../../air/chip.ts';
import { array, bit, field, u16 } from '../../air/columns.ts';
import { sum } from '../../air/expr.ts';
import { oneHot } from '../../air/word.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { constantLimbs, rowType } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, fillWrite } from '../adapter/fill-words.ts';
import { executes, instructionColumns, readColumns, writeColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { LIMB } from '../adapter/limbs.ts';
import { selector } from '../adapter/one-hot.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { POW } from '../buses.ts';

const ONCE = { maxPerRow: 1 } as const;

/**
 * c = a rotated left by the constant bits + 16 · up. With power = 2^bits and power · coPower = 2^16, limb i of a is
 * high_i · coPower + low_i with high_i < power and low_i < coPower, by two lookups; low_i is no column but what high_i
 * leaves. Then low_i · power + high_(i−1), indices modulo the limbs, are the limbs rotated by `bits`, each below 2^16, and
 * a one-hot selector moves them round by whole limbs. low_i · power = a_i · power − 2^16 · high_i has degree 2.
 */
function rotate(name: OpName, limbs: 2 | 4): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[name];
  const around = (k: number): number => (k + limbs) % limbs;
  const chip = defineChip({
    id,
    maxDegree: 3,
    columns: {
      ...instructionColumns,
      a: readColumns(limbs),
      c: writeColumns(limbs),
      power: field('2^(bits to the left), from the program'),
      coPower: field('2^16 / power'),
      high: array(u16('a_i / coPower'), limbs),
      isUp: array(bit('one-hot: limbs to move up, from 1 on; 0 is what they leave'), limbs - 1),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const a = fillRead(row.a, r, 0);
      fillWrite(row.c, r);
      const amount = r.constant[0].and(16 * limbs - 1);
      const bits = amount.and(15);
      row.power = bits.powerOfTwo();
      row.coPower = bits.subFrom(16).powerOfTwo();
      row.high = a.map((limb) => limb.shr(bits.subFrom(16)));
      row.isUp = oneHot(amount.shr(4), limbs).slice(1);
    },
    constrain: (c, row) => {
      const { a, power, coPower, high, isReal } = row;
      const isUp = selector(c, 'one move', row.isUp, isReal);
      c.assertZero('power · coPower = 2^16', power.mul(coPower).sub(isReal.mul(LIMB)));
      const up = sum(isUp.map((s, k) => s.mul(k)));
      const accesses = executes(c, row, { op, fields: [row.c.slot, a.slot, power, up], advance });
      accesses.read(a);
      const rotated = a.limbs.map((limb, i) => {
        c.send(POW, [high[i]!, power], isReal, ONCE);
        c.send(POW, [limb.sub(high[i]!.mul(coPower)), coPower], isReal, ONCE);
        return limb
          .mul(power)
          .sub(high[i]!.mul(LIMB))
          .add(high[around(i - 1)]!);
      });
      accesses.write(
        row.c,
        rotated.map((_, j) => sum(isUp.map((s, k) => s.mul(rotated[around(j - k)]!)))),
      );
    },
  });
  const encode = rowType(op, (i) => {
    const amount = constantLimbs(i)[0]! % (16 * limbs);
    return [...i.writes, ...i.reads, 2 ** (amount % 16), Math.floor(amount / 16)];
  });
  return instructionChip(chip, { [name]: encode });
}

export const rotate32i = rotate('rotl32i', 2);
export const rotate64i = rotate('rotl64i', 4);
