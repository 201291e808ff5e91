import type { Constraints } from '../../air/chip.ts';
import { array, bit, type CellTargets, field, u16, type View } from '../../air/columns.ts';
import { type Expr, type Operand, sum } from '../../air/expr.ts';
import type { Word } from '../../air/word.ts';
import { Fp } from '../../field/fp.ts';
import { fillRead, limbsOfPair } from '../adapter/fill-words.ts';
import { readColumns } from '../adapter/instruction.ts';
import { LIMB } from '../adapter/limbs.ts';
import type { AccessWords, InstructionWords } from '../adapter/record-words.ts';
import { RANGE16 } from '../buses.ts';

/** Bytes of a cell of linear memory, and limbs. */
export const CELL_BYTES = 8;
export const CELL_LIMBS = 4;
export const INV_CELL_BYTES = Fp.inv(CELL_BYTES);

/** Address operand of a load or store. */
export const addressColumns = {
  base: readColumns(2),
  offset: field('constant part of the address, below 2^29, from the program'),
};

/** A cell of linear memory that is read. */
export const cellColumns = {
  limbs: array(u16('limbs of the cell'), CELL_LIMBS),
  prev: field('clock of the cell’s previous access'),
};

/**
 * The cell that a pointer below 2^30 points into, `within` bytes behind its start. *Soundness.* The high limb is a u16 by
 * its writer, and four times it is one by lookup, so the pointer is below 2^30; `plus` is below 2^30 too; a cell of a
 * memory zone is below 2^27. So 8 · cell + within = pointer + plus holds over the integers, and an address that is
 * aligned otherwise or outside memory finds no cell.
 */
export function cellOfPointer(
  c: Constraints,
  limbs: readonly Expr[],
  isReal: Expr,
  plus: Operand = 0,
  within: Operand = 0,
): Expr {
  const [low, high] = [limbs[0]!, limbs[1]!];
  c.send(RANGE16, [high.mul(4)], isReal, { maxPerRow: 1 });
  return high.mul(LIMB).add(low).add(plus).sub(within).mul(INV_CELL_BYTES);
}

/** The cell that holds byte base + offset, which is byte `within` of it. */
export const cellAddress = (
  c: Constraints,
  address: View<typeof addressColumns, Expr>,
  within: Operand,
  isReal: Expr,
): Expr => cellOfPointer(c, address.base.limbs, isReal, address.offset, within);

/** Fills the address; returns its lowest 16 bits. */
export function fillAddress(row: CellTargets<typeof addressColumns>, r: InstructionWords): Word {
  const low = fillRead(row.base, r, 0)[0]!;
  row.offset = r.offset;
  return low.add(r.offset.and(LIMB - 1)).and(LIMB - 1);
}

/** Fills a cell that is accessed; returns its limbs before. */
export function fillCellLimbs(row: CellTargets<typeof cellColumns>, { prev, before }: AccessWords): Word[] {
  const limbs = limbsOfPair(before);
  row.prev = prev;
  row.limbs = limbs;
  return limbs;
}

/** The limb of a cell that byte `at` lies in. */
export const limbAt = (limbs: readonly Word[], at: Word): Word =>
  at.bit(2).select(at.bit(1).select(limbs[3]!, limbs[2]!), at.bit(1).select(limbs[1]!, limbs[0]!));

/** Which limb of a cell. */
export const limbColumns = {
  isLimb: array(bit('one-hot: limb of the cell, from 1 on; 0 is what they leave'), CELL_LIMBS - 1),
};

/** Number of the marked limb, and the limb itself. */
export const limbIndex = (isLimb: readonly Expr[]): Expr => sum(isLimb.map((s, k) => s.mul(k)));
/** Σ isLimb[k] · limbs[k]: the marked limb, 0 where none is. *Assumes* one-hot or zero. */
export const limbOf = (isLimb: readonly Expr[], limbs: readonly Expr[]): Expr =>
  sum(isLimb.map((s, k) => s.mul(limbs[k]!)));
