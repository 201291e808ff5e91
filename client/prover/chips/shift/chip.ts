import { defineChip } from '../../air/chip.ts';
import { array, bit, field, u16 } from '../../air/columns.ts';
import { type Expr, sum } from '../../air/expr.ts';
import { oneHot } from '../../air/word.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import type { ProgramInstruction } from '../../vm/program.ts';
import { constantLimbs, rowType } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, fillWrite } from '../adapter/fill-words.ts';
import { executes, instructionColumns, readColumns, writeColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { LIMB } from '../adapter/limbs.ts';
import { selector } from '../adapter/one-hot.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { POW } from '../buses.ts';

/**
 * A shift by a constant as a left shift by less than 16 bits and a move by whole limbs: right by k is left by −k mod 16
 * and a move down by ⌈k / 16⌉ limbs.
 * @returns power 2^(bits to the left), and the limbs to move up, negative for down
 */
export function shiftShape(name: OpName, amount: number): { readonly power: number; readonly up: number } {
  if (name.startsWith('shl')) return { power: 2 ** (amount % 16), up: Math.floor(amount / 16) };
  return { power: 2 ** ((16 - (amount % 16)) % 16), up: -Math.ceil(amount / 16) };
}

function shapeOf(i: ProgramInstruction, limbs: 2 | 4): { readonly power: number; readonly up: number } {
  return shiftShape(i.op, constantLimbs(i)[0]! % (16 * limbs));
}

/**
 * c = a shifted by a constant. Limb i of a is high_i · coPower + low_i with high_i < power, low_i < coPower and
 * power · coPower = 2^16, so that low_i · power + high_(i−1) are the limbs of the left shift; a one-hot selector moves
 * them by whole limbs. Nothing needs a range check beyond the two parts. low_i is no column but what high_i leaves, so
 * low_i · power = a_i · power − 2^16 · high_i has degree 2.
 */
function shift(left: OpName, right: OpName, limbs: 2 | 4): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[left];
  const moves = Array.from({ length: 2 * limbs }, (_, k) => k - limbs);
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
      isUp: array(bit('one-hot: limbs to move up, 1 − limbs to limbs − 1; −limbs is what they leave'), 2 * limbs - 1),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const a = fillRead(row.a, r, 0);
      fillWrite(row.c, r);
      const amount = r.constant[0].and(16 * limbs - 1);
      const rest = amount.and(15);
      const isLeft = r.is(left);
      const bits = isLeft.select(rest, rest.subFrom(16).and(15));
      row.power = bits.powerOfTwo();
      row.coPower = bits.subFrom(16).powerOfTwo();
      row.high = a.map((limb) => limb.shr(bits.subFrom(16)));
      row.isUp = oneHot(isLeft.select(amount.shr(4).add(limbs), amount.add(15).shr(4).subFrom(limbs)), 2 * limbs).slice(
        1,
      );
    },
    constrain: (c, row) => {
      const { a, power, coPower, high, isReal } = row;
      const isUp = selector(c, 'one move', row.isUp, isReal);
      c.assertZero('power · coPower = 2^16', power.mul(coPower).sub(isReal.mul(LIMB)));
      const up = sum(isUp.map((s, k) => s.mul(moves[k]!)));
      const accesses = executes(c, row, { op, fields: [row.c.slot, a.slot, power, up], advance });
      accesses.read(a);
      a.limbs.forEach((limb, i) => {
        c.send(POW, [high[i]!, power], isReal, { maxPerRow: 1 });
        c.send(POW, [limb.sub(high[i]!.mul(coPower)), coPower], isReal, { maxPerRow: 1 });
      });
      const shifted = Array.from({ length: limbs + 1 }, (_, i) => {
        const low = i < limbs ? [a.limbs[i]!.mul(power).sub(high[i]!.mul(LIMB))] : [];
        return sum([...low, ...(i > 0 ? [high[i - 1]!] : [])]);
      });
      const result = Array.from({ length: limbs }, (_, j): Expr => {
        const terms = isUp.flatMap((s, k) => {
          const limb = shifted[j - moves[k]!];
          return limb === undefined ? [] : [s.mul(limb)];
        });
        return sum(terms);
      });
      accesses.write(row.c, result);
    },
  });
  const encode = rowType(op, (i) => {
    const { power, up } = shapeOf(i, limbs);
    return [...i.writes, ...i.reads, power, up];
  });
  return instructionChip(chip, { [left]: encode, [right]: encode });
}

export const shift32i = shift('shl32i', 'shrU32i', 2);
export const shift64i = shift('shl64i', 'shrU64i', 4);
