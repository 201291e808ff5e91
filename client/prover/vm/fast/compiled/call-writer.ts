import type { Program } from '../../program.ts';
import {
  ELEMENT_BYTES,
  FUNCTION,
  INSTRUCTION_BYTES,
  LOCAL,
  MAX_DEPTH,
  SLOT_BYTES,
  SLOT_LIMIT,
  TYPE,
} from './layout.ts';
import { OP } from './opcodes.ts';
import type { Row, RowWriter } from './row-writer.ts';

/** Writes the code of calls: what the machine does, then a call of the compiled function. */
export class CallWriter {
  private readonly rows: RowWriter;
  private readonly program: Program;
  private readonly numberAt: ReadonlyMap<number, number>;

  /** @param numberAt of each function of the program by its first pc */
  constructor(rows: RowWriter, program: Program, numberAt: ReadonlyMap<number, number>) {
    this.rows = rows;
    this.program = program;
    this.numberAt = numberAt;
  }

  /** A call of a function of the program. */
  direct(row: Row): void {
    const { rows } = this;
    const { out } = rows;
    const { frame, target } = row.c;
    this.callee(frame);
    rows.const32(SLOT_LIMIT - SLOT_BYTES * (this.program.frameSizes.get(target) ?? 0));
    out.byte(OP.gtU32);
    rows.leaveBlockIf(row.pc);
    const number = this.numberAt.get(target);
    const enter = (): void => rows.const32(target);
    this.enter(row, row.clock, enter, () => {
      if (number === undefined) rows.call(FUNCTION.unreachable);
      else rows.call(FUNCTION.program + number);
    });
  }

  /** A call through the function table. */
  indirect(row: Row): void {
    const { rows } = this;
    const { out, places } = rows;
    const { functions } = places;
    const { frame, type } = row.c;
    rows.read(row, 0);
    rows.tee(LOCAL.other);
    rows.const32(this.program.table.length);
    out.byte(OP.geU32);
    rows.leaveBlockIf(row.pc);
    const element = (word: number): void => {
      rows.get(LOCAL.other);
      rows.const32(Math.log2(ELEMENT_BYTES));
      out.byte(OP.shl32);
      rows.access(OP.load32, 2, functions + 4 * word);
    };
    element(0);
    out.byte(OP.eqz32);
    rows.leaveBlockIf(row.pc);
    element(1);
    rows.const32(type);
    out.byte(OP.ne32);
    rows.leaveBlockIf(row.pc);
    this.callee(frame);
    element(2);
    out.byte(OP.add32);
    rows.const32(SLOT_LIMIT);
    out.byte(OP.gtU32);
    rows.leaveBlockIf(row.pc);
    const enter = (): void => {
      element(0);
      rows.const32(places.code);
      out.byte(OP.sub32);
      rows.const32(Math.log2(INSTRUCTION_BYTES));
      out.byte(OP.shrU32);
    };
    this.enter(row, row.clock + 1, enter, () => {
      rows.get(LOCAL.other);
      out.op(OP.callIndirect, TYPE.three, 0);
    });
  }

  /** The callee's frame, on the stack and in LOCAL.address. */
  private callee(frame: number): void {
    const { rows } = this;
    const { out } = rows;
    rows.get(LOCAL.frame);
    rows.const32(SLOT_BYTES * frame);
    out.byte(OP.add32);
    rows.tee(LOCAL.address);
  }

  /** Calls what `entry` puts on the stack the pc of, with the frame in LOCAL.address. */
  private enter(row: Row, clock: number, entry: () => void, call: () => void): void {
    const { rows } = this;
    const { out } = rows;
    const { returns } = rows.places;
    rows.touchReturn(LOCAL.address, clock);
    rows.get(LOCAL.address);
    rows.const32(row.pc + 1);
    rows.access(OP.store32, 2, returns);
    rows.get(LOCAL.address);
    rows.get(LOCAL.frame);
    rows.const32(Math.log2(SLOT_BYTES));
    out.byte(OP.shrU32);
    rows.access(OP.store32, 2, returns + 4);
    const deeper = (): void => {
      rows.get(LOCAL.depth);
      rows.const32(1);
      out.byte(OP.add32);
    };
    rows.get(LOCAL.depth);
    rows.const32(MAX_DEPTH);
    out.op(OP.geU32, OP.if, OP.nothing);
    entry();
    rows.get(LOCAL.address);
    deeper();
    rows.call(FUNCTION.leave);
    out.op(OP.return, OP.end);
    rows.get(LOCAL.address);
    deeper();
    rows.const32(0);
    call();
    rows.tee(LOCAL.other);
    out.op(OP.if, OP.nothing);
    rows.get(LOCAL.other);
    out.op(OP.return, OP.end);
  }
}
