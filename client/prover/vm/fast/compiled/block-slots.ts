import { FIRST_PC, INSTRUCTIONS, type Instruction, type Width } from '../../isa.ts';
import type { ProgramInstruction } from '../../program.ts';
import type { Block } from './blocks.ts';
import { LOCAL, type Places, SLOT_BYTES } from './layout.ts';

/** A slot that a block accesses. Clocks are counted from the block's start. */
export type BlockSlot = {
  readonly width: Width;
  /** Its number is absolute, not counted from the frame. */
  readonly isGlobal: boolean;
  /** Where it stands, to be added to the frame. */
  readonly at: number;
  readonly first: number;
  last: number;
  /** pc of the row that reads it last, and of the one that accesses it last. */
  lastRead: number;
  lastRow: number;
  /**
   * pc of a load that may be unaligned and whose result is the block's first access: only there it is known when that
   * happens, one clock later if it is. 0 for none.
   */
  readonly loadedAt: number;
  /** Where its value is kept, while rows to come read it. */
  local: number | undefined;
};

/** The slots that a block accesses, in order, and which locals keep their values. */
export class BlockSlots {
  readonly all: BlockSlot[] = [];
  private readonly byKey = new Map<number, BlockSlot>();
  private free: { readonly 32: number[]; readonly 64: number[] } = { 32: [], 64: [] };
  /** Slots in locals. */
  private readonly kept: BlockSlot[] = [];

  /**
   * Begins a block.
   * @param locals how many keep values, of each width
   * @returns the block's clocks
   */
  scan(code: readonly ProgramInstruction[], block: Block, places: Places, locals: number): number {
    this.all.length = 0;
    this.byKey.clear();
    this.kept.length = 0;
    const numbers = (from: number): number[] => Array.from({ length: locals }, (_, k) => from + k);
    this.free = { 32: numbers(LOCAL.values), 64: numbers(LOCAL.values + locals) };
    let clock = 0;
    for (let pc = block.first; pc < block.end; pc++) {
      const c = code[pc - FIRST_PC]!;
      const { reads, writes, advance, memoryBytes }: Instruction = INSTRUCTIONS[c.op];
      for (let k = 0; k < reads.length; k++)
        this.access(places, reads[k]!, c.reads[k]!, isGlobalRead(c), clock + k, pc, true, false);
      // An aligned access leaves the clock of its second cell out.
      const cells = memoryBytes > 0 ? 1 : 0;
      const late = memoryBytes > 1;
      for (let k = 0; k < writes.length; k++)
        this.access(
          places,
          writes[k]!,
          c.writes[k]!,
          isGlobalWrite(c),
          clock + reads.length + cells + k,
          pc,
          false,
          late,
        );
      clock += advance;
    }
    return clock;
  }

  /** Slot of the k-th read. *Assumes* an instruction of the block that was scanned last. */
  read(c: ProgramInstruction, k: number): BlockSlot {
    return this.byKey.get(keyOf(INSTRUCTIONS[c.op].reads[k]!, c.reads[k]!, isGlobalRead(c)))!;
  }

  /** Slot of the k-th write; the same is assumed. */
  written(c: ProgramInstruction, k: number): BlockSlot {
    return this.byKey.get(keyOf(INSTRUCTIONS[c.op].writes[k]!, c.writes[k]!, isGlobalWrite(c)))!;
  }

  /** Gives a slot whose value is on the stack a local, if a row behind `pc` reads it and one is free. */
  keep(slot: BlockSlot, pc: number): number | undefined {
    if (slot.local === undefined && slot.lastRead > pc) {
      slot.local = this.free[slot.width].pop();
      if (slot.local !== undefined) this.kept.push(slot);
    }
    return slot.local;
  }

  /** Rows up to `pc` are done. */
  expire(pc: number): void {
    let left = 0;
    for (const slot of this.kept) {
      if (slot.lastRead > pc) this.kept[left++] = slot;
      else this.release(slot);
    }
    this.kept.length = left;
  }

  private release(slot: BlockSlot): void {
    this.free[slot.width].push(slot.local!);
    slot.local = undefined;
  }

  private access(
    places: Places,
    width: Width,
    number: number,
    isGlobal: boolean,
    clock: number,
    pc: number,
    isRead: boolean,
    isLate: boolean,
  ): void {
    const key = keyOf(width, number, isGlobal);
    let slot = this.byKey.get(key);
    if (slot === undefined) {
      const at = (width === 32 ? places.slots32 : places.slots64) + SLOT_BYTES * number;
      const loadedAt = isLate ? pc : 0;
      slot = { width, isGlobal, at, first: clock, last: clock, lastRead: 0, lastRow: pc, loadedAt, local: undefined };
      this.byKey.set(key, slot);
      this.all.push(slot);
    }
    slot.last = clock;
    slot.lastRow = pc;
    if (isRead) slot.lastRead = pc;
  }
}

const keyOf = (width: Width, slot: number, isGlobal: boolean): number =>
  4 * slot + (width === 64 ? 2 : 0) + (isGlobal ? 1 : 0);

const isGlobalRead = ({ op }: ProgramInstruction): boolean => op === 'globalGet32' || op === 'globalGet64';
const isGlobalWrite = ({ op }: ProgramInstruction): boolean => op === 'globalSet32' || op === 'globalSet64';
