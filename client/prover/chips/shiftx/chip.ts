import { defineChip } from '../../air/chip.ts';
import { array, bit, field, u16 } from '../../air/columns.ts';
import { type Expr, sum } from '../../air/expr.ts';
import { oneHot, type Word } from '../../air/word.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { plain } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, fillWrite } from '../adapter/fill-words.ts';
import { executes, instructionColumns, operandFieldsOf, readColumns, writeColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { LIMB } from '../adapter/limbs.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { POW, RANGE16 } from '../buses.ts';

const ONCE = { maxPerRow: 1 } as const;
const OPERATIONS = ['shl', 'shrS', 'shrU', 'rotl', 'rotr'] as const;

/**
 * Shifts and rotations by a variable amount = bits + 16 · limbs + width · rest. Within limbs it is a left shift by
 * `bits` (power = 2^bits), or a right shift (coPower = 2^bits): limb i of a is high_i · coPower + low_i. Then `shifted`
 * rotates by whole limbs upwards; limbs that wrapped around are zero, or sign in an arithmetic shift.
 */
function shiftVariable(limbs: 2 | 4): InstructionChip {
  const width = 16 * limbs;
  const names = OPERATIONS.map((o): OpName => `${o}${width as 32 | 64}`);
  const { chip: id, advance } = INSTRUCTIONS[names[0]!];
  const restPower = LIMB / width;
  const chip = defineChip({
    id,
    maxDegree: 3,
    columns: {
      ...instructionColumns,
      a: readColumns(limbs),
      b: readColumns(limbs),
      c: writeColumns(limbs),
      isOp: array(bit(`one-hot: ${OPERATIONS.join(', ')}`), OPERATIONS.length),
      bits: array(bit('bits of the amount mod 16'), 4),
      isUp: array(bit('one-hot: limbs to rotate upwards'), limbs),
      rest: field('amount / width'),
      upperPower: field('2^(bits 2 and 3)'),
      amountPower: field('2^bits'),
      power: field('2^bits to the left, 2^(16 − bits) to the right'),
      coPower: field('2^16 / power'),
      high: array(u16('a_i / coPower'), limbs),
      low: array(u16('a_i mod coPower'), limbs),
      shifted: array(u16('limbs shifted by bits'), limbs),
      sign: bit('sign of a in an arithmetic shift'),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const a = fillRead(row.a, r, 0);
      const amount = fillRead(row.b, r, 1)[0]!;
      fillWrite(row.c, r);
      const isOp = names.map((name) => r.is(name));
      row.isOp = isOp;
      const [shl, shrS, , rotl, rotr] = isOp as [Word, Word, Word, Word, Word];
      const left = shl.or(rotl);
      const bits = amount.and(15);
      const move = amount.shr(4).and(limbs - 1);
      row.bits = bits.bits(4);
      row.isUp = oneHot(left.select(move, move.subFrom(limbs).and(limbs - 1)), limbs);
      row.rest = amount.shr(Math.log2(width));
      row.upperPower = bits.and(12).powerOfTwo();
      row.amountPower = bits.powerOfTwo();
      const leftBits = left.select(bits, bits.subFrom(16));
      const power = leftBits.powerOfTwo();
      const coBits = leftBits.subFrom(16);
      const coMask = coBits.powerOfTwo().sub(1);
      row.power = power;
      row.coPower = coBits.powerOfTwo();
      const high = a.map((limb) => limb.shr(coBits));
      const low = a.map((limb) => limb.and(coMask));
      const sign = shrS.and(a.at(-1)!.bit(15));
      row.high = high;
      row.low = low;
      row.sign = sign;
      row.shifted = a.map((_, i) => {
        const below = i > 0 ? high[i - 1]! : rotl.select(high.at(-1)!, 0);
        const above = i < limbs - 1 ? low[i + 1]! : rotr.select(low[0]!, 0);
        const fill = i === limbs - 1 ? sign.select(power.subFrom(LIMB), 0) : 0;
        const up = low[i]!.shl(leftBits).or(below);
        const down = high[i]!.add(fill).or(above.shl(leftBits));
        return left.select(up, down).below(16);
      });
    },
    constrain: (c, row) => {
      const { a, b, isOp, bits, isUp, rest, upperPower, amountPower, power, coPower, high, low, shifted, sign } = row;
      const { isReal } = row;
      const [shl, shrS, shrU, rotl, rotr] = isOp as [Expr, Expr, Expr, Expr, Expr];
      const left = shl.add(rotl);
      const right = sum([shrS, shrU, rotr]);
      c.assertZero('one operation', sum(isOp).sub(isReal));
      c.assertZero('one move', sum(isUp).sub(isReal));
      const accesses = executes(c, row, {
        op: sum(isOp.map((s, k) => s.mul(INSTRUCTIONS[names[k]!].op))),
        fields: operandFieldsOf([row.c], [a, b]),
        advance,
      });
      accesses.read(a);
      accesses.read(b);

      const up = sum(isUp.map((s, u) => s.mul(u)));
      const down = sum(isUp.map((s, u) => s.mul((limbs - u) % limbs)));
      const move = left.mul(up).add(right.mul(down));
      const amountBits = sum(bits.map((bit, i) => bit.mul(2 ** i)));
      c.assertZero('amount', b.limbs[0]!.sub(amountBits).sub(move.mul(16)).sub(rest.mul(width)));
      c.send(POW, [rest, restPower], isReal, ONCE);
      const factor = (i: number): Expr => bits[i]!.mul(2 ** (2 ** i) - 1);
      c.assertZero('upper power', upperPower.sub(isReal.add(factor(2)).mul(factor(3).add(1))));
      c.assertZero('amount power', amountPower.sub(isReal.add(factor(0)).mul(factor(1).add(1)).mul(upperPower)));
      c.assertZero('power to the left', left.mul(power.sub(amountPower)));
      c.assertZero('co-power to the right', right.mul(coPower.sub(amountPower)));
      c.assertZero('power · coPower = 2^16', power.mul(coPower).sub(isReal.mul(LIMB)));
      c.assertZero('a sign only in an arithmetic shift', sign.mul(shrS.not()));
      c.send(RANGE16, [a.limbs.at(-1)!.mul(2).sub(sign.mul(LIMB))], shrS, ONCE);

      a.limbs.forEach((limb, i) => {
        c.assertZero(`limb ${i} in two parts`, high[i]!.mul(coPower).add(low[i]!).sub(limb));
        c.send(POW, [high[i]!, power], isReal, ONCE);
        c.send(POW, [low[i]!, coPower], isReal, ONCE);
        const below = i > 0 ? left.mul(high[i - 1]!) : rotl.mul(high.at(-1)!);
        const above = i < limbs - 1 ? right.mul(low[i + 1]!) : rotr.mul(low[0]!);
        const leftPart = left.mul(low[i]!).mul(power).add(below);
        const rightPart = right.mul(high[i]!).add(above.mul(power));
        const fill = i === limbs - 1 ? sign.mul(power.neg().add(LIMB)) : 0;
        c.assertZero(`limb ${i} shifted`, shifted[i]!.sub(leftPart).sub(rightPart).sub(fill));
      });
      const shiftsRight = shrS.add(shrU);
      const result = a.limbs.map((_, j) =>
        sum(
          isUp.map((s, u) => {
            const limb = s.mul(shifted[(j - u + limbs) % limbs]!);
            if (u === 0) return limb;
            if (j < u) return limb.mul(shl.not());
            return limb.mul(shiftsRight.not()).add(s.mul(sign).mul(LIMB - 1));
          }),
        ),
      );
      accesses.write(row.c, result);
    },
  });
  return instructionChip(chip, Object.fromEntries(names.map((n) => [n, plain])));
}

export const shiftVariable32 = shiftVariable(2);
export const shiftVariable64 = shiftVariable(4);
