import { INSTRUCTIONS, type Instruction } from '../../isa.ts';
import type { Program, ProgramInstruction } from '../../program.ts';
import type { BlockSlot, BlockSlots } from './block-slots.ts';
import type { CodeBuffer } from './code-buffer.ts';
import { FUNCTION, LOCAL, MAX_GAP, type Places, TIME, WIDE } from './layout.ts';
import { ACCESS, OP, OPERATOR } from './opcodes.ts';

/** A row where compiled code stands: its pc, and its clock counted from the block's start. */
export type Row = { readonly c: ProgramInstruction; readonly pc: number; readonly clock: number };

/** log2 of an access's bytes, by bytes. */
const ALIGN: Readonly<Record<number, number>> = { 1: 0, 2: 1, 4: 2, 8: 3 };

/** Writes the code of rows that compute, and of their accesses. */
export class RowWriter {
  readonly out: CodeBuffer;
  readonly places: Places;
  readonly slots: BlockSlots;
  /** Where the code goes on that gives up the rest of a block; seen from no structured instruction of the row's own. */
  leaveBlockLabel = 0;
  private readonly program: Program;

  constructor(out: CodeBuffer, program: Program, places: Places, slots: BlockSlots) {
    this.out = out;
    this.program = program;
    this.places = places;
    this.slots = slots;
  }

  /** Pushes the low 32 bits. */
  const32(value: number): void {
    this.out.byte(OP.const32);
    this.out.s32(value);
  }

  /** Pushes a local; its number is below 128, as in `set` and `tee`. */
  get(local: number): void {
    this.out.op(OP.localGet, local);
  }

  set(local: number): void {
    this.out.op(OP.localSet, local);
  }

  /** Copies the top of the stack into a local. */
  tee(local: number): void {
    this.out.op(OP.localTee, local);
  }

  call(index: number): void {
    this.out.byte(OP.call);
    this.out.u32(index);
  }

  /** A load or store at the address on the stack plus `offset`. */
  access(opcode: number, align: number, offset: number): void {
    this.out.op(opcode, align);
    this.out.u32(offset);
  }

  /** The address that a slot's place is to be added to. */
  frameOf(slot: BlockSlot): void {
    if (slot.isGlobal) this.const32(0);
    else this.get(LOCAL.frame);
  }

  /** The run's clock, `clock` behind the block's start. */
  now(clock: number): void {
    this.get(LOCAL.now);
    if (clock === 0) return;
    this.const32(clock);
    this.out.byte(OP.add32);
  }

  /** Gives up the rest of the block: from the row at `pc` on. */
  leaveBlock(pc: number): void {
    this.goingTo(pc);
    this.out.byte(OP.br);
    this.out.u32(this.leaveBlockLabel);
  }

  /** The same if the stack's top is not 0. */
  leaveBlockIf(pc: number): void {
    this.goingTo(pc);
    this.out.byte(OP.brIf);
    this.out.u32(this.leaveBlockLabel);
  }

  /** Notes where the run stands if the function is left. */
  goingTo(pc: number): void {
    this.const32(pc);
    this.set(LOCAL.pc);
  }

  /** The row's k-th operand, onto the stack. */
  read({ c, pc }: Row, k: number): void {
    const slot = this.slots.read(c, k);
    if (slot.local !== undefined) {
      this.get(slot.local);
      return;
    }
    this.frameOf(slot);
    if (slot.width === 32) this.access(OP.load32, 2, slot.at);
    else this.access(OP.load64, 3, slot.at);
    const local = this.slots.keep(slot, pc);
    if (local !== undefined) this.tee(local);
  }

  /** The row's k-th result, which `value` leaves on the stack. */
  write({ c, pc }: Row, k: number, value: () => void): void {
    const slot = this.slots.written(c, k);
    this.frameOf(slot);
    value();
    const local = this.slots.keep(slot, pc);
    if (local !== undefined) this.tee(local);
    if (slot.width === 32) this.access(OP.store32, 2, slot.at);
    else this.access(OP.store64, 3, slot.at);
  }

