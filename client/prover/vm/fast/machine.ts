import { ClientError } from '../../../errors.ts';
import { PUBLIC_BYTES, type TrapReason } from '../execute.ts';
import { BOUNDARY_WORDS, CELL_WORDS, HEADER_WORDS, READ_WORDS, REFRESH_WORDS, strideOf } from '../flat-records.ts';
import { HOST_CALLS } from '../host-calls.ts';
import { FIRST_PC, INSTRUCTIONS } from '../isa.ts';
import type { NativeArithmetic } from '../native-arithmetic.ts';
import { CHIP_BY_ADDRESS, type HostCallRecord, type KeccakRecord } from '../records.ts';
import { COUNTERS } from './counters.ts';
import { alignUp, memoryLayout } from './memory-layout.ts';
import { type FastProgram, type Interpreter, instantiate } from './program.ts';

/** Why the interpreter stopped, in its order; reasons to trap are behind them. */
const STATUS = { rowsDone: 0, halted: 1, keccak: 2, hostCall: 3, trap: 4 } as const;
const REASONS: readonly TrapReason[] = [
  'unreachable',
  'out of bounds memory access',
  'integer divide by zero',
  'integer overflow',
  'undefined element',
  'uninitialized element',
  'indirect call type mismatch',
  'call stack exhausted',
  'main returned without halt',
  'input exhausted',
  'unaligned pointer',
];

const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
/** For records and the ledger's list: growing later is slow, unused pages cost nothing. */
const SPARE_PAGES = 2 ** 13;
const CELL_BYTES = 8;
const SLOT_BYTES = 16;
const TYPE_BYTES = 16;
/** Where rows that nobody asked for go: behind the row types' entries. */
const NOWHERE = 255 * TYPE_BYTES;
const KECCAK_WORDS = 50;
/** Rows between two looks at limits and memory. */
const ROUND_ROWS = 2 ** 14;
const ENTRY_BYTES = 36;
/** Entries of the ledger's list that rows add at most: all but Keccak-f and halt, and one of these. */
const ENTRIES_PER_ROW = 11;
const ENTRIES_PER_CALL = 64;

/** What stopped a run before its last row. */
export type Stop = 'halt' | { readonly trap: TrapReason; readonly pc: number };

/** One run of the interpreter: its memory, and what it asks the host for. Host-side calls of a segment gather here. */
export class FastMachine {
  readonly interpreter: Interpreter;
  /** Where records of a segment may start. */
  readonly recordsAt: number;
  keccak: KeccakRecord[] = [];
  calls: HostCallRecord[] = [];
  segment = 0;
  publicValues: Uint8Array | undefined;
  stepped = 0;
  readonly program: FastProgram;
  readonly memory: WebAssembly.Memory;
  private readonly linear: number;
  private readonly recording: boolean;
  private views: { readonly bytes: Uint8Array; readonly words: Uint32Array };

