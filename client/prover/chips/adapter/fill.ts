import type { MutableRow } from '../../air/columns.ts';
import type { AccessRecord, InstructionRecord } from '../../vm/records.ts';
import { constantLimbs } from './encoding.ts';
import type { instructionColumns } from './instruction.ts';

/** Row filling of the adapter's columns. */

/** Marks the row real and fills where and when it runs; reads and writes are filled apart. */
export function fillInstruction(row: MutableRow<typeof instructionColumns>, r: InstructionRecord): void {
  row.isReal = 1;
  row.pc = r.pc;
  row.fp = r.fp;
  row.clock = r.clock;
}

type ReadRow = { slot: number; limbs: number[]; prev: number };
type ConstantRow = { limbs: number[] };
type WriteRow = { slot: number; old: number[]; prev: number };

function setLimbs(to: number[], from: readonly number[]): void {
  for (let k = 0; k < to.length; k++) to[k] = from[k] ?? 0;
}

/** Fills an operand that is read; returns the row's limbs, zero behind those of the slot. */
export function fillRead(row: ReadRow, r: InstructionRecord, index: number): readonly number[] {
  const access = r.reads[index]!;
  row.slot = r.instruction.reads[index]!;
  row.prev = access.prev;
  setLimbs(row.limbs, access.before);
  return row.limbs;
}

/** Fills an operand, from the record's reads in order or from the constant; returns its limbs. */
export function fillOperand(row: ReadRow | ConstantRow, r: InstructionRecord, index: number): readonly number[] {
  if ('slot' in row) return fillRead(row, r, index);
  setLimbs(row.limbs, constantLimbs(r.instruction));
  return row.limbs;
}

/** Fills a result's access; returns the limbs written. */
export function fillWrite(row: WriteRow, r: InstructionRecord, index = 0): readonly number[] {
  const access = r.writes[index]!;
  row.slot = r.instruction.writes[index]!;
  row.prev = access.prev;
  setLimbs(row.old, access.before);
  return access.after;
}

type CellRow = { prev: number };

/** Fills the clock of a memory access; returns the access. */
export function fillCell(row: CellRow, r: InstructionRecord, index = 0): AccessRecord {
  const access = r.cells[index]!;
  row.prev = access.prev;
  return access;
}
