import { defineChip } from '../../air/chip.ts';
import { array, bit, field } from '../../air/columns.ts';
import { type Expr, sum } from '../../air/expr.ts';
import { sumOf } from '../../air/word.ts';
import { INSTRUCTIONS } from '../../vm/isa.ts';
import { rowType } from '../adapter/encoding.ts';
import { fillInstruction, limbsOfPair, replacement } from '../adapter/fill-words.ts';
import { executes, instructionColumns, rangeCheck } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { LIMB } from '../adapter/limbs.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { Space } from '../buses.ts';
import { compare } from '../compare/core.ts';
import { CELL_BYTES, cellColumns, INV_CELL_BYTES } from '../load/address.ts';
import { assertNonZero, nonZeroHint } from '../zero/core.ts';
import { assertWithin, fillOperands, freeLeft, leftColumns, operandColumns } from './core.ts';

/** A cell that moves: what is read, and what that replaces. */
const moveColumns = { source: cellColumns, target: cellColumns };
const ORDER = ['first', 'second', 'third', 'fourth'] as const;
const numbers = ORDER.map((_, k) => k);

/**
 * Rows of memory.copy that move whole cells, up to four. They move one after the other, the first ones first or the last
 * ones first as in the other rows, so overlapping ranges come out as if read before written, whichever rows a copy is
 * made of. The pointers need no look at their low bits: 8 · cell = pointer over the integers, as for loads.
 */
export const copyCells: InstructionChip = instructionChip(
  defineChip({
    id: 'copy_cells',
    maxDegree: 3,
    publics: ['memoryPages'],
    columns: {
      ...instructionColumns,
      ...operandColumns,
      isMore: array(bit('bit j: more than j + 1 cells move in this row'), ORDER.length - 1),
      forward: field('bytes that `to` and `from` advance: all that move, or 0 where the last cells move first'),
      carry: {
        to: bit('carry of `to` + forward from limb 0'),
        from: bit('carry of `from` + forward from limb 0'),
        length: bit('borrow of the length less what moves from limb 1'),
      },
      moves: { first: moveColumns, second: moveColumns, third: moveColumns, fourth: moveColumns },
      left: leftColumns,
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const { limbs, operands } = fillOperands(row, r);
      const [to, from, _length] = operands;
      row.isMore = numbers.slice(1).map((k) => r.cellCount.less(2 * k + 1).not());
      const bytes = r.cellCount.shl(2).below(6);
      const forward = from.less(to).select(0, bytes);
      row.forward = forward;
      row.carry.to = limbs[0]![0]!.add(forward).shr(16);
      row.carry.from = limbs[1]![0]!.add(forward).shr(16);
      row.carry.length = limbs[2]![0]!.less(bytes);
      row.left = nonZeroHint(sumOf(replacement(r, 2)));
      for (const k of numbers) {
        const { source, target } = row.moves[ORDER[k]!];
        for (const [cell, access] of [
          [source, r.cells[2 * k]!],
          [target, r.cells[2 * k + 1]!],
        ] as const) {
          cell.prev = access.prev;
          cell.limbs = limbsOfPair(access.before);
        }
      }
    },
    constrain: (c, row) => {
      const { to, from, length, order, limits, isMore, forward, carry, left, isReal } = row;
      const pages = c.public('memoryPages');
      const isMoved = [isReal, ...isMore];
      for (const k of numbers.slice(1))
        c.assertZero(`more than ${k} cells means more than ${k - 1}`, isMoved[k]!.mul(isMoved[k - 1]!.not()));
      const bytes = sum(isMoved).mul(CELL_BYTES);
      const backward = order.isLess;
      c.assertZero('forward', forward.sub(backward.not().mul(bytes)));
      const { op, advance } = INSTRUCTIONS.copy;
      const accesses = executes(c, row, {
        op,
        fields: [to.slot, from.slot, length.slot],
        next: row.pc.add(1).sub(left.isNonZero),
        advance,
      });
      const [putTo, putFrom, putLength] = [accesses.take(to), accesses.take(from), accesses.take(length)];
      assertWithin(c, to.limbs, length.limbs, pages, limits.to, isReal);
      assertWithin(c, from.limbs, length.limbs, pages, limits.from, isReal);
      compare(c, from.limbs, to.limbs, order, isReal);

      const plus = backward.mul(length.limbs[1]!.mul(LIMB).add(length.limbs[0]!).sub(CELL_BYTES));
      const step = backward.mul(-2).add(1);
      const cellAt = ([low, high]: readonly Expr[], k: number): Expr =>
        high!.mul(LIMB).add(low!).add(plus).mul(INV_CELL_BYTES).add(step.mul(k));
      for (const k of numbers) {
        const { source, target } = row.moves[ORDER[k]!];
        accesses.cell(Space.LINEAR, cellAt(from.limbs, k), source.limbs, source.limbs, source.prev, isMoved[k]!);
        accesses.cell(Space.LINEAR, cellAt(to.limbs, k), target.limbs, source.limbs, target.prev, isMoved[k]!);
      }

      // The pointers stay within memory, so their high limbs need no check; the length must not fall below zero.
      const advanced = (limbs: readonly Expr[], by: Expr, carried: Expr): [Expr, Expr] => [
        limbs[0]!.add(by).sub(carried.mul(LIMB)),
        limbs[1]!.add(carried),
      ];
      const [toAfter, fromAfter] = [advanced(to.limbs, forward, carry.to), advanced(from.limbs, forward, carry.from)];
      const lengthAfter = advanced(length.limbs, bytes.neg(), carry.length.neg());
      rangeCheck(c, [toAfter[0], fromAfter[0], ...lengthAfter], isReal);
      assertNonZero(c, sum(lengthAfter), left.isNonZero, left.inverse);
      putTo(toAfter);
      putFrom(fromAfter);
      putLength(lengthAfter);
    },
    freeCells: {
      ...freeLeft,
      ...Object.fromEntries(
        numbers
          .slice(1)
          .flatMap((k) =>
            ['source', 'target'].flatMap((cell) =>
              ['prev', ...[0, 1, 2, 3].map((limb) => `limbs[${limb}]`)].map((name) => [
                `moves.${ORDER[k]}.${cell}.${name}`,
                'used only where so many cells move',
              ]),
            ),
          ),
      ),
    },
  }),
  { copy: rowType(INSTRUCTIONS.copy.op, (i) => i.reads) },
);