  /** Accesses the block's slots, whose list stands at `list`, each from its first to its last time. */
  touchSlots(slots: readonly BlockSlot[], list: number): void {
    if (slots.length === 0) return;
    slots.forEach((slot, k) => {
      // No more than MAX_GAP = 2^16 behind, if the upper half of one less is 0.
      this.now(slot.first - 1);
      this.frameOf(slot);
      this.access(OP.load32, 2, slot.at + TIME);
      this.out.byte(OP.sub32);
      if (k > 0) this.out.byte(OP.or32);
    });
    this.const32(16);
    this.out.op(OP.shrU32, OP.if, OP.nothing);
    this.const32(list);
    this.const32(slots.length);
    this.get(LOCAL.frame);
    this.get(LOCAL.now);
    this.call(FUNCTION.renewSlots);
    this.out.byte(OP.end);
    for (const slot of slots) {
      this.frameOf(slot);
      this.now(slot.last);
      this.access(OP.store32, 2, slot.at + TIME);
    }
  }

  /** Where `first` is more than MAX_GAP behind the slot's time. */
  renewSlotIf(slot: BlockSlot, first: () => void): void {
    first();
    this.frameOf(slot);
    this.access(OP.load32, 2, slot.at + TIME);
    this.ifLongAgo();
    this.frameOf(slot);
    this.const32(slot.at);
    this.out.byte(OP.add32);
    first();
    this.call(FUNCTION.renewSlot);
    this.out.op(OP.drop, OP.end);
  }

  /** If the time below the stack's top is more than MAX_GAP behind the top. */
  private ifLongAgo(): void {
    this.out.byte(OP.sub32);
    this.const32(MAX_GAP);
    this.out.op(OP.gtU32, OP.if, OP.nothing);
  }

  /** Accesses the return cell of the frame in a local. */
  touchReturn(frame: number, clock: number): void {
    const { returns } = this.places;
    this.now(clock);
    this.get(frame);
    this.access(OP.load32, 2, returns + TIME);
    this.ifLongAgo();
    this.get(frame);
    this.const32(returns);
    this.out.byte(OP.add32);
    this.now(clock);
    this.call(FUNCTION.renewSlot);
    this.out.op(OP.drop, OP.end);
    this.get(frame);
    this.now(clock);
    this.access(OP.store32, 2, returns + TIME);
  }

  /** Accesses the cell of the byte at LOCAL.address. */
  private touchLinear(clock: number): void {
    const { times } = this.places;
    this.get(LOCAL.address);
    this.const32(1);
    this.out.byte(OP.shrU32);
    this.const32(0x7ffffffc);
    this.out.byte(OP.and32);
    this.set(LOCAL.other);
    this.now(clock);
    this.get(LOCAL.other);
    this.access(OP.load32, 2, times);
    this.ifLongAgo();
    this.get(LOCAL.other);
    this.const32(times);
    this.out.byte(OP.add32);
    this.get(LOCAL.address);
    this.const32(3);
    this.out.byte(OP.shrU32);
    this.now(clock);
    this.call(FUNCTION.renewLinear);
    this.out.op(OP.drop, OP.end);
    this.get(LOCAL.other);
    this.now(clock);
    this.access(OP.store32, 2, times);
  }

  /** A row that computes. */
  row(row: Row): void {
    const { c } = row;
    const operator = OPERATOR[c.op];
    const { reads }: Instruction = INSTRUCTIONS[c.op];
    switch (c.op) {
      case 'mov32':
      case 'mov64':
      case 'globalGet32':
      case 'globalGet64':
      case 'globalSet32':
      case 'globalSet64':
        this.write(row, 0, () => this.read(row, 0));
        return;
      case 'const32':
      case 'const64':
        this.write(row, 0, () => this.constant(c));
        return;
      case 'select32':
      case 'select64':
        this.write(row, 0, () => {
          reads.forEach((_, k) => {
            this.read(row, k);
          });
          this.out.byte(OP.select);
        });
        return;
      case 'add128':
        this.wide(row, WIDE.add128);
        return;
      case 'sub128':
        this.wide(row, WIDE.sub128);
        return;
      case 'mulWideS':
        this.wide(row, WIDE.mulWideS);
        return;
      case 'mulWideU':
        this.wide(row, WIDE.mulWideU);
        return;
    }
    const access = ACCESS[c.op];
    if (access !== undefined) this.memory(row, access);
    else {
      if (/^(div|rem)/.test(c.op)) this.checkDivision(row);
      if (operator === undefined) throw new Error(`no code for ${c.op}`);
      this.write(row, 0, () => this.operator(row, operator));
    }
  }

  /** An operator on the row's operands, or on one and its constant. */
  operator(row: Row, operator: number): void {
    const { reads, constant }: Instruction = INSTRUCTIONS[row.c.op];
    for (let k = 0; k < reads.length; k++) this.read(row, k);
    if (constant > 0) this.constant(row.c);
    this.out.byte(operator);
  }

