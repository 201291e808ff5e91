import { ClientError } from '../../errors.ts';
import type { Executable } from './executable.ts';
import { Executor, KECCAK_BYTES, PUBLIC_BYTES, type TrapReason } from './execute.ts';
import { HOST_CALLS } from './host-calls.ts';
import { FIRST_PC, HALT_PC, INSTRUCTIONS, type Instruction, OP_NAMES, type OpName, type Width } from './isa.ts';
import { MemoryLedger } from './memory-ledger.ts';
import type { ProgramInstruction } from './program.ts';
import {
  type AccessRecord,
  type CellRecord,
  CHIP_BY_ADDRESS,
  CLOCK_LIMIT,
  COPY_CELLS,
  type ControlState,
  type HostCallRecord,
  type InstructionRecord,
  type KeccakRecord,
  type Limbs,
  type MemoryCell,
  MemorySpace,
  ROW_BYTES,
  type SegmentRecords,
} from './records.ts';
import { resumableSpan, resumableStep } from './resumable.ts';

/** Where a segment is cut: before the row that would pass one of these. */
export type SegmentLimits = {
  /** Rows of instruction chips; at least 1. */
  readonly rows?: number;
  /** The clock at a segment's end is below this; above the largest advance. */
  readonly clock?: number;
  /** Cells of all rows, by a row's chip; the last row may pass it. */
  readonly cells?: { readonly max: number; readonly of: (chip: string) => number };
};

/** How the recorded run ended. */
export type RecordEnd =
  | { readonly ok: true; readonly publicValues: Uint8Array; readonly cells: readonly MemoryCell[] }
  | { readonly ok: false; readonly reason: TrapReason; readonly pc: number };

/** All segments of a run, in order, and how it ended. */
export type BlockRecords = { readonly segments: readonly SegmentRecords[]; readonly end: RecordEnd };

type Words = readonly [number, number];
const ZERO: Words = [0, 0];

export const MAX_ADVANCE = Math.max(...OP_NAMES.map((name) => INSTRUCTIONS[name].advance));

/**
 * Limits with their defaults.
 * @throws ClientError `segmentLimits` for limits that no row fits
 */
export function checkedLimits({ rows = Number.MAX_SAFE_INTEGER, clock = CLOCK_LIMIT, cells }: SegmentLimits): {
  readonly rows: number;
  readonly clock: number;
  readonly cells: NonNullable<SegmentLimits['cells']>;
} {
  if (rows < 1 || clock <= MAX_ADVANCE + 1 || clock > CLOCK_LIMIT) {
    throw new ClientError<RecordErrorCode>(
      'segmentLimits',
      `expected rows ≥ 1 and clock in (${MAX_ADVANCE + 1}, 2^29], got ${rows} and ${clock}`,
      { rows, clock },
    );
  }
  return { rows, clock, cells: cells ?? { max: Number.MAX_SAFE_INTEGER, of: () => 0 } };
}

/**
 * The recording run, segment by segment, so that no more than one is held in memory.
 * @returns how the run ended; a trap's segment is not given, since nothing proves it
 * @throws ClientError `segmentLimits` for limits that no row fits
 */
export function recordSegments(
  executable: Executable,
  input: Uint8Array,
  limits: SegmentLimits = {},
): Generator<SegmentRecords, RecordEnd> {
  const { rows, clock, cells } = checkedLimits(limits);
  return new Recorder(executable, input).segments(rows, clock, cells);
}

/** The recording run as a whole: for blocks whose records fit in memory. */
export function record(executable: Executable, input: Uint8Array, limits: SegmentLimits = {}): BlockRecords {
  const run = recordSegments(executable, input, limits);
  const segments: SegmentRecords[] = [];
  for (;;) {
    const { done, value } = run.next();
    if (done) return { segments, end: value };
    segments.push(value);
  }
}

