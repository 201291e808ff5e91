import { defineChip } from '../../air/chip.ts';
import { bit, u8, u16 } from '../../air/columns.ts';
import { oneHot } from '../../air/word.ts';
import { INSTRUCTIONS } from '../../vm/isa.ts';
import { fillInstruction, fillRead } from '../adapter/fill-words.ts';
import { executes, instructionColumns, readColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { BYTE, INV_BYTE } from '../adapter/limbs.ts';
import { selector } from '../adapter/one-hot.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { BYTES, Space } from '../buses.ts';
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
} from '../load/address.ts';
import { accessEncoding } from '../load/chip.ts';

const ONCE = { maxPerRow: 1 } as const;
const storeColumns = { ...instructionColumns, address: addressColumns, cell: cellColumns };

export const store64: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.store64.chip,
    maxDegree: 2,
    columns: { ...storeColumns, value: readColumns(4) },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      fillAddress(row.address, r);
      fillRead(row.value, r, 1);
      fillCellLimbs(row.cell, r.cells[0]!);
    },
    constrain: (c, row) => {
      const { address, cell, value, isReal } = row;
      const { op, advance } = INSTRUCTIONS.store64;
      const fields = [address.base.slot, value.slot, address.offset];
      const accesses = executes(c, row, { op, fields, advance });
      accesses.read(address.base);
      accesses.read(value);
      accesses.cell(Space.LINEAR, cellAddress(c, address, 0, isReal), cell.limbs, value.limbs, cell.prev);
    },
  }),
  { store64: accessEncoding },
);

/** The low 32 bits of a slot to one half of a cell. */
function storeHalf(name: 'store32' | 'store32From64', id: string, limbs: 2 | 4): InstructionChip {
  const { op, advance } = INSTRUCTIONS[name];
  const chip = defineChip({
    id,
    maxDegree: 2,
    columns: { ...storeColumns, value: readColumns(limbs), isHigh: bit('1 for the upper half of the cell') },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      row.isHigh = fillAddress(row.address, r).bit(2);
      fillRead(row.value, r, 1);
      fillCellLimbs(row.cell, r.cells[0]!);
    },
    constrain: (c, row) => {
      const { address, cell, value, isHigh, isReal } = row;
      const fields = [address.base.slot, value.slot, address.offset];
      const accesses = executes(c, row, { op, fields, advance });
      accesses.read(address.base);
      accesses.read(value);
      const after = cell.limbs.map((limb, k) => {
        const change = value.limbs[k % 2]!.sub(limb);
        return limb.add((k < 2 ? isHigh.not() : isHigh).mul(change));
      });
      const at = cellAddress(c, address, isHigh.mul(4), isReal);
      accesses.cell(Space.LINEAR, at, cell.limbs, after, cell.prev);
    },
  });
  return instructionChip(chip, { [name]: accessEncoding });
}

export const store32 = storeHalf('store32', 'store32', 2);
export const store32x = storeHalf('store32From64', 'store32x', 4);

const { store8From32: FIRST, store16From32, store8From64 } = INSTRUCTIONS;

/** The low byte or limb of a slot of either width to a byte or limb of a cell. */
export const storeSubWord: InstructionChip = instructionChip(
  defineChip({
    id: FIRST.chip,
    maxDegree: 3,
    columns: {
      ...storeColumns,
      ...limbColumns,
      value: readColumns(4),
      isWide: bit('1 if the value has 64 bits'),
      isLimbStore: bit('1 if 16 bits are stored, 0 for a byte'),
      isOdd: bit('1 for the upper byte of the limb'),
      old: u16('limb that is changed'),
      oldLow: u8('its lower byte'),
      valueLow: u8('lowest byte of the value'),
      after: u16('the limb afterwards'),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const at = fillAddress(row.address, r);
      const limb = fillRead(row.value, r, 1)[0]!;
      const old = limbAt(fillCellLimbs(row.cell, r.cells[0]!), at);
      const isLimbStore = r.is('store16From32', 'store16From64');
      const [oldLow, valueLow] = [old.and(255), limb.and(255)];
      row.isLimb = oneHot(at.shr(1).and(3), CELL_LIMBS).slice(1);
      row.isWide = r.is('store8From64', 'store16From64');
      row.isLimbStore = isLimbStore;
      row.isOdd = at.bit(0);
      row.old = old;
      row.oldLow = oldLow;
      row.valueLow = valueLow;
      const byteStore = at.bit(0).select(oldLow.or(valueLow.shl(8)), old.and(0xff00).or(valueLow));
      row.after = isLimbStore.select(limb, byteStore);
    },
    constrain: (c, row) => {
      const { address, cell, value, isWide, isLimbStore, isOdd, old, oldLow, valueLow, after, isReal } = row;
      const isLimb = selector(c, 'one limb', row.isLimb, isReal);
      c.assertZero('a limb stands at an even address', isLimbStore.mul(isOdd));
      c.assertZero('the limb that is changed', limbOf(isLimb, cell.limbs).sub(old));
      const even = old.sub(oldLow).add(valueLow);
      const odd = oldLow.add(valueLow.mul(BYTE));
      const byteStore = even.add(isOdd.mul(odd.sub(even)));
      const stored = byteStore.add(isLimbStore.mul(value.limbs[0]!.sub(byteStore)));
      c.assertZero('the limb afterwards', after.sub(stored));
      c.send(BYTES, [oldLow, old.sub(oldLow).mul(INV_BYTE)], isReal, ONCE);
      c.send(BYTES, [valueLow, value.limbs[0]!.sub(valueLow).mul(INV_BYTE)], isReal, ONCE);
      const accesses = executes(c, row, {
        op: isLimbStore
          .mul(store16From32.op - FIRST.op)
          .add(isWide.mul(store8From64.op - FIRST.op))
          .add(FIRST.op),
        fields: [address.base.slot, value.slot, address.offset],
        advance: FIRST.advance,
      });
      accesses.read(address.base);
      const space = isWide.mul(Space.SLOT64 - Space.SLOT32).add(Space.SLOT32);
      accesses.cell(space, value.slot.add(row.fp), value.limbs, value.limbs, value.prev);
      const within = limbIndex(isLimb).mul(2).add(isOdd);
      const limbsAfter = cell.limbs.map((limb, k) => limb.add(isLimb[k]!.mul(after.sub(limb))));
      const at = cellAddress(c, address, within, isReal);
      accesses.cell(Space.LINEAR, at, cell.limbs, limbsAfter, cell.prev);
    },
  }),
  {
    store8From32: accessEncoding,
    store16From32: accessEncoding,
    store8From64: accessEncoding,
    store16From64: accessEncoding,
  },
);
