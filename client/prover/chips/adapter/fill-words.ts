import type { CellTargets } from '../../air/columns.ts';
import type { Word, WordOperand } from '../../air/word.ts';
import type { instructionColumns } from './instruction.ts';
import type { AccessWords, InstructionWords, Pair } from './record-words.ts';

/** Row filling of the adapter's columns. */

/** The lowest `count` ≤ 4 limbs of 16 bits. */
export const limbsOfPair = ([low, high]: Pair, count = 4): Word[] => [...low.limbs(), ...high.limbs()].slice(0, count);

/** Marks the row real and states where and when it runs; reads and writes are filled apart. */
export function fillInstruction(row: CellTargets<typeof instructionColumns>, r: InstructionWords): void {
  row.isReal = 1;
  row.pc = r.pc;
  row.fp = r.fp;
  row.clock = r.clock;
}

type ConstantRow = { limbs: readonly WordOperand[] };
type ReadRow = ConstantRow & { slot: WordOperand; prev: WordOperand };
type WriteRow = { slot: WordOperand; old: readonly WordOperand[]; prev: WordOperand };

/** Fills an operand that is read; returns its limbs. */
export function fillRead(row: ReadRow, r: InstructionWords, index: number): readonly Word[] {
  const { prev, before } = r.reads[index]!;
  row.slot = r.readSlots[index]!;
  row.prev = prev;
  const limbs = limbsOfPair(before, row.limbs.length);
  row.limbs = limbs;
  return limbs;
}

/** Fills an operand, from the record's reads in order or from the constant; returns its limbs. */
export function fillOperand(row: ReadRow | ConstantRow, r: InstructionWords, index: number): readonly Word[] {
  if ('slot' in row) return fillRead(row, r, index);
  const limbs = limbsOfPair(r.constant, row.limbs.length);
  row.limbs = limbs;
  return limbs;
}

/** Fills a result's access; returns the limbs written. */
export function fillWrite(row: WriteRow, r: InstructionWords, index = 0): readonly Word[] {
  const { prev, before, after } = r.writes[index]!;
  const count = row.old.length;
  row.slot = r.writeSlots[index]!;
  row.prev = prev;
  row.old = limbsOfPair(before, count);
  return limbsOfPair(after, count);
}

/** The limbs that a 32-bit operand is replaced by. */
export const replacement = (r: InstructionWords, index: number): Word[] => limbsOfPair(r.writes[index]!.after, 2);

/** Fills the clock of a memory access; returns the access. */
export function fillCell(row: { prev: WordOperand }, r: InstructionWords, index = 0): AccessWords {
  const access = r.cells[index]!;
  row.prev = access.prev;
  return access;
}

/** The low bytes of limbs. */
export const lowBytes = (limbs: readonly Word[]): Word[] => limbs.map((limb) => limb.and(255));

/** A 32-bit value of two limbs. */
export const valueOfLimbs = (limbs: readonly Word[]): Word => limbs[0]!.or(limbs[1]!.shl(16));