/** Steps the executor and watches what each instruction reads and writes. */
class Recorder {
  private readonly executor: Executor;
  private readonly code: readonly ProgramInstruction[];
  private readonly view: DataView;
  private readonly ledger = new MemoryLedger();
  private readonly place: { pc: number; fp: number };
  private clock = 1;
  private index = 0;
  private rows = new Map<string, InstructionRecord[]>();
  private keccak: KeccakRecord[] = [];
  private calls: HostCallRecord[] = [];
  private cells = 0;
  private cellsOf: (chip: string) => number = () => 0;
  /** The call stack's cells: the executor keeps only those of calls in progress. */
  private readonly returnCells = new Map<number, Words>();

  constructor(executable: Executable, input: Uint8Array) {
    this.executor = new Executor(executable, input);
    this.code = executable.program.code;
    this.view = new DataView(this.executor.memory.buffer);
    this.place = { ...executable.program.entry };
  }

  *segments(
    maxRows: number,
    maxClock: number,
    { max: maxCells, of }: NonNullable<SegmentLimits['cells']>,
  ): Generator<SegmentRecords, RecordEnd> {
    this.cellsOf = of;
    let entry = this.state();
    for (let rows = 0; this.place.pc !== HALT_PC; rows++) {
      const next = this.code[this.place.pc - FIRST_PC];
      const advance = next === undefined ? 0 : INSTRUCTIONS[next.op].advance;
      if (rows === maxRows || this.clock + advance >= maxClock || this.cells >= maxCells) {
        yield this.endSegment(entry);
        entry = this.state();
        rows = 0;
      }
      const trap = next === undefined ? 'unreachable' : this.row(next);
      if (trap !== undefined) return { ok: false, reason: trap, pc: this.place.pc };
    }
    yield this.endSegment(entry);
    return { ok: true, publicValues: this.executor.publicValues!, cells: this.ledger.memoryCells() };
  }

  private state(): ControlState {
    return { ...this.place, clock: this.clock };
  }

  private endSegment(entry: ControlState): SegmentRecords {
    const exit = this.state();
    const { rows, keccak, calls, index } = this;
    this.rows = new Map();
    this.keccak = [];
    this.calls = [];
    this.clock = 1;
    this.cells = 0;
    this.index++;
    return { index, entry, exit, rows, keccak, calls, ...this.ledger.endSegment() };
  }

  private row(instruction: ProgramInstruction): TrapReason | undefined {
    const shape: Instruction = INSTRUCTIONS[instruction.op];
    const { pc, fp } = this.place;
    const slots = slotsOf(instruction, fp);
    const before = this.observe(instruction, shape, slots);
    const trap = shape.control === 'resume' ? this.resume(instruction) : this.step();
    if (trap !== undefined) return trap;
    const { clock, ledger } = this;
    const { cells } = before;
    const read = (words: Words, k: number): AccessRecord =>
      ledger.access(slotSpace(shape.reads[k]!), slots.reads[k]!, clock + k, words, words);
    const reads = before.reads.map(read);
    const firstCell = clock + reads.length;
    const records = cells.addresses.map((address, k): CellRecord => {
      const at = firstCell + cells.clocks[k]!;
      const old = cells.words[k]!;
      let now = old;
      if (cells.space === MemorySpace.CALL_STACK && shape.control !== 'return') now = [pc + 1, fp];
      else if (cells.space === MemorySpace.LINEAR && cells.isWritten(k)) now = this.cellWords(address);
      if (cells.space === MemorySpace.CALL_STACK) this.returnCells.set(address, now);
      return { ...ledger.access(cells.space, address, at, old, now), address };
    });
    const firstWrite = firstCell + cells.reserved;
    const writes = before.writes.map((words, k) => {
      const width = shape.writes[k]!;
      const slot = slots.writes[k]!;
      return ledger.access(slotSpace(width), slot, firstWrite + k, words, this.slotWords(width, slot));
    });
    const next = this.place.pc;
    const accessed = records.length === 0 ? NO_RECORDS : records;
    this.add(cells.chip, { instruction, pc, fp, clock, next, reads, cells: accessed, writes });
    if (instruction.op === 'keccakF') this.keccak.push(this.keccakRecord(records));
    if (instruction.op in HOST_CALLS) this.calls.push(this.callRecord(instruction.op, reads, cells.sources, records));
    this.clock += shape.advance;
    return undefined;
  }

  private step(): TrapReason | undefined {
    const reason = this.executor.advance(this.place, 1);
    return reason === 'instruction limit' ? undefined : reason;
  }

