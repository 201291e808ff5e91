import { type Constraints, defineChip } from '../../air/chip.ts';
import { bit, u8 } from '../../air/columns.ts';
import type { Expr } from '../../air/expr.ts';
import { oneHot } from '../../air/word.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { type Encoding, rowType } from '../adapter/encoding.ts';
import { fillInstruction, fillWrite } from '../adapter/fill-words.ts';
import { executes, instructionColumns, writeColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { BYTE, INV_BYTE, LIMB } from '../adapter/limbs.ts';
import { selector } from '../adapter/one-hot.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { BYTES, RANGE16, Space } from '../buses.ts';
import {
  addressColumns,
  CELL_LIMBS,
  cellAddress,
  cellColumns,
  fillAddress,
  fillCellLimbs,
  limbAt,
  limbColumns,
  limbIndex,
  limbOf,
} from './address.ts';

const ONCE = { maxPerRow: 1 } as const;

/** Slots, then the offset as one field: it is below 2^29. */
export const accessEncoding: Encoding = (i, pc) =>
  rowType(INSTRUCTIONS[i.op].op, () => [...i.writes, ...i.reads, i.offset])(i, pc);

const loadColumns = { ...instructionColumns, address: addressColumns, cell: cellColumns };

export const load64: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.load64.chip,
    maxDegree: 2,
    columns: { ...loadColumns, result: writeColumns(4) },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      fillAddress(row.address, r);
      fillCellLimbs(row.cell, r.cells[0]!);
      fillWrite(row.result, r);
    },
    constrain: (c, row) => {
      const { address, cell, result, isReal } = row;
      const { op, advance } = INSTRUCTIONS.load64;
      const fields = [result.slot, address.base.slot, address.offset];
      const accesses = executes(c, row, { op, fields, advance });
      accesses.read(address.base);
      accesses.cell(Space.LINEAR, cellAddress(c, address, 0, isReal), cell.limbs, cell.limbs, cell.prev);
      accesses.write(result, cell.limbs);
    },
  }),
  { load64: accessEncoding },
);

/** One half of a cell, to a slot of 32 bits. */
export const load32: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.load32.chip,
    maxDegree: 2,
    columns: { ...loadColumns, result: writeColumns(2), isHigh: bit('1 for the upper half of the cell') },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      row.isHigh = fillAddress(row.address, r).bit(2);
      fillCellLimbs(row.cell, r.cells[0]!);
      fillWrite(row.result, r);
    },
    constrain: (c, row) => {
      const { address, cell, result, isHigh, isReal } = row;
      const { op, advance } = INSTRUCTIONS.load32;
      const fields = [result.slot, address.base.slot, address.offset];
      const accesses = executes(c, row, { op, fields, advance });
      accesses.read(address.base);
      const at = cellAddress(c, address, isHigh.mul(4), isReal);
      accesses.cell(Space.LINEAR, at, cell.limbs, cell.limbs, cell.prev);
      accesses.write(result, half(cell.limbs, isHigh));
    },
  }),
  { load32: accessEncoding },
);

function half(limbs: readonly Expr[], isHigh: Expr): [Expr, Expr] {
  return [limbs[0]!.add(isHigh.mul(limbs[2]!.sub(limbs[0]!))), limbs[1]!.add(isHigh.mul(limbs[3]!.sub(limbs[1]!)))];
}

/** `sign` is the top bit of the 16-bit number `top` where isSigned, else 0. */
function assertSign(c: Constraints, top: Expr, sign: Expr, isSigned: Expr): void {
  c.assertZero('a sign only where it is copied', sign.mul(isSigned.not()));
  c.send(RANGE16, [top.mul(2).sub(sign.mul(LIMB))], isSigned, ONCE);
}

/** One half of a cell, extended to 64 bits. */
export const load32x: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.load32S64.chip,
    maxDegree: 3,
    columns: {
      ...loadColumns,
      result: writeColumns(4),
      isHigh: bit('1 for the upper half of the cell'),
      isSigned: bit('1 if the sign is extended'),
      sign: bit('top bit of the half, where it is extended'),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const isHigh = fillAddress(row.address, r).bit(2);
      const limbs = fillCellLimbs(row.cell, r.cells[0]!);
      fillWrite(row.result, r);
      const isSigned = r.is('load32S64');
      row.isHigh = isHigh;
      row.isSigned = isSigned;
      row.sign = isSigned.and(isHigh.select(limbs[3]!, limbs[1]!).bit(15));
    },
    constrain: (c, row) => {
      const { address, cell, result, isHigh, isSigned, sign, isReal } = row;
      const { op, advance } = INSTRUCTIONS.load32U64;
      const accesses = executes(c, row, {
        op: isSigned.mul(INSTRUCTIONS.load32S64.op - op).add(op),
        fields: [result.slot, address.base.slot, address.offset],
        advance,
      });
      accesses.read(address.base);
      const at = cellAddress(c, address, isHigh.mul(4), isReal);
      accesses.cell(Space.LINEAR, at, cell.limbs, cell.limbs, cell.prev);
      const [low, high] = half(cell.limbs, isHigh);
      c.assertZero('signed rows are real', isSigned.mul(isReal.not()));
      assertSign(c, high, sign, isSigned);
      const fill = sign.mul(LIMB - 1);
      accesses.write(result, [low, high, fill, fill]);
    },
  }),
  { load32U64: accessEncoding, load32S64: accessEncoding },
);

