import { type Constraints, defineChip } from '../../air/chip.ts';
import { array, bit, type CellTargets, field, type View } from '../../air/columns.ts';
import type { Expr } from '../../air/expr.ts';
import { INSTRUCTIONS } from '../../vm/isa.ts';
import { programRow, rowType } from '../adapter/encoding.ts';
import { fillCell, fillInstruction, fillRead } from '../adapter/fill-words.ts';
import {
  type Accesses,
  executes,
  instructionColumns,
  programMessage,
  rangeCheck,
  readColumns,
} from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { LIMB } from '../adapter/limbs.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { PROGRAM, RANGE16, Space } from '../buses.ts';

const ONCE = { maxPerRow: 1 } as const;

/** Row type of the function table: (index, 0, op, type, entry). */
export const FUNCTION_TABLE_OP = 255;

export const jump: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.jump.chip,
    maxDegree: 2,
    columns: { ...instructionColumns, target: field('where control goes, from the program') },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      row.target = r.next;
    },
    constrain: (c, row) => {
      const { op, advance } = INSTRUCTIONS.jump;
      executes(c, row, { op, fields: [row.target], next: row.target, advance });
    },
  }),
  { jump: rowType(INSTRUCTIONS.jump.op, (i) => [i.target]) },
);

/**
 * Jump by index: program rows (slot, index, target) with flag 0 for every index below the default's, and one
 * (slot, bound, target) with flag 1 for all from the bound on. Tables have less than 2^16 entries.
 */
export const branchTable: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.brTable.chip,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      index: readColumns(2),
      isDefault: bit('1 if the index is outside the table'),
      entry: field('the index, or the bound'),
      target: field('where control goes, from the program'),
      borrow: bit('borrow of index − bound from limb 1'),
    },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      const low = fillRead(row.index, r, 0)[0]!;
      const isDefault = r.reads[0]!.before[0].less(r.bound).not();
      row.isDefault = isDefault;
      row.entry = isDefault.select(r.bound, low);
      row.target = r.next;
      row.borrow = isDefault.and(low.less(r.bound));
    },
    constrain: (c, row) => {
      const { index, isDefault, entry, target, borrow, isReal } = row;
      const [low, high] = [index.limbs[0]!, index.limbs[1]!];
      const { op, advance } = INSTRUCTIONS.brTable;
      const fields = [index.slot, entry, target];
      executes(c, row, { op, flag: isDefault, fields, next: target, advance }).read(index);
      c.assertZero('default only on real rows', isDefault.mul(isReal.not()));
      c.assertZero('inside: the entry is the low limb', isDefault.not().mul(entry.sub(low)));
      c.assertZero('inside: the high limb is zero', isDefault.not().mul(high));
      c.assertZero('inside: no borrow', isDefault.not().mul(borrow));
      // index − bound ≥ 0, limb by limb.
      c.send(RANGE16, [low.sub(entry).add(borrow.mul(LIMB))], isDefault, ONCE);
      c.send(RANGE16, [high.sub(borrow)], isDefault, ONCE);
    },
  }),
  {
    brTable: (i, pc) => {
      const bound = i.targets.length - 1;
      return i.targets.map((target, k) =>
        programRow(pc, k === bound ? 1 : 0, INSTRUCTIONS.brTable.op, [i.reads[0]!, k, target]),
      );
    },
  },
);

/** A return cell: who called, with which frame; limbs 2 and 3 are zero. */
const returnColumns = {
  old: array(field('return pc and fp of an earlier call'), 2),
  prev: field('clock of the cell’s previous access'),
};

/** A frame pointer is below 2^27 + 2^16: low + 2^11 · high, both range-checked. */
const FRAME_SPLIT = 2 ** 11;

const callColumns = {
  ...instructionColumns,
  target: field('first pc of the callee'),
  frame: field('distance of the callee’s frame, from the program'),
  fpHigh: field('new fp = low + 2^11 · fpHigh'),
  link: returnColumns,
};