  private resume(instruction: ProgramInstruction): TrapReason | undefined {
    const done = resumableStep(this.executor, instruction, this.place.fp);
    if (typeof done === 'string') return done;
    if (done.last) this.place.pc++;
    return undefined;
  }

  /** What the instruction is about to read and replace, before it happens. */
  private observe(instruction: ProgramInstruction, shape: Instruction, slots: Slots): Observation {
    const reads = shape.reads.map((width, k) => this.slotWords(width, slots.reads[k]!));
    const writes = shape.writes.map((width, k) => this.slotWords(width, slots.writes[k]!));
    const operands = reads.map(([low]) => low >>> 0);
    const cells = cellsOf(instruction, shape, operands, this.place.fp);
    if (cells.addresses.length === 0) return { reads, writes, cells: { ...cells, words: NO_WORDS } };
    const linear = cells.space === MemorySpace.LINEAR;
    // Cells outside memory are those of an instruction that is about to trap.
    const addresses = linear
      ? cells.addresses.filter((a) => (a + 1) * ROW_BYTES <= this.view.byteLength)
      : cells.addresses;
    const words = addresses.map((a) => (linear ? this.cellWords(a) : (this.returnCells.get(a) ?? ZERO)));
    return { reads, writes, cells: { ...cells, addresses, words } };
  }

  private slotWords(width: Width, slot: number): Words {
    const { slots32, low64, high64 } = this.executor;
    return width === 32 ? [slots32[slot]!, 0] : [low64[slot]!, high64[slot]!];
  }

  private cellWords(address: number): Words {
    return [this.view.getInt32(address * ROW_BYTES, true), this.view.getInt32(address * ROW_BYTES + 4, true)];
  }

  private add(chip: string, row: InstructionRecord): void {
    this.cells += this.cellsOf(chip);
    const rows = this.rows.get(chip);
    if (rows === undefined) this.rows.set(chip, [row]);
    else rows.push(row);
  }

  private callRecord(
    op: OpName,
    reads: readonly AccessRecord[],
    inputs: number,
    cells: readonly CellRecord[],
  ): HostCallRecord {
    return {
      ...{ op, segment: this.index, clock: this.clock },
      operands: reads.map(({ before: [low, high] }) => low! + 65536 * high!),
      inputs: wordsOf(cells.slice(0, inputs).map((c) => c.before)),
      outputs: wordsOf(cells.slice(inputs).map((c) => c.after)),
    };
  }

  private keccakRecord(cells: readonly CellRecord[]): KeccakRecord {
    return {
      segment: this.index,
      clock: this.clock,
      input: wordsOf(cells.map((c) => c.before)),
      output: wordsOf(cells.map((c) => c.after)),
    };
  }
}

/** Two words per cell, low word first. */
const wordsOf = (limbs: readonly Limbs[]): Uint32Array =>
  Uint32Array.from(limbs.flatMap(([a, b, c, d]) => [a! + 65536 * b!, c! + 65536 * d!]));

type Slots = { readonly reads: readonly number[]; readonly writes: readonly number[] };

/** Absolute slots; those of globals already are. */
function slotsOf({ op, reads, writes }: ProgramInstruction, fp: number): Slots {
  const readBase = op === 'globalGet32' || op === 'globalGet64' ? 0 : fp;
  const writeBase = op === 'globalSet32' || op === 'globalSet64' ? 0 : fp;
  return { reads: reads.map((r) => readBase + r), writes: writes.map((w) => writeBase + w) };
}

const slotSpace = (width: Width): MemorySpace => (width === 32 ? MemorySpace.SLOT32 : MemorySpace.SLOT64);

type Cells = {
  /** The chip whose row this is. */
  readonly chip: string;
  readonly space: MemorySpace;
  readonly addresses: readonly number[];
  /** Clock of each cell behind the reads, and the clocks that cells take there whether used or not. */
  readonly clocks: readonly number[];
  readonly reserved: number;
  /** How many are only read; a later one may be the same cell. */
  readonly sources: number;
  readonly isWritten: (k: number) => boolean;
};
type Observation = {
  readonly reads: readonly Words[];
  readonly writes: readonly Words[];
  readonly cells: Cells & { readonly words: readonly Words[] };
};

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, k) => k);
const cellOf = (address: number): number => Math.floor(address / ROW_BYTES);

