import { defineChip } from '../../air/chip.ts';
import { array, bit, type CellTargets, field, u8 } from '../../air/columns.ts';
import { type Expr, sum } from '../../air/expr.ts';
import { oneHot, sumOf, type Word } from '../../air/word.ts';
import { INSTRUCTIONS } from '../../vm/isa.ts';
import { rowType } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, lowBytes, replacement, valueOfLimbs } from '../adapter/fill-words.ts';
import { executes, instructionColumns, rangeCheck, readColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { bytesOf, INV_BYTE, LIMB } from '../adapter/limbs.ts';
import type { AccessWords, InstructionWords, Pair } from '../adapter/record-words.ts';
import { BYTES, Space } from '../buses.ts';
import { compare, compareColumns } from '../compare/core.ts';
import { CELL_BYTES, CELL_LIMBS, cellColumns, fillCellLimbs, INV_CELL_BYTES } from '../load/address.ts';
import { packBytes, startIndex } from '../unaligned/core.ts';
import { assertNonZero, nonZeroHint } from '../zero/core.ts';
import {
  advancedColumns,
  assertAdvanced,
  assertIdle,
  assertStart,
  assertWithin,
  countColumns,
  countOf,
  fillCount,
  fillLimit,
  fillOperands,
  freeLeft,
  leftColumns,
  limitColumns,
  reachesBeyond,
  replaced,
} from './core.ts';

const valueOfPointer = (limbs: readonly Expr[]): Expr => limbs[1]!.mul(LIMB).add(limbs[0]!);

const byteCell = { ...cellColumns, low: array(u8('low bytes of the cell'), CELL_LIMBS) };
const isStart = array(bit('one-hot: first byte of the cell that moves; zero where nothing does'), CELL_BYTES);

/** Fills a cell; returns its bytes. */
function fillByteCell(row: CellTargets<typeof byteCell>, access: AccessWords): Word[] {
  const limbs = fillCellLimbs(row, access);
  row.low = lowBytes(limbs);
  return limbs.flatMap((limb) => [limb.and(255), limb.shr(8)]);
}

/** The words from number `start` < 8 on, of 16: 8 of them. */
function shiftedBy(words: readonly Word[], start: Word): Word[] {
  const step = (list: readonly Word[], bit: number): Word[] =>
    list.slice(0, list.length - 2 ** bit).map((w, k) => start.bit(bit).select(list[k + 2 ** bit]!, w));
  return step(step(step(words, 2), 1), 0).slice(0, CELL_BYTES);
}

const unusedCells = (names: readonly string[], reason: string): Record<string, string> =>
  Object.fromEntries(
    names
      .flatMap((name) => [`${name}.prev`, ...[0, 1, 2, 3].flatMap((k) => [`${name}.limbs[${k}]`, `${name}.low[${k}]`])])
      .map((cell) => [cell, reason]),
  );
const NOTHING_MOVES = 'a row that moves nothing accesses no memory';

/**
 * memory.copy: each row moves up to 8 bytes into one cell, from one or two, and advances its operands; control stays
 * until nothing is left. Where the source begins below the destination the last bytes move first, so overlapping ranges
 * come out as if read before written.
 */
export const copy: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.copy.chip,
    maxDegree: 3,
    publics: ['memoryPages'],
    columns: {
      ...instructionColumns,
      to: readColumns(2),
      from: readColumns(2),
      length: readColumns(2),
      ...countColumns,
      order: compareColumns(2),
      limits: { to: limitColumns, from: limitColumns },
      forward: field('bytes that `to` and `from` advance: the count, or 0 where the last bytes move first'),
      source: { first: byteCell, second: byteCell, isStart },
      crosses: bit('1 if the source bytes lie in two cells'),
      target: { ...byteCell, isStart },
      moved: array(u8('bytes that move, from the source’s start on'), CELL_BYTES),
      after: { to: advancedColumns, from: advancedColumns, length: advancedColumns },
      left: leftColumns,
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const [to, from, length] = fillOperands(row, r).operands;
      row.after.to = replacement(r, 0);
      row.after.from = replacement(r, 1);
      const left = replacement(r, 2);
      row.after.length = left;
      row.left = nonZeroHint(sumOf(left));
      const count = length.sub(valueOfLimbs(left)).below(4);
      fillCount(row, count);
      const isActive = count.isNonZero();
      const isBackward = from.less(to);
      row.forward = isBackward.select(0, count);
      const plus = isBackward.select(valueOfLimbs(left).and(CELL_BYTES - 1), 0);
      const startIn = (pointer: Word): Word =>
        pointer
          .and(CELL_BYTES - 1)
          .add(plus)
          .and(CELL_BYTES - 1);
      const sourceStart = startIn(from);
      row.source.isStart = oneHot(sourceStart, CELL_BYTES).map((s) => s.and(isActive));
      row.target.isStart = oneHot(startIn(to), CELL_BYTES).map((s) => s.and(isActive));
      const crosses = isActive.and(
        sourceStart
          .add(count)
          .less(CELL_BYTES + 1)
          .not(),
      );
      row.crosses = crosses;
      // Cells of the record: the source's one or two, then the target.
      const [cell0, cell1, cell2] = r.cells as [AccessWords, AccessWords, AccessWords];
      const either = (a: Pair, b: Pair): Pair => [crosses.select(a[0], b[0]), crosses.select(a[1], b[1])];
      const none: Pair = [crosses.and(0), crosses.and(0)];
      const second = { ...cell1, prev: crosses.select(cell1.prev, 0), before: either(cell1.before, none) };
      const target = {
        ...cell2,
        prev: crosses.select(cell2.prev, cell1.prev),
        before: either(cell2.before, cell1.before),
      };
      const bytes = [...fillByteCell(row.source.first, cell0), ...fillByteCell(row.source.second, second)];
      fillByteCell(row.target, target);
      row.moved = shiftedBy(bytes, sourceStart);
    },
    constrain: (c, row) => {
      const { to, from, length, isMore, order, limits, forward, source, crosses, target, moved, after, left } = row;
      const { isReal } = row;
      const pages = c.public('memoryPages');
      const isActive = isMore[0]!;
      const count = countOf(c, isMore);
      c.assertZero('only real rows move', isActive.mul(isReal.not()));
      const { op, advance } = INSTRUCTIONS.copy;
      const accesses = executes(c, row, {
        op,
        fields: [to.slot, from.slot, length.slot],
        next: row.pc.add(1).sub(left.isNonZero),
        advance,
      });
      const [putTo, putFrom, putLength] = [accesses.take(to), accesses.take(from), accesses.take(length)];
      assertNonZero(c, sum(after.length), left.isNonZero, left.inverse);
      assertIdle(c, isActive, length.limbs);
      assertWithin(c, to.limbs, length.limbs, pages, limits.to, isReal);
      assertWithin(c, from.limbs, length.limbs, pages, limits.from, isReal);
      compare(c, from.limbs, to.limbs, order, isReal);
      const backward = order.isLess;
      c.assertZero('forward', forward.sub(backward.not().mul(count)));

      assertStart(c, source.isStart, isMore, 'source');
      assertStart(c, target.isStart, isMore, 'target');
      c.assertZero('crosses', crosses.sub(reachesBeyond(source.isStart, isMore)));
      c.assertZero('the bytes fit the target', reachesBeyond(target.isStart, isMore));

      const plus = backward.mul(valueOfPointer(length.limbs).sub(count));
      const cellAt = (pointer: readonly Expr[], start: readonly Expr[]): Expr =>
        valueOfPointer(pointer).add(plus).sub(startIndex(start)).mul(INV_CELL_BYTES);
      const { first, second } = source;
      const read = [...bytesOf(c, first.limbs, first.low, isActive), ...bytesOf(c, second.limbs, second.low, crosses)];
      moved.forEach((byte, j) => {
        const here = sum(source.isStart.map((s, start) => s.mul(read[start + j]!)));
        c.assertZero(`byte ${j} that moves`, byte.sub(here));
      });
      const sourceCell = cellAt(from.limbs, source.isStart);
      accesses.cell(Space.LINEAR, sourceCell, first.limbs, first.limbs, first.prev, isActive);
      accesses.cell(Space.LINEAR, sourceCell.add(1), second.limbs, second.limbs, second.prev, crosses);
      const before = bytesOf(c, target.limbs, target.low, isActive);
      const limbs = packBytes(replaced(before, target.isStart, isMore, (j) => moved[j]!));
      accesses.cell(Space.LINEAR, cellAt(to.limbs, target.isStart), target.limbs, limbs, target.prev, isActive);

      assertAdvanced(c, 'to', to.limbs, forward, after.to);
      assertAdvanced(c, 'from', from.limbs, forward, after.from);
      assertAdvanced(c, 'length', after.length, count, length.limbs);
      rangeCheck(c, [...after.to, ...after.from, ...after.length], isReal);
      putTo(after.to);
      putFrom(after.from);
      putLength(after.length);
    },
    freeCells: {
      ...unusedCells(['source.second'], 'used only where the source bytes lie in two cells'),
      ...unusedCells(['source.first', 'target'], NOTHING_MOVES),
      ...freeLeft,
    },
  }),
  { copy: rowType(INSTRUCTIONS.copy.op, (i) => i.reads) },
);

