import { FIRST_PC, INSTRUCTIONS } from '../../isa.ts';
import type { Program } from '../../program.ts';
import { type BlockSlot, BlockSlots } from './block-slots.ts';
import type { Block, FunctionBlocks } from './blocks.ts';
import { CallWriter } from './call-writer.ts';
import { CodeBuffer } from './code-buffer.ts';
import { BLOCK_BYTES, COUNT, FUNCTION, GLOBAL, GLOBAL_SLOT, LOCAL, localTypes, type Places, STATUS } from './layout.ts';
import { OP, OPERATOR } from './opcodes.ts';
import { type Row, RowWriter } from './row-writer.ts';

/** Sign bits of the budget's two halves. */
export const OVERSPENT = -0x7fffffff80000000n;

/** Locals that keep values: few where there are many labels. */
const [MIN_VALUES, MAX_VALUES, LABELS_TIMES_VALUES] = [2, 16, 1200];

/**
 * Writes the functions of a program. One stands in memory as blocks within blocks, so that a branch ahead leaves those
 * between; a branch back, like an entry, goes through a table at the top:
 *
 *     loop
 *       block … block   one for each block that somebody goes to, the first innermost
 *         br_table entry
 *       end, then the first one's code; end, then the second one's code; …
 *
 * Around that stand two more blocks, behind which the function is left for the row at LOCAL.pc.
 */
export class FunctionWriter {
  private readonly out: CodeBuffer;
  private readonly program: Program;
  private readonly places: Places;
  private readonly rows: RowWriter;
  private readonly calls: CallWriter;
  private readonly slots = new BlockSlots();
  /** Of the function being written: its labelled blocks by pc, in order; how many of them have begun. */
  private labels = new Map<number, number>();
  private entryAt = new Map<number, number>();
  private begun = 0;
  /** Structured instructions open around the present place, inside the labels. */
  private nested = 0;
  /** Locals of each width that keep values of slots. */
  private values = 0;
  /** Slots of all blocks, as `renewSlots` has them. */
  private readonly lists = new CodeBuffer();

  /** @param numberAt of each function of the program by its first pc */
  constructor(out: CodeBuffer, program: Program, places: Places, numberAt: ReadonlyMap<number, number>) {
    this.out = out;
    this.program = program;
    this.places = places;
    this.rows = new RowWriter(out, program, places, this.slots);
    this.calls = new CallWriter(this.rows, program, numberAt);
  }

  /** The lists of slots, to be placed in memory. */
  get slotLists(): Uint8Array {
    return this.lists.bytes;
  }

  /** The function's body, without its size. */
  write({ blocks, entries }: FunctionBlocks): void {
    const { out, rows } = this;
    const labelled = blocks.filter((b) => b.isTarget || b.entry !== undefined);
    this.labels = new Map(labelled.map((b, k) => [b.first, k]));
    this.entryAt = new Map(entries.map((b) => [b.first, b.entry!]));
    this.begun = 0;
    this.nested = 0;
    // V8 joins every local at every label.
    this.values = Math.max(MIN_VALUES, Math.min(MAX_VALUES, Math.floor(LABELS_TIMES_VALUES / labelled.length)));
    out.op(...localTypes(this.values));
    out.op(OP.block, OP.nothing, OP.block, OP.nothing, OP.loop, OP.nothing);
    for (const _ of labelled) out.op(OP.block, OP.nothing);
    rows.get(LOCAL.entry);
    out.byte(OP.brTable);
    out.u32(entries.length - 1);
    for (const b of entries) out.u32(this.labels.get(b.first)!);
    for (const block of blocks) {
      if (this.labels.has(block.first)) {
        out.byte(OP.end);
        this.begun++;
      }
      rows.leaveBlockLabel = this.top + 2;
      if (block.kind === 'straight') this.straight(block);
      else if (block.kind === 'host') this.host(block);
      else this.resumable(block);
    }
    this.leave(blocks[blocks.length - 1]!.end);
    out.op(OP.end, OP.unreachable);
    for (const helper of [FUNCTION.leave, FUNCTION.leaveBlock]) {
      out.byte(OP.end);
      rows.get(LOCAL.pc);
      rows.get(LOCAL.frame);
      rows.get(LOCAL.depth);
      rows.call(helper);
      if (helper === FUNCTION.leave) out.byte(OP.return);
    }
    out.byte(OP.end);
  }

  /** The label of the loop. */
  private get top(): number {
    return this.labels.size - this.begun + this.nested;
  }

  /** Gives up before the row at `pc`. */
  private leave(pc: number): void {
    this.rows.goingTo(pc);
    this.out.byte(OP.br);
    this.out.u32(this.top + 1);
  }

  private leaveIf(pc: number): void {
    this.rows.goingTo(pc);
    this.out.byte(OP.brIf);
    this.out.u32(this.top + 1);
  }

  private ifThen(then: () => void): void {
    this.out.op(OP.if, OP.nothing);
    this.nested++;
    then();
    this.nested--;
    this.out.byte(OP.end);
  }

  /** Leaves before the block if it would pass the budget; takes its costs off if not. */
  private charge({ number, first }: Block): void {
    const { out, rows } = this;
    out.op(OP.globalGet, GLOBAL.budget);
    rows.const32(0);
    rows.access(OP.load64, 3, this.at(number));
    out.op(OP.sub64);
    rows.tee(LOCAL.low);
    out.byte(OP.const64);
    out.s64(OVERSPENT);
    out.op(OP.and64, OP.eqz64, OP.eqz32);
    this.leaveIf(first);
    rows.get(LOCAL.low);
    out.op(OP.globalSet, GLOBAL.budget);
  }