  /** @throws ClientError `fastExecutorMemory` for a program or an input too large for the interpreter's memory */
  constructor(fast: FastProgram, input: Uint8Array, recording: boolean) {
    this.program = fast;
    this.recording = recording;
    const { program, image } = fast;
    const { memoryBytes } = program;
    const { linear, times, epochs, input: inputAt } = memoryLayout(fast);
    this.linear = linear;
    this.recordsAt = alignUp(inputAt + input.length, PAGE_BYTES);
    const pages = Math.min(this.recordsAt / PAGE_BYTES + SPARE_PAGES, MAX_PAGES);
    if (this.recordsAt / PAGE_BYTES >= MAX_PAGES) throw memoryError(this.recordsAt);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES, shared: true });
    this.views = viewsOf(this.memory);
    this.interpreter = instantiate(fast.module, this.memory);
    this.bytes.set(image.bytes, image.code);
    this.bytes.set(input, inputAt);
    for (const { offset, bytes } of program.data) this.bytes.set(bytes, linear + offset);
    const { table, entry } = program;
    const placed = [linear, memoryBytes, times, epochs, inputAt, input.length];
    this.interpreter.place(image.functions, table.length, ...placed);
    program.globals.forEach(({ width, value }, slot) => {
      if (width === 32) this.set32(slot, Number(BigInt.asIntN(32, value)));
      else this.set64(slot, value);
    });
    this.placeTypes();
    this.interpreter.placeList(this.recordsAt);
    this.interpreter.setState(entry.pc, entry.fp, this.interpreter.base.value + 1);
  }

  /** The interpreter's memory; a view that is stale once memory has grown, as `words`. */
  get bytes(): Uint8Array {
    return this.views.bytes;
  }

  /** The same as little-endian words. */
  get words(): Uint32Array {
    return this.views.words;
  }

  /** Of the instruction to run next, or of the one that trapped. */
  get pc(): number {
    const { ip, CODE, INSTRUCTION_BYTES } = this.interpreter;
    return (u32(ip.value) - CODE.value) / INSTRUCTION_BYTES.value;
  }

  /** In slots. */
  get fp(): number {
    return u32(this.interpreter.fp.value) / SLOT_BYTES;
  }

  /** The segment's clock. */
  get clock(): number {
    return u32(this.interpreter.clock.value) - u32(this.interpreter.base.value);
  }

  /** Linear memory. */
  get linearMemory(): Uint8Array {
    return this.bytes.subarray(this.linear, this.linear + this.program.program.memoryBytes);
  }

  /** A slot by absolute number, unsigned. */
  get32(slot: number): number {
    return this.words[this.slotWord(this.interpreter.SLOTS32.value, slot)]!;
  }

  /** Writes a slot by absolute number; the value is taken modulo 2^32. */
  set32(slot: number, value: number): void {
    this.words[this.slotWord(this.interpreter.SLOTS32.value, slot)] = value;
  }

  /** A 64-bit slot by absolute number, unsigned. */
  get64(slot: number): bigint {
    const at = this.slotWord(this.interpreter.SLOTS64.value, slot);
    return (BigInt(this.words[at + 1]!) << 32n) | BigInt(this.words[at]!);
  }

  /** Writes a 64-bit slot by absolute number; the value is taken modulo 2^64. */
  set64(slot: number, value: bigint): void {
    const at = this.slotWord(this.interpreter.SLOTS64.value, slot);
    this.words[at] = Number(BigInt.asUintN(32, value));
    this.words[at + 1] = Number(BigInt.asUintN(32, value >> 32n));
  }

  /** Runs up to `rows` rows. @returns undefined if the run can go on */
  run(rows: number): Stop | undefined {
    for (let left = rows; left > 0; left -= this.stepped) {
      const stop = this.step(left);
      if (stop !== undefined) return stop;
    }
    return undefined;
  }

  /**
   * Runs up to `rows` rows, up to the next call of the host and no more than fit in one round; `stepped` says how many.
   * @returns undefined if the run can go on
   */
  step(rows: number): Stop | undefined {
    const round = Math.min(rows, ROUND_ROWS);
    this.reserveEntries(round, 1);
    return this.stepReserved(round);
  }

  /** `step` where there is room for what the rows add to the ledger's list. */
  stepReserved(round: number): Stop | undefined {
    const { interpreter } = this;
    const status = this.recording ? interpreter.runRecording(round) : interpreter.runFirst(round);
    this.stepped = round - u32(interpreter.left.value);
    if (status === STATUS.rowsDone) return undefined;
    if (status === STATUS.halted) return this.halted();
    if (status === STATUS.keccak) {
      this.keccak.push(this.keccakRecord());
      return undefined;
    }
    const trap = status === STATUS.hostCall ? this.hostCall() : REASONS[status - STATUS.trap];
    if (trap !== undefined) return { trap, pc: this.pc };
    if (status !== STATUS.hostCall) throw new Error(`the instruction at pc ${this.pc} has no meaning`);
    return undefined;
  }

  /**
   * Rows of each counter since `clearCounts`: those that the interpreter ran, less one for each unaligned access that
   * compiled code counts as an aligned one.
   */
  counts(): Float64Array {
    const { words } = this;
    const from = this.interpreter.COUNTS.value / 4;
    const unaligned = from + this.interpreter.UNALIGNED.value;
    const counts = new Float64Array(COUNTERS.length);
    // Asked for at every call of the host: a closure for each counter took as long as the run.
    for (let k = 0; k < counts.length; k++) {
      const { index, byAddress } = COUNTERS[k]!;
      counts[k] = words[(byAddress ? unaligned : from) + index]! | 0;
    }
    return counts;
  }

  /** Begins to count anew: with each segment. */
  clearCounts(): void {
    const from = this.interpreter.COUNTS.value;
    this.bytes.fill(0, from, from + 8 * this.interpreter.UNALIGNED.value);
  }

  /** Room for what `rows` rows, `calls` of them calls of the host, add to the ledger's list. */
  reserveEntries(rows: number, calls: number): void {
    const { listEnd } = this.interpreter;
    this.reserve(u32(listEnd.value) + ENTRY_BYTES * (ENTRIES_PER_ROW * rows + ENTRIES_PER_CALL * calls));
  }

  /** Makes memory reach `end`. */
  reserve(end: number): void {
    if (end <= this.views.bytes.length) return;
    if (end >= MAX_PAGES * PAGE_BYTES || this.interpreter.reserve(BigInt(end)) === 0) throw memoryError(end);
    this.views = viewsOf(this.memory);
  }

  private slotWord(region: number, slot: number): number {
    return (region + SLOT_BYTES * slot) / 4;
  }

  /** Records of every type go nowhere until `placeRecords` says where. */
  private placeTypes(): void {
    const { types } = this.program;
    const at = this.interpreter.TYPES.value;
    const entryOf = (id: string): number => {
      const k = types.findIndex((t) => t.id === id);
      return at + TYPE_BYTES * (k < 0 ? types.length : k);
    };
    if (types.length >= NOWHERE / TYPE_BYTES) throw new Error(`${types.length} row types are too many`);
    for (let k = 0; k <= types.length; k++) this.words.set([at + NOWHERE, 0, 0, 0], (at + TYPE_BYTES * k) / 4);
    const { load, store, copy } = CHIP_BY_ADDRESS;
    this.interpreter.setUnaligned(entryOf(load), entryOf(store), entryOf(copy));
  }

  /** Room for `counts[k]` records of type k, zeroed. @returns where each type's records start, and where they end */
  placeRecords(counts: readonly number[]): number[] {
    const { types } = this.program;
    const starts = [this.recordsAt];
    types.forEach((type, k) => {
      // A row's header is written before the row may turn out to be of another type.
      starts.push(starts[k]! + 4 * (strideOf(type) * (counts[k] ?? 0) + HEADER_WORDS));
    });
    const end = starts[types.length]!;
    this.reserve(end);
    this.bytes.fill(0, this.recordsAt, end);
    types.forEach((type, k) => {
      const firstCell = 4 * (HEADER_WORDS + READ_WORDS * type.reads);
      const entry = [starts[k]!, 4 * strideOf(type), firstCell, firstCell + 4 * CELL_WORDS * type.cells];
      this.words.set(entry, (this.interpreter.TYPES.value + TYPE_BYTES * k) / 4);
    });
    this.interpreter.placeList(end);
    return starts;
  }

  /** The segment ends here, and the next one begins with the row behind it. */
  endSegment(): { readonly boundaries: Uint32Array; readonly refreshes: Uint32Array } {
    const { interpreter } = this;
    this.sortList();
    const boundaries = this.slice(interpreter.boundaries, BOUNDARY_WORDS * interpreter.boundaryCount.value);
    const refreshes = this.slice(interpreter.refreshes, REFRESH_WORDS * interpreter.refreshCount.value);
    interpreter.setState(this.pc, this.fp, interpreter.nextSegment(interpreter.clock.value));
    interpreter.placeList(this.recordsAt);
    this.clearCounts();
    this.keccak = [];
    this.calls = [];
    this.segment++;
    return { boundaries, refreshes };
  }

  /** Where the next record of each type would start. */
  recordEnds(): number[] {
    const at = this.interpreter.TYPES.value / 4;
    return this.program.types.map((_, k) => this.words[at + (TYPE_BYTES / 4) * k]!);
  }

  /**
   * Cells by space and address with their last values, BOUNDARY_WORDS each, of which the first six mean something.
   * @param cells × (space, address, initial low, initial high)
   */
  sortedCells(cells: Uint32Array): Uint32Array {
    const { interpreter } = this;
    const count = cells.length / 4;
    const end = this.recordsAt + ENTRY_BYTES * count;
    this.reserve(end);
    const { words } = this;
    for (let k = 0, at = this.recordsAt / 4; k < cells.length; k += 4, at += ENTRY_BYTES / 4) {
      words[at] = cells[k]!;
      words[at + 1] = cells[k + 1]!;
      words[at + 2] = cells[k + 2]!;
      words[at + 3] = cells[k + 3]!;
    }
    interpreter.setListEnd(end);
    this.sortList();
    interpreter.placeList(this.recordsAt);
    return this.slice(interpreter.boundaries, BOUNDARY_WORDS * count);
  }

  /** Makes boundaries and refreshes of the list, which may take more memory. */
  private sortList(): void {
    if (this.interpreter.endSegment() === 0) throw memoryError(u32(this.interpreter.listEnd.value));
    this.views = viewsOf(this.memory);
  }

  private slice(at: { readonly value: number }, words: number): Uint32Array {
    const from = u32(at.value) / 4;
    return this.words.slice(from, from + words);
  }

  private halted(): Stop {
    const from = this.interpreter.KECCAK.value;
    this.publicValues = this.bytes.slice(from, from + PUBLIC_BYTES);
    return 'halt';
  }

  private keccakRecord(): KeccakRecord {
    const from = this.interpreter.KECCAK.value / 4;
    return {
      segment: this.segment,
      clock: this.clock - INSTRUCTIONS.keccakF.advance,
      input: this.copy(from, KECCAK_WORDS),
      output: this.copy(from + KECCAK_WORDS, KECCAK_WORDS),
    };
  }

  /** A few words: copying them is faster than `slice`. */
  private copy(from: number, count: number): Uint32Array {
    const { words } = this;
    const copied = new Uint32Array(count);
    for (let k = 0; k < count; k++) copied[k] = words[from + k]!;
    return copied;
  }

  /** Executes the host call where the interpreter stopped. */
  private hostCall(): TrapReason | undefined {
    const { interpreter, linear, clock } = this;
    const { op } = this.program.program.code[this.pc - FIRST_PC]!;
    const { op: number, reads, advance } = INSTRUCTIONS[op];
    const { cells } = HOST_CALLS[op]!;
    const operands = reads.map((_, k) => this.words[u32(interpreter.hostOperand(k)) / 4]!);
    const accessed = cells(operands);
    if (typeof accessed === 'string') return accessed;
    const addresses = [...accessed.inputs, ...accessed.outputs];
    const beyond = this.program.program.memoryBytes / CELL_BYTES;
    if (addresses.some((a) => a >= beyond)) return 'out of bounds memory access';
    const word = (cell: number): number => (linear + CELL_BYTES * cell) / 4;
    const inputs = Uint32Array.from(accessed.inputs.flatMap((a) => [this.words[word(a)]!, this.words[word(a) + 1]!]));
    const outputs = this.program.arithmetic[op as keyof NativeArithmetic](operands, inputs);
    if (typeof outputs === 'string') return outputs;
    // Behind what the list may grow by: addresses, then the output words, aligned to 8.
    const at = alignUp(
      u32(interpreter.listEnd.value) + ENTRY_BYTES * (addresses.length + ENTRIES_PER_CALL),
      CELL_BYTES,
    );
    const outputsAt = at + alignUp(4 * addresses.length, CELL_BYTES);
    this.reserve(outputsAt + 4 * outputs.length);
    this.words.set(addresses, at / 4);
    this.words.set(outputs, outputsAt / 4);
    const finish = this.recording ? interpreter.hostCallRecording : interpreter.hostCallFirst;
    finish(reads.length, at, accessed.inputs.length, accessed.outputs.length, advance);
    this.words[interpreter.COUNTS.value / 4 + number]! += 1;
    this.calls.push({ op, segment: this.segment, clock, operands, inputs, outputs });
    return undefined;
  }
}

const u32 = (value: number): number => value >>> 0;

function viewsOf({ buffer }: WebAssembly.Memory) {
  return { bytes: new Uint8Array(buffer), words: new Uint32Array(buffer) };
}

const memoryError = (bytes: number): ClientError<FastExecutorErrorCode> =>
  new ClientError('fastExecutorMemory', `expected a run that fits in 4 GiB of memory, got one of ${bytes} bytes`, {
    expected: MAX_PAGES * PAGE_BYTES,
    actual: bytes,
  });

/** The run does not fit in the 4 GiB that WebAssembly addresses. */
export type FastExecutorErrorCode = 'fastExecutorMemory';