type SubWordNames = { readonly u32: OpName; readonly s32: OpName; readonly u64: OpName; readonly s64: OpName };

/** A limb or byte of a cell, to a slot of either width, with or without sign. */
function loadSubWord(names: SubWordNames, bytes: 1 | 2): InstructionChip {
  const { op, chip: id, advance } = INSTRUCTIONS[names.u32];
  const [signedStep, wideStep] = [INSTRUCTIONS[names.s32].op - op, INSTRUCTIONS[names.u64].op - op];
  const chip = defineChip({
    id,
    maxDegree: 3,
    columns: {
      ...loadColumns,
      ...limbColumns,
      result: writeColumns(4),
      isWide: bit('1 if the result has 64 bits'),
      isSigned: bit('1 if the sign is extended'),
      sign: bit('top bit of what is loaded, where it is extended'),
      ...(bytes === 1 && {
        isOdd: bit('1 for the upper byte of the limb'),
        low: u8('lower byte of the limb'),
        byte: u8('byte that is loaded'),
      }),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const at = fillAddress(row.address, r);
      const limbs = fillCellLimbs(row.cell, r.cells[0]!);
      fillWrite(row.result, r);
      const limb = limbAt(limbs, at);
      const isSigned = r.is(names.s32, names.s64);
      row.isLimb = oneHot(at.shr(1).and(3), CELL_LIMBS).slice(1);
      row.isWide = r.is(names.u64, names.s64);
      row.isSigned = isSigned;
      if (bytes === 2) {
        row.sign = isSigned.and(limb.bit(15));
        return;
      }
      const byte = at.bit(0).select(limb.shr(8), limb.and(255));
      row.isOdd = at.bit(0);
      row.low = limb.and(255);
      row.byte = byte;
      row.sign = isSigned.and(byte.bit(7));
    },
    constrain: (c, row) => {
      const { address, cell, result, isWide, isSigned, sign, isReal, isOdd, low, byte } = row;
      const isLimb = selector(c, 'one limb', row.isLimb, isReal);
      c.assertZero('signed rows are real', isSigned.mul(isReal.not()));
      const accesses = executes(c, row, {
        op: isSigned.mul(signedStep).add(isWide.mul(wideStep)).add(op),
        fields: [result.slot, address.base.slot, address.offset],
        advance,
      });
      accesses.read(address.base);
      const within = limbIndex(isLimb)
        .mul(2)
        .add(isOdd ?? 0);
      accesses.cell(Space.LINEAR, cellAddress(c, address, within, isReal), cell.limbs, cell.limbs, cell.prev);
      const limb = limbOf(isLimb, cell.limbs);
      const fill = sign.mul(LIMB - 1);
      let lowest = limb;
      if (isOdd && low && byte) {
        const high = limb.sub(low).mul(INV_BYTE);
        c.send(BYTES, [low, high], isReal, ONCE);
        c.assertZero('the byte of the limb', byte.sub(low).sub(isOdd.mul(high.sub(low))));
        assertSign(c, byte.mul(BYTE), sign, isSigned);
        lowest = byte.add(sign.mul(LIMB - BYTE));
      } else assertSign(c, limb, sign, isSigned);
      const space = isWide.mul(Space.SLOT64 - Space.SLOT32).add(Space.SLOT32);
      accesses.write(result, [lowest, fill, isWide.mul(fill), isWide.mul(fill)], { space });
    },
  });
  return instructionChip(chip, Object.fromEntries(Object.values(names).map((n) => [n, accessEncoding])));
}

export const load16 = loadSubWord({ u32: 'load16U32', s32: 'load16S32', u64: 'load16U64', s64: 'load16S64' }, 2);
export const load8 = loadSubWord({ u32: 'load8U32', s32: 'load8S32', u64: 'load8U64', s64: 'load8S64' }, 1);