  /** Where the block's cost and count stand. */
  private at(number: number): number {
    return this.places.blocks + BLOCK_BYTES * number;
  }

  private straight(block: Block): void {
    const { out, rows, slots } = this;
    const { code } = this.program;
    const { first, end } = block;
    this.charge(block);
    const count = this.at(block.number) + COUNT;
    rows.const32(0);
    rows.const32(0);
    rows.access(OP.load32, 2, count);
    rows.const32(1);
    out.byte(OP.add32);
    rows.access(OP.store32, 2, count);
    const clocks = slots.scan(code, block, this.places, this.values);
    out.op(OP.globalGet, GLOBAL.clock);
    rows.tee(LOCAL.now);
    rows.const32(clocks);
    out.op(OP.add32, OP.globalSet, GLOBAL.clock);
    const early = slots.all.filter((slot) => slot.loadedAt === 0);
    rows.touchSlots(early, this.list(early));
    let clock = 0;
    for (let pc = first; pc < end; pc++) {
      const c = code[pc - FIRST_PC]!;
      const row = { c, pc, clock };
      if (INSTRUCTIONS[c.op].control === 'next') rows.row(row);
      else this.control(row);
      clock += INSTRUCTIONS[c.op].advance;
      slots.expire(pc);
    }
  }

  /** Writes a block's slots down. @returns where they will stand */
  private list(slots: readonly BlockSlot[]): number {
    const at = this.places.lists + this.lists.length;
    for (const { at, first, isGlobal } of slots) {
      this.lists.word(at);
      this.lists.word(isGlobal ? first + GLOBAL_SLOT : first);
    }
    return at;
  }

  /** A row that only the interpreter or the host runs. */
  private host(block: Block): void {
    const { out, rows } = this;
    const { first, number } = block;
    this.charge(block);
    out.op(OP.globalGet, GLOBAL.reserved);
    rows.const32(0);
    rows.access(OP.load64, 3, this.at(number));
    out.op(OP.add64, OP.globalSet, GLOBAL.reserved);
    rows.const32(first);
    rows.get(LOCAL.frame);
    out.op(OP.globalGet, GLOBAL.clock);
    rows.call(FUNCTION.host);
    rows.tee(LOCAL.other);
    out.byte(OP.eqz32);
    this.ifThen(() => {
      rows.get(LOCAL.depth);
      out.op(OP.globalSet, GLOBAL.exitDepth);
      rows.const32(STATUS.stopped);
      out.byte(OP.return);
    });
    rows.get(LOCAL.other);
    out.op(OP.globalSet, GLOBAL.clock);
  }

  private resumable({ first, number }: Block): void {
    const { rows } = this;
    rows.const32(first);
    rows.get(LOCAL.frame);
    rows.const32(this.at(number));
    rows.call(FUNCTION.resume);
    this.leaveIf(first);
  }

  /** The last row of a block. */
  private control(row: Row): void {
    const { c, pc } = row;
    const { control } = INSTRUCTIONS[c.op];
    if (control === 'jump') this.go(c.target);
    else if (control === 'branch') this.branch(row);
    else if (control === 'table') this.table(row);
    else if (control === 'call') this.calls.direct(row);
    else if (control === 'callIndirect') this.calls.indirect(row);
    else if (control === 'return') {
      const { rows, out } = this;
      rows.get(LOCAL.depth);
      out.byte(OP.eqz32);
      rows.leaveBlockIf(pc);
      rows.touchReturn(LOCAL.frame, row.clock);
      rows.const32(STATUS.returned);
      out.byte(OP.return);
    } else throw new Error(`no code for ${c.op}`);
  }

  /** The label of a block ahead; undefined for one that is not. */
  private ahead(pc: number): number | undefined {
    const label = this.labels.get(pc);
    return label === undefined || label < this.begun ? undefined : label - this.begun + this.nested;
  }

  private go(pc: number): void {
    const { out } = this;
    const label = this.ahead(pc);
    if (label !== undefined) {
      out.byte(OP.br);
      out.u32(label);
      return;
    }
    const entry = this.entryAt.get(pc);
    if (entry === undefined) {
      this.leave(pc);
      return;
    }
    this.rows.const32(entry);
    this.rows.set(LOCAL.entry);
    out.byte(OP.br);
    out.u32(this.top);
  }

  private branch(row: Row): void {
    const { c } = row;
    const { out, rows } = this;
    const isZero = /^brZero/.test(c.op);
    if (isZero || /^brNonZero/.test(c.op)) {
      rows.read(row, 0);
      if (c.op.endsWith('64')) out.byte(OP.eqz64);
      else if (isZero) out.byte(OP.eqz32);
      if (c.op === 'brNonZero64') out.byte(OP.eqz32);
    } else rows.operator(row, OPERATOR[c.op]!);
    const label = this.ahead(c.target);
    if (label === undefined) this.ifThen(() => this.go(c.target));
    else {
      out.byte(OP.brIf);
      out.u32(label);
    }
  }

  /** Blocks within blocks again, one for each place to go to. */
  private table(row: Row): void {
    const { out } = this;
    const { targets } = row.c;
    const distinct = [...new Set(targets)];
    for (const _ of distinct) out.op(OP.block, OP.nothing);
    this.rows.read(row, 0);
    out.byte(OP.brTable);
    out.u32(targets.length - 1);
    for (const pc of targets) out.u32(distinct.indexOf(pc));
    distinct.forEach((pc, k) => {
      out.byte(OP.end);
      this.nested = distinct.length - 1 - k;
      this.go(pc);
    });
    this.nested = 0;
  }
}
