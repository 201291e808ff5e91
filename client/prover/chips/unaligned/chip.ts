import { defineChip } from '../../air/chip.ts';
import { array, bit, u8 } from '../../air/columns.ts';
import { type Expr, sum } from '../../air/expr.ts';
import { anyOf, type Word } from '../../air/word.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { fillInstruction, fillRead, fillWrite, lowBytes } from '../adapter/fill-words.ts';
import { type Accesses, executes, instructionColumns, readColumns, writeColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { INV_BYTE, LIMB } from '../adapter/limbs.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { BYTES, RANGE16, Space } from '../buses.ts';
import { addressColumns, cellAddress, fillAddress } from '../load/address.ts';
import { accessEncoding } from '../load/chip.ts';
import { fillSpan, packBytes, type Sizes, spanBytes, spanColumns, startIndex } from './core.ts';

const ONCE = { maxPerRow: 1 } as const;

const LOADS: readonly OpName[] = [
  'load16U32',
  'load16S32',
  'load16U64',
  'load16S64',
  'load32',
  'load32U64',
  'load32S64',
  'load64',
];
const STORES: readonly OpName[] = ['store16From32', 'store16From64', 'store32', 'store32From64', 'store64'];

const sizeOf = (name: OpName): 2 | 4 | 8 => INSTRUCTIONS[name].memoryBytes as 2 | 4 | 8;
const isWide = (name: OpName): boolean =>
  name.startsWith('store') ? INSTRUCTIONS[name].reads[1] === 64 : INSTRUCTIONS[name].writes[0] === 64;
const isSigned = (name: OpName): boolean => /^load\d+S/.test(name);
const sizeWord = (r: InstructionWords, names: readonly OpName[]): Word =>
  anyOf(names.map((name) => r.is(name).mul(sizeOf(name))));

/** Sums over the one-hot operation. */
function selections(names: readonly OpName[], isOp: readonly Expr[]) {
  const when = (test: (name: OpName) => boolean): Expr => sum(isOp.map((s, k) => s.mul(test(names[k]!) ? 1 : 0)));
  const sizes: Sizes = {
    2: when((n) => sizeOf(n) === 2),
    4: when((n) => sizeOf(n) === 4),
    8: when((n) => sizeOf(n) === 8),
  };
  return {
    op: sum(isOp.map((s, k) => s.mul(INSTRUCTIONS[names[k]!].op))),
    sizes,
    wide: when(isWide),
    signed: when(isSigned),
    space: sum(isOp.map((s, k) => s.mul(isWide(names[k]!) ? Space.SLOT64 : Space.SLOT32))),
  };
}

/** Both cells of the span at the row's next two clocks; the second only where the access crosses. */
function accessSpan(
  accesses: Accesses,
  at: Expr,
  span: { readonly cells: { readonly first: CellView; readonly second: CellView }; readonly crosses: Expr },
  after: readonly Expr[],
): void {
  const { first, second } = span.cells;
  accesses.cell(Space.LINEAR, at, first.limbs, after.slice(0, 4), first.prev);
  accesses.cell(Space.LINEAR, at.add(1), second.limbs, after.slice(4), second.prev, span.crosses);
}

type CellView = { readonly limbs: readonly Expr[]; readonly prev: Expr };

/** Cells of the second cell are not used unless the access crosses. */
const UNUSED_SECOND_CELL = Object.fromEntries(
  [
    'span.cells.second.prev',
    ...[0, 1, 2, 3].flatMap((k) => [`span.cells.second.limbs[${k}]`, `span.low.second[${k}]`]),
  ].map((cell) => [cell, 'the second cell is used only where the access crosses']),
);

/** A load at any address. */
export const loadUnaligned: InstructionChip = instructionChip(
  defineChip({
    id: 'load_unaligned',
    maxDegree: 3,
    columns: {
      ...instructionColumns,
      address: addressColumns,
      result: writeColumns(4),
      span: spanColumns,
      isOp: array(bit(`one-hot: ${LOADS.join(', ')}`), LOADS.length),
      sign: bit('top bit of what is loaded, where it is extended'),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const at = fillAddress(row.address, r);
      row.isOp = LOADS.map((name) => r.is(name));
      fillSpan(row.span, r, at.and(7), sizeWord(r, LOADS));
      const limbs = fillWrite(row.result, r);
      row.sign = anyOf(LOADS.filter(isSigned).map((name) => r.is(name).and(limbs[sizeOf(name) / 2 - 1]!.bit(15))));
    },
    constrain: (c, row) => {
      const { address, result, span, isOp, sign, isReal } = row;
      const { op, sizes, wide, signed, space } = selections(LOADS, isOp);
      c.assertZero('one operation', sum(isOp).sub(isReal));
      const accesses = executes(c, row, {
        op,
        fields: [result.slot, address.base.slot, address.offset],
        advance: INSTRUCTIONS.load64.advance,
      });
      accesses.read(address.base);
      const bytes = spanBytes(c, span, sizes, isReal);
      accessSpan(accesses, cellAddress(c, address, startIndex(span.isStart), isReal), span, packBytes(bytes));
      const limb = (k: number): Expr =>
        sum(
          span.isStart.flatMap((s, start) => {
            const low = bytes[start + 2 * k];
            const high = bytes[start + 2 * k + 1];
            return low && high ? [s.mul(low.add(high.mul(2 ** 8)))] : [];
          }),
        );
      const top = sizes[2].mul(limb(0)).add(sizes[4].mul(limb(1)));
      c.assertZero('a sign only where it is copied', sign.mul(signed.not()));
      c.send(RANGE16, [top.mul(2).sub(sign.mul(LIMB))], signed, ONCE);
      const fill = sign.mul(LIMB - 1);
      accesses.write(
        result,
        [
          limb(0),
          sizes[2].not().mul(limb(1)).add(sizes[2].mul(fill)),
          sizes[8].mul(limb(2)).add(wide.mul(fill)),
          sizes[8].mul(limb(3)).add(wide.mul(fill)),
        ],
        { space },
      );
    },
    freeCells: UNUSED_SECOND_CELL,
  }),
  Object.fromEntries(LOADS.map((n) => [n, accessEncoding])),
);

/** A store at any address. */
export const storeUnaligned: InstructionChip = instructionChip(
  defineChip({
    id: 'store_unaligned',
    maxDegree: 3,
    columns: {
      ...instructionColumns,
      address: addressColumns,
      value: readColumns(4),
      valueLow: array(u8('low bytes of the value'), 4),
      span: spanColumns,
      isOp: array(bit(`one-hot: ${STORES.join(', ')}`), STORES.length),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const at = fillAddress(row.address, r);
      row.isOp = STORES.map((name) => r.is(name));
      row.valueLow = lowBytes(fillRead(row.value, r, 1));
      fillSpan(row.span, r, at.and(7), sizeWord(r, STORES));
    },
    constrain: (c, row) => {
      const { address, value, valueLow, span, isOp, isReal } = row;
      const { op, sizes, space } = selections(STORES, isOp);
      c.assertZero('one operation', sum(isOp).sub(isReal));
      const accesses = executes(c, row, {
        op,
        fields: [address.base.slot, value.slot, address.offset],
        advance: INSTRUCTIONS.store64.advance,
      });
      accesses.read(address.base);
      accesses.cell(space, value.slot.add(row.fp), value.limbs, value.limbs, value.prev);
      const stored = value.limbs.flatMap((limb, k) => {
        const low = valueLow[k]!;
        const high = limb.sub(low).mul(INV_BYTE);
        c.send(BYTES, [low, high], isReal, ONCE);
        return [low, high];
      });
      const bytes = spanBytes(c, span, sizes, isReal);
      /** isStart, by offset from the start to byte t of the span, for the sizes that reach it. */
      const reach = (offset: number): Expr => {
        const covering = ([2, 4, 8] as const).filter((size) => offset < size);
        return sum(covering.map((size) => sizes[size]));
      };
      const after = bytes.map((byte, t) => {
        const changes = span.isStart.flatMap((s, start) => {
          const value = stored[t - start];
          return value === undefined ? [] : [s.mul(reach(t - start)).mul(value.sub(byte))];
        });
        return changes.length === 0 ? byte : byte.add(sum(changes));
      });
      const at = cellAddress(c, address, startIndex(span.isStart), isReal);
      accessSpan(accesses, at, span, packBytes(after));
    },
    freeCells: UNUSED_SECOND_CELL,
  }),
  Object.fromEntries(STORES.map((n) => [n, accessEncoding])),
);