/** memory.fill, in rows like those of a copy. */
export const fill: InstructionChip = instructionChip(
  defineChip({
    id: 'fill',
    maxDegree: 3,
    publics: ['memoryPages'],
    columns: {
      ...instructionColumns,
      to: readColumns(2),
      value: readColumns(2),
      length: readColumns(2),
      ...countColumns,
      byte: u8('low byte of the value'),
      limit: limitColumns,
      target: { ...byteCell, isStart },
      after: { to: advancedColumns, length: advancedColumns },
      left: leftColumns,
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const to = valueOfLimbs(fillRead(row.to, r, 0));
      row.byte = fillRead(row.value, r, 1)[0]!.and(255);
      const length = valueOfLimbs(fillRead(row.length, r, 2));
      fillLimit(row.limit, to, length);
      row.after.to = replacement(r, 0);
      const left = replacement(r, 1);
      row.after.length = left;
      row.left = nonZeroHint(sumOf(left));
      const count = length.sub(valueOfLimbs(left)).below(4);
      fillCount(row, count);
      row.target.isStart = oneHot(to.and(CELL_BYTES - 1), CELL_BYTES).map((s) => s.and(count.isNonZero()));
      fillByteCell(row.target, r.cells[0]!);
    },
    constrain: (c, row) => {
      const { to, value, length, isMore, byte, limit, target, after, left, isReal } = row;
      const isActive = isMore[0]!;
      const count = countOf(c, isMore);
      c.assertZero('only real rows move', isActive.mul(isReal.not()));
      const { op, advance } = INSTRUCTIONS.fill;
      const accesses = executes(c, row, {
        op,
        fields: [to.slot, value.slot, length.slot],
        next: row.pc.add(1).sub(left.isNonZero),
        advance,
      });
      const putTo = accesses.take(to);
      accesses.read(value);
      const putLength = accesses.take(length);
      assertNonZero(c, sum(after.length), left.isNonZero, left.inverse);
      assertIdle(c, isActive, length.limbs);
      assertWithin(c, to.limbs, length.limbs, c.public('memoryPages'), limit, isReal);
      c.send(BYTES, [byte, value.limbs[0]!.sub(byte).mul(INV_BYTE)], isReal, { maxPerRow: 1 });
      assertStart(c, target.isStart, isMore, 'target');
      c.assertZero('the bytes fit the target', reachesBeyond(target.isStart, isMore));
      const before = bytesOf(c, target.limbs, target.low, isActive);
      const limbs = packBytes(replaced(before, target.isStart, isMore, () => byte));
      const cell = valueOfPointer(to.limbs).sub(startIndex(target.isStart)).mul(INV_CELL_BYTES);
      accesses.cell(Space.LINEAR, cell, target.limbs, limbs, target.prev, isActive);
      assertAdvanced(c, 'to', to.limbs, count, after.to);
      assertAdvanced(c, 'length', after.length, count, length.limbs);
      rangeCheck(c, [...after.to, ...after.length], isReal);
      putTo(after.to);
      putLength(after.length);
    },
    freeCells: { ...unusedCells(['target'], NOTHING_MOVES), ...freeLeft },
  }),
  { fill: rowType(INSTRUCTIONS.fill.op, (i) => i.reads) },
);
