import type { Constraints } from '../../air/chip.ts';
import { array, bit, type CellTargets, field, u16, type View } from '../../air/columns.ts';
import { type Expr, sum } from '../../air/expr.ts';
import type { Word } from '../../air/word.ts';
import { fillRead, valueOfLimbs } from '../adapter/fill-words.ts';
import { readColumns } from '../adapter/instruction.ts';
import { INV_LIMB, LIMB } from '../adapter/limbs.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { RANGE16 } from '../buses.ts';
import { compareColumns, fillCompare } from '../compare/core.ts';
import { CELL_BYTES } from '../load/address.ts';

const ONCE = { maxPerRow: 1 } as const;

/** How many bytes a row moves, 0 to 8: bit j says whether there are more than j. */
export const countColumns = {
  isMore: array(bit('bit j: more than j bytes move in this row'), CELL_BYTES),
};

/** Fills the bits of a count of 0 to 8 bytes. */
export function fillCount(row: CellTargets<typeof countColumns>, count: Word): void {
  row.isMore = Array.from({ length: CELL_BYTES }, (_, j) => count.less(j + 1).not());
}

/** The count; its bits fall, and `isMore[0]` is 1 where the row moves anything. */
export function countOf(c: Constraints, isMore: readonly Expr[]): Expr {
  for (let j = 1; j < CELL_BYTES; j++)
    c.assertZero(`more than ${j} means more than ${j - 1}`, isMore[j]!.mul(isMore[j - 1]!.not()));
  return sum(isMore);
}

/** `isStart` marks one byte of a cell on rows that move something, else none. */
export function assertStart(c: Constraints, isStart: readonly Expr[], isMore: readonly Expr[], what: string): void {
  c.assertZero(`one start in the ${what}`, sum(isStart).sub(isMore[0]!));
}

/** 1 where bytes from the marked one on reach beyond the cell, else 0. */
export const reachesBeyond = (isStart: readonly Expr[], isMore: readonly Expr[]): Expr =>
  sum(isStart.slice(1).map((s, k) => s.mul(isMore[CELL_BYTES - 1 - k]!)));

/** Cell bytes with `value(j)` in place of byte start + j for every byte that moves. */
export const replaced = (
  bytes: readonly Expr[],
  isStart: readonly Expr[],
  isMore: readonly Expr[],
  value: (j: number) => Expr,
): Expr[] =>
  bytes.map((byte, t) =>
    byte.add(sum(isStart.slice(0, t + 1).map((s, start) => s.mul(isMore[t - start]!).mul(value(t - start).sub(byte))))),
  );

/** pointer + length ≤ memory size, in limbs: what the low limbs take from the high one. */
export const limitColumns = { carry: array(bit('carries of the low limbs’ sum, negated; both 1 for 2'), 2) };

/** Fills the carries: ⌈s / 2^16⌉ of them are 1 for a sum s of the low limbs. */
export function fillLimit(row: CellTargets<typeof limitColumns>, pointer: Word, length: Word): void {
  const low = pointer.and(LIMB - 1).add(length.and(LIMB - 1));
  row.carry = [low.isNonZero(), low.less(LIMB + 1).not()];
}

/**
 * pointer + length ≤ 2^16 · pages over the integers: what is left is −(low limbs) + 2^16 · carry, and
 * pages − (high limbs) − carry, both in [0, 2^16). As pages ≤ 2^14, every address of the range is at most 2^30.
 */
export function assertWithin(
  c: Constraints,
  pointer: readonly Expr[],
  length: readonly Expr[],
  pages: Expr,
  { carry }: View<typeof limitColumns, Expr>,
  isReal: Expr,
): void {
  const taken = sum(carry);
  c.send(RANGE16, [taken.mul(LIMB).sub(pointer[0]!).sub(length[0]!)], isReal, ONCE);
  c.send(RANGE16, [pages.sub(pointer[1]!).sub(length[1]!).sub(taken)], isReal, ONCE);
}

/** What a row of memory.copy takes, whatever it moves: operands, whether the source begins below, ends within memory. */
export const operandColumns = {
  to: readColumns(2),
  from: readColumns(2),
  length: readColumns(2),
  order: compareColumns(2),
  limits: { to: limitColumns, from: limitColumns },
};

/** Fills them; returns the operands by limbs and as numbers, in the order to, from, length. */
export function fillOperands(
  row: CellTargets<typeof operandColumns>,
  r: InstructionWords,
): { readonly limbs: readonly (readonly Word[])[]; readonly operands: readonly [Word, Word, Word] } {
  const limbs = [row.to, row.from, row.length].map((operand, k) => fillRead(operand, r, k));
  const [to, from, length] = limbs.map(valueOfLimbs) as [Word, Word, Word];
  fillCompare(row.order, limbs[1]!, limbs[0]!);
  fillLimit(row.limits.to, to, length);
  fillLimit(row.limits.from, from, length);
  return { limbs, operands: [to, from, length] };
}

/** A pointer or length that a row moves on: limbs for the next row, range-checked. */
export const advancedColumns = array(u16('the operand for the next row'), 2);

/** after = before + step < 2^32, where 0 ≤ step ≤ 8. */
export function assertAdvanced(
  c: Constraints,
  what: string,
  before: readonly Expr[],
  step: Expr,
  after: readonly Expr[],
): void {
  const carry = before[0]!.add(step).sub(after[0]!).mul(INV_LIMB);
  c.assertZero(`${what}: carry is a bit`, carry.mul(carry.sub(1)));
  c.assertZero(`${what}: high limb`, before[1]!.add(carry).sub(after[1]!));
}

/** Nothing moves only where nothing is left. */
export function assertIdle(c: Constraints, isActive: Expr, length: readonly Expr[]): void {
  length.forEach((limb, k) => {
    c.assertZero(`limb ${k} of the length is zero where nothing moves`, isActive.not().mul(limb));
  });
}

/** Whether bytes are left for another row; pc stays until none are. */
export const leftColumns = {
  isNonZero: field('1 if bytes are left, else 0'),
  inverse: field('1 / the sum of the length’s limbs, or 0'),
};

/** Nothing binds the inverse in the last row, which leaves no bytes. */
export const freeLeft = { 'left.inverse': 'any value does where there is nothing to invert' };