/** The cells that an instruction accesses, in order, and the chip that such accesses belong to. */
function cellsOf(i: ProgramInstruction, shape: Instruction, operands: readonly number[], fp: number): Cells {
  const { chip, memoryBytes, control } = shape;
  const none = NO_CELLS.get(i.op);
  if (none !== undefined) return none;
  const linear = (
    addresses: readonly number[],
    o: Partial<Pick<Cells, 'clocks' | 'reserved' | 'sources'>> = {},
  ): Cells => {
    const { clocks = upTo(addresses.length), sources = 0 } = o;
    const reserved = o.reserved ?? clocks.length;
    const isWritten = (k: number): boolean => k >= sources;
    return { chip, space: MemorySpace.LINEAR, addresses, clocks, reserved, sources, isWritten };
  };
  const whole = (bytes: number): Cells =>
    linear(upTo(Math.ceil(bytes / ROW_BYTES)).map((k) => cellOf(operands[0]!) + k));
  if (memoryBytes > 0) {
    const address = operands[0]! + i.offset;
    const first = cellOf(address);
    if (address % memoryBytes === 0) return linear([first]);
    const last = cellOf(address + memoryBytes - 1);
    const unaligned = linear(first === last ? [first] : [first, last], { reserved: 2 });
    return { ...unaligned, chip: shape.writes.length > 0 ? CHIP_BY_ADDRESS.load : CHIP_BY_ADDRESS.store };
  }
  if (control === 'resume') {
    const span = resumableSpan(i.op, operands);
    if (span === undefined) return linear([], { reserved: i.op === 'copy' ? 3 : 1 });
    const to = cellOf(span.to);
    if (i.op !== 'copy') return linear([to]);
    const [first, last] = [cellOf(span.from), cellOf(span.from + span.bytes - 1)];
    if (span.cells > 0) {
      const order = upTo(span.cells).map((k) => (span.isBackward ? span.cells - 1 - k : k));
      const moves = linear(
        order.flatMap((k) => [first + k, to + k]),
        { reserved: 2 * COPY_CELLS, sources: span.cells },
      );
      return { ...moves, chip: CHIP_BY_ADDRESS.copy, isWritten: (k) => k % 2 === 1 };
    }
    return first === last
      ? linear([first, to], { clocks: [0, 2], reserved: 3, sources: 1 })
      : linear([first, last, to], { reserved: 3, sources: 2 });
  }
  if (i.op === 'keccakF') return whole(KECCAK_BYTES);
  if (i.op === 'halt') return whole(PUBLIC_BYTES);
  const hostCall = HOST_CALLS[i.op];
  if (hostCall !== undefined) {
    const accessed = hostCall.cells(operands);
    if (typeof accessed === 'string') return linear([]);
    return linear([...accessed.inputs, ...accessed.outputs], { sources: accessed.inputs.length });
  }
  const stack = (address: number): Cells => ({ ...linear([address]), space: MemorySpace.CALL_STACK });
  if (control === 'call' || control === 'callIndirect') return stack(fp + i.frame);
  return stack(fp);
}

/** Instructions that access slots only, by name: most rows share one of these. */
const NO_CELLS: ReadonlyMap<string, Cells> = new Map(
  OP_NAMES.flatMap((name) => {
    const { chip, memoryBytes, control }: Instruction = INSTRUCTIONS[name];
    const slotsOnly = ['next', 'jump', 'branch', 'table'].includes(control) && memoryBytes === 0;
    if (!slotsOnly || name === 'keccakF' || name in HOST_CALLS) return [];
    const nothing = { addresses: [], clocks: [], reserved: 0, sources: 0, isWritten: () => false };
    return [[name, { chip, space: MemorySpace.LINEAR, ...nothing }] as const];
  }),
);
const NO_RECORDS: readonly CellRecord[] = [];
const NO_WORDS: readonly Words[] = [];

/** Limits that not even one row fits. */
export type RecordErrorCode = 'segmentLimits';
