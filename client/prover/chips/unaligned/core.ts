import type { Constraints } from '../../air/chip.ts';
import { array, bit, type CellTargets, u8, type View } from '../../air/columns.ts';
import { type Expr, sum } from '../../air/expr.ts';
import { oneHot, type Word } from '../../air/word.ts';
import { lowBytes } from '../adapter/fill-words.ts';
import { BYTE, INV_BYTE } from '../adapter/limbs.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { BYTES } from '../buses.ts';
import { CELL_BYTES, CELL_LIMBS, cellColumns, fillCellLimbs } from '../load/address.ts';

/** Two neighbouring cells as 16 bytes, and where in the first an access begins. */
export const spanColumns = {
  cells: { first: cellColumns, second: cellColumns },
  low: { first: array(u8('low bytes of the first cell'), CELL_LIMBS), second: array(u8('of the second'), CELL_LIMBS) },
  isStart: array(bit('one-hot: byte of the first cell where the access begins'), CELL_BYTES),
  crosses: bit('1 if the access reaches into the second cell'),
};

type SpanView = View<typeof spanColumns, Expr>;
/** By size of the access in bytes: 1 on rows with that size. Together isReal. */
export type Sizes = { readonly 2: Expr; readonly 4: Expr; readonly 8: Expr };
export const SIZES = [2, 4, 8] as const;

/** Where the access does not cross, the record's words of a second cell are zero. */
export function fillSpan(row: CellTargets<typeof spanColumns>, r: InstructionWords, start: Word, size: Word): void {
  row.isStart = oneHot(start, CELL_BYTES);
  row.crosses = start
    .add(size)
    .less(CELL_BYTES + 1)
    .not();
  (['first', 'second'] as const).forEach((which, k) => {
    row.low[which] = lowBytes(fillCellLimbs(row.cells[which], r.cells[k]!));
  });
}

/** The 16 bytes of both cells; those of the second are meant only where the access crosses. */
export function spanBytes(c: Constraints, span: SpanView, sizes: Sizes, isReal: Expr): Expr[] {
  c.assertZero('one start', sum(span.isStart).sub(isReal));
  const crossing = SIZES.map((size) => sum(span.isStart.filter((_, s) => s + size > CELL_BYTES)).mul(sizes[size]));
  c.assertZero('crosses', sum(crossing).sub(span.crosses));
  return (['first', 'second'] as const).flatMap((which) => {
    const count = which === 'first' ? isReal : span.crosses;
    return span.cells[which].limbs.flatMap((limb, k) => {
      const low = span.low[which][k]!;
      const high = limb.sub(low).mul(INV_BYTE);
      c.send(BYTES, [low, high], count, { maxPerRow: 1 });
      return [low, high];
    });
  });
}

/** Byte of the cell that the access starts at, 0 to 7. *Assumes* `isStart` one-hot. */
export const startIndex = (isStart: readonly Expr[]): Expr => sum(isStart.map((s, k) => s.mul(k)));

/** Limbs of 16 bytes. */
export const packBytes = (bytes: readonly Expr[]): Expr[] =>
  Array.from({ length: bytes.length / 2 }, (_, k) => bytes[2 * k]!.add(bytes[2 * k + 1]!.mul(BYTE)));