  private constant({ op, constant }: ProgramInstruction): void {
    if (INSTRUCTIONS[op].constant === 64) {
      this.out.byte(OP.const64);
      this.out.s64(constant);
    } else this.const32(Number(BigInt.asIntN(32, constant)));
  }

  private wide(row: Row, helper: number): void {
    const { reads }: Instruction = INSTRUCTIONS[row.c.op];
    for (let k = 0; k < reads.length; k++) this.read(row, k);
    this.call(FUNCTION.wide + helper);
    this.set(LOCAL.high);
    this.set(LOCAL.low);
    this.write(row, 0, () => this.get(LOCAL.low));
    this.write(row, 1, () => this.get(LOCAL.high));
  }

  /** Gives up before a division that traps. */
  private checkDivision(row: Row): void {
    const { op } = row.c;
    const isWide = op.endsWith('64');
    this.read(row, 1);
    this.out.byte(isWide ? OP.eqz64 : OP.eqz32);
    this.leaveBlockIf(row.pc);
    if (!op.startsWith('divS')) return;
    const is = (k: number, value: bigint): void => {
      this.read(row, k);
      if (isWide) {
        this.out.byte(OP.const64);
        this.out.s64(value);
      } else this.const32(Number(BigInt.asIntN(32, value)));
      this.out.byte(isWide ? OP.eq64 : OP.eq32);
    };
    is(0, isWide ? -(2n ** 63n) : -(2n ** 31n));
    is(1, -1n);
    this.out.byte(OP.and32);
    this.leaveBlockIf(row.pc);
  }

  /** A load or store. */
  private memory(row: Row, opcode: number): void {
    const { c, pc, clock } = row;
    const { memoryBytes: bytes, reads, writes }: Instruction = INSTRUCTIONS[c.op];
    const limit = this.program.memoryBytes - c.offset - bytes;
    if (limit < 0) {
      this.leaveBlock(pc);
      return;
    }
    this.read(row, 0);
    this.tee(LOCAL.address);
    this.const32(limit);
    this.out.byte(OP.gtU32);
    this.leaveBlockIf(pc);
    if (c.offset > 0) {
      this.get(LOCAL.address);
      this.const32(c.offset);
      this.out.byte(OP.add32);
      this.set(LOCAL.address);
    }
    const cells = clock + reads.length;
    const result = writes.length > 0 ? this.slots.written(c, 0) : undefined;
    const isLate = result?.loadedAt === pc;
    if (bytes === 1) this.touchLinear(cells);
    else {
      this.get(LOCAL.address);
      this.const32(bytes - 1);
      this.out.op(OP.and32, OP.if, OP.nothing);
      this.unaligned(row, cells, result);
      this.out.byte(OP.else);
      this.touchLinear(cells);
      if (isLate) {
        this.now(cells + 1);
        this.set(LOCAL.written);
      }
      this.out.byte(OP.end);
    }
    const align = ALIGN[bytes]!;
    if (result === undefined) {
      this.get(LOCAL.address);
      this.read(row, 1);
      this.access(opcode, align, this.places.linear);
      return;
    }
    if (isLate) this.touchResult(result, pc);
    this.write(row, 0, () => {
      this.get(LOCAL.address);
      this.access(opcode, align, this.places.linear);
    });
  }

  /** A load's result whose clock is in LOCAL.written. */
  private touchResult(result: BlockSlot, pc: number): void {
    this.renewSlotIf(result, () => this.get(LOCAL.written));
    this.frameOf(result);
    if (result.lastRow === pc) this.get(LOCAL.written);
    else this.now(result.last);
    this.access(OP.store32, 2, result.at + TIME);
  }

  /** The cells of an unaligned access, and the clock of its result, one behind that of an aligned one. */
  private unaligned({ c, pc }: Row, cells: number, result: BlockSlot | undefined): void {
    this.const32(pc);
    this.get(LOCAL.address);
    this.const32(INSTRUCTIONS[c.op].memoryBytes);
    this.now(cells);
    this.call(FUNCTION.unaligned);
    if (result === undefined) return;
    if (result.loadedAt === pc) {
      this.now(cells + 2);
      this.set(LOCAL.written);
    } else if (result.lastRow === pc) {
      this.frameOf(result);
      this.now(cells + 2);
      this.access(OP.store32, 2, result.at + TIME);
    }
  }
}