function fillCall(row: CellTargets<typeof callColumns>, r: InstructionWords): void {
  fillInstruction(row, r);
  row.target = r.next;
  row.frame = r.frame;
  row.fpHigh = r.fp.add(r.frame).shr(Math.log2(FRAME_SPLIT));
  fillLink(row.link, r);
}

/** A return cell's words are whole numbers. */
function fillLink(row: CellTargets<typeof returnColumns>, r: InstructionWords): void {
  row.old = fillCell(row, r).before.map((word) => word.below(30));
}

/**
 * Writes the return cell of the new frame, keyed by its fp; lowering guarantees that frames grow upwards. A frame that
 * does not fit the slot zones has no cells, so no proof exists; the check here keeps fp from wrapping around P.
 */
function entersFrame(c: Constraints, row: View<typeof callColumns, Expr>, accesses: Accesses): void {
  const nextFp = row.fp.add(row.frame);
  accesses.cell(Space.CALL_STACK, nextFp, [...row.link.old, 0, 0], [row.pc.add(1), row.fp, 0, 0], row.link.prev);
  rangeCheck(c, [nextFp.sub(row.fpHigh.mul(FRAME_SPLIT)), row.fpHigh], row.isReal);
}

export const call: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.call.chip,
    maxDegree: 2,
    columns: callColumns,
    fill: (r: InstructionWords, row) => fillCall(row, r),
    constrain: (c, row) => {
      const { op, advance } = INSTRUCTIONS.call;
      const { target, frame } = row;
      const step = { op, fields: [target, frame], next: target, nextFp: row.fp.add(frame), advance };
      entersFrame(c, row, executes(c, row, step));
    },
  }),
  { call: rowType(INSTRUCTIONS.call.op, (i) => [i.target, i.frame]) },
);

/** A call through the function table; an entry that is empty or of another type has no row, so no proof exists. */
export const callIndirect: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.callIndirect.chip,
    maxDegree: 2,
    columns: {
      ...callColumns,
      index: readColumns(2),
      type: field('number of the type that the callee must have, from the program'),
    },
    fill: (r: InstructionWords, row) => {
      fillCall(row, r);
      fillRead(row.index, r, 0);
      row.type = r.type;
    },
    constrain: (c, row) => {
      const { op, advance } = INSTRUCTIONS.callIndirect;
      const { target, frame, index, type, isReal } = row;
      const fields = [index.slot, type, frame];
      const accesses = executes(c, row, { op, fields, next: target, nextFp: row.fp.add(frame), advance });
      accesses.read(index);
      entersFrame(c, row, accesses);
      c.assertZero('the index is below 2^16', index.limbs[1]!);
      c.send(PROGRAM, programMessage(index.limbs[0]!, 0, FUNCTION_TABLE_OP, [type, target]), isReal, ONCE);
    },
  }),
  { callIndirect: rowType(INSTRUCTIONS.callIndirect.op, (i) => [i.reads[0]!, i.type, i.frame]) },
);

/** Reads the return cell of its frame. That of the first frame is zero, so `main` returns to TRAP. */
export const returns: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.return.chip,
    maxDegree: 2,
    columns: { ...instructionColumns, link: returnColumns },
    fill: (r: InstructionWords, row) => {
      fillInstruction(row, r);
      fillLink(row.link, r);
    },
    constrain: (c, row) => {
      const { op, advance } = INSTRUCTIONS.return;
      const [next, nextFp] = [row.link.old[0]!, row.link.old[1]!];
      const cell = [next, nextFp, 0, 0];
      const accesses = executes(c, row, { op, fields: [], next, nextFp, advance });
      accesses.cell(Space.CALL_STACK, row.fp, cell, cell, row.link.prev);
    },
  }),
  { return: rowType(INSTRUCTIONS.return.op, () => []) },
);
