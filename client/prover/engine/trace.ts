import { type Chip, fillFixed, fillTrace, logHeightFor } from '../air/chip.ts';
import type { ColumnSpecs } from '../air/columns.ts';
import type { CompiledChip, Instance } from '../air/dag.ts';
import type { RowProgram } from '../air/row-program.ts';
import { RowFiller } from '../air/run-rows.ts';
import type { PlacedInstance, Placement } from '../backends/interface.ts';
import type { InstructionChip } from '../chips/adapter/instruction-chip.ts';
import { pointAdd } from '../chips/curve/add.ts';
import { msmControl } from '../chips/curve/control.ts';
import { pointIo } from '../chips/curve/point-io.ts';
import { CONTROL_ROWS, POINTS } from '../chips/curve/registers.ts';
import { additionsOf, type MsmRows, msmRows } from '../chips/curve/rows.ts';
import { KECCAK_CALL_WORDS, keccakCall, keccakCallRows } from '../chips/keccak/call.ts';
import { KECCAK_ROUNDS } from '../chips/keccak/permutation.ts';
import { keccakRound, keccakRoundRows, roundRecords } from '../chips/keccak/round.ts';
import { boundary, boundaryRows } from '../chips/memory/boundary.ts';
import { MEMORY_ROW_WORDS, memoryRows, memoryTable } from '../chips/memory/memory-table.ts';
import { refresh, refreshRows } from '../chips/memory/refresh.ts';
import { SegmentType } from '../machine/segment-types.ts';
import type { ZkVm } from '../machine/zkvm.ts';
import type { SegmentStatement } from '../protocol/machine.ts';
import { BOUNDARY_WORDS, type FlatRows, type FlatSegment, REFRESH_WORDS } from '../vm/flat-records.ts';
import type { ControlState, KeccakRecord } from '../vm/records.ts';
import { countUses } from './count-uses.ts';
import { instructionRecords } from './instruction-records.ts';
import { memoryRecords } from './memory-records.ts';

/** What one segment proves. */
export type SegmentContents = {
  readonly type: SegmentType;
  readonly index: number;
  readonly entry: ControlState;
  readonly exit: ControlState;
  /** Rows of instructions and of the cells that they touch. */
  readonly records?: Pick<FlatSegment, 'rows' | 'calls' | 'refreshes' | 'boundaries'>;
  /** Calls that run through this segment's round rows, as `callWords` lays them out. */
  readonly keccak?: Uint32Array;
  /** All cells of the block, as `flattenCells` lays them out. */
  readonly memory?: Uint32Array;
};

/** The rows of one chip: `fill` writes those of the records from … to − 1 to a matrix of zeros. */
type Part = {
  readonly chip: Chip;
  readonly count: number;
  readonly fill: (from: number, to: number, rows: Uint32Array) => void;
};

/** A segment with a table of its own: as a whole block in one segment has them. */
export const wholeSegment = (
  segment: FlatSegment,
  memory: Uint32Array,
): SegmentContents & { readonly type: typeof SegmentType.WHOLE } => ({
  ...{ type: SegmentType.WHOLE, index: segment.index, entry: segment.entry, exit: segment.exit },
  ...{ records: segment, keccak: callWords(segment.keccak), memory },
});

/** Keccak calls as records of their chip. */
export function callWords(calls: readonly KeccakRecord[]): Uint32Array {
  const words = new Uint32Array(calls.length * KECCAK_CALL_WORDS);
  calls.forEach(({ segment, clock, input, output }, k) => {
    const at = k * KECCAK_CALL_WORDS;
    words.set([segment, clock], at);
    words.set(input, at + 2);
    words.set(output, at + 2 + input.length);
  });
  return words;
}

function partsOf(vm: ZkVm<string>, { records, keccak, memory }: SegmentContents): Part[] {
  const parts: Part[] = [];
  const add = (chip: unknown, count: number, fill: () => Part['fill']): void => {
    if (count > 0) parts.push({ chip: chip as Chip, count, fill: (...range) => fill()(...range) });
  };
  const stated =
    (program: () => RowProgram, words: () => Uint32Array): (() => Part['fill']) =>
    () => {
      const filler = new RowFiller(program());
      const source = { words: words(), facts: vm.facts };
      return (from, to, rows) => filler.fill(source, from, to, rows);
    };
  if (records !== undefined) {
    records.rows.forEach((rows, k) => {
      const instructions = vm.instructionChips[k]!;
      const { rowProgram } = instructions;
      const fill =
        rowProgram === undefined ? instructionRows(vm, instructions, rows) : stated(rowProgram, () => rows.words);
      add(instructions.chip, rows.count, fill);
    });
    const { boundaries, refreshes } = records;
    add(
      boundary,
      boundaries.length / BOUNDARY_WORDS,
      stated(boundaryRows, () => boundaries),
    );
    add(
      refresh,
      refreshes.length / REFRESH_WORDS,
      stated(refreshRows, () => refreshes),
    );
  }
  const sums = (records?.calls ?? []).filter((call) => call.op === 'ecMsm');
  let made: readonly MsmRows[] | undefined;
  const rowsOfSums = (): readonly MsmRows[] => {
    made ??= msmRows(sums);
    return made;
  };
  const additions = sums.reduce((n, call) => n + additionsOf(call), 0);
  add(pointIo, (POINTS + 1) * sums.length, () =>
    rowByRow(
      pointIo,
      rowsOfSums().flatMap((r) => r.points),
    ),
  );
  add(msmControl, CONTROL_ROWS * sums.length, () =>
    rowByRow(
      msmControl,
      rowsOfSums().flatMap((r) => r.control),
    ),
  );
  add(pointAdd, additions, () =>
    rowByRow(
      pointAdd,
      rowsOfSums().flatMap((r) => r.additions),
    ),
  );
  if (keccak !== undefined) {
    const calls = keccak.length / KECCAK_CALL_WORDS;
    add(
      keccakCall,
      calls,
      stated(keccakCallRows, () => keccak),
    );
    add(
      keccakRound,
      KECCAK_ROUNDS * calls,
      stated(keccakRoundRows, () => roundRecords(keccak)),
    );
  }
  if (memory !== undefined) {
    const words = memoryRecords(vm, memory);
    add(
      memoryTable,
      words.length / MEMORY_ROW_WORDS,
      stated(memoryRows, () => words),
    );
  }
  return parts.sort((a, b) => vm.numberOf(a.chip.compiled.id) - vm.numberOf(b.chip.compiled.id));
}

/** Rows of a chip that has only a `fillRow`, which takes records as objects. */
const rowByRow =
  <C extends ColumnSpecs, R>(chip: Chip<C, R>, records: readonly R[]): Part['fill'] =>
  (from, to, rows) => {
    const logHeight = Math.log2(rows.length / chip.compiled.columns.length);
    rows.set(fillTrace(chip, records.slice(from, to), logHeight).rows);
  };

/** The same for instructions. */
const instructionRows =
  (vm: ZkVm<string>, { chip, rowType }: InstructionChip, rows: FlatRows): (() => Part['fill']) =>
  () =>
  (from, to, out) => {
    const records = instructionRecords(vm.code, rowType, rows, from, to);
    rowByRow(chip as unknown as Chip<ColumnSpecs, unknown>, records)(0, to - from, out);
  };

/** The segment as its proof states it: the tables in the machine's canonical order. */
export function statementOf(vm: ZkVm<string>, contents: SegmentContents): SegmentStatement {
  const { type, index, entry, exit } = contents;
  const chipOf = (chip: Chip): number => vm.numberOf(chip.compiled.id);
  const instances = [
    ...partsOf(vm, contents).flatMap(({ chip, count }) =>
      splitHeights(count, chip.compiled.columns.length).map((logHeight) => ({ chip: chipOf(chip), logHeight })),
    ),
    ...vm.tablesOf(type).map(({ chip, logHeight }) => ({ chip: chipOf(chip), logHeight })),
  ].sort((a, b) => a.chip - b.chip);
  return { type, index, entry: { pc: entry.pc, fp: entry.fp }, exit, instances };
}

/** Makes a table of zeros. */
type NewTable = (chip: CompiledChip, logHeight: number) => PlacedInstance;

const inOwnMemory: NewTable = (chip, logHeight) => ({
  ...{ chip, logHeight },
  rows: new Uint32Array(2 ** logHeight * chip.columns.length),
});

/**
 * The tables of a segment as `statementOf` lists them, multiplicities included.
 * @param place where they are made; in plain memory without one
 */
export function buildTrace(vm: ZkVm<string>, contents: SegmentContents, place?: Placement): PlacedInstance[] {
  const made: PlacedInstance[] = [];
  const newTable: NewTable = (chip, logHeight) => {
    if (place === undefined) return inOwnMemory(chip, logHeight);
    const instance = { chip, logHeight, ...place.allocate({ width: chip.columns.length, logHeight }) };
    made.push(instance);
    return instance;
  };
  try {
    const instances = partsOf(vm, contents).flatMap((part) => fillPart(part, newTable));
    const tables = vm.tablesOf(contents.type);
    const uses = countUses(tables, instances, vm.machine.publics({ ...contents, instances: [] }));
    tables.forEach((table, i) => {
      const instance = newTable(table.chip.compiled, table.logHeight);
      table.fill(uses[i]!, instance.rows);
      instances.push(instance);
    });
    return instances.sort((a, b) => vm.numberOf(a.chip.id) - vm.numberOf(b.chip.id));
  } catch (error) {
    for (const { matrix } of made) if (matrix !== undefined) place?.free(matrix);
    throw error;
  }
}

const hasInterface = ({ compiled }: Pick<Chip, 'compiled'>): boolean =>
  compiled.columns.some((c) => c.tree === 'interface');

/** As much of a segment's records as its interface columns need. */
export function interfaceContents(vm: ZkVm<string>, contents: SegmentContents): SegmentContents {
  const { records } = contents;
  if (records === undefined) return contents;
  const none: FlatRows = { count: 0, words: new Uint32Array(0) };
  // Copied: the recording run lends its rows.
  const rows = records.rows.map(({ count, words }, k) =>
    hasInterface(vm.instructionChips[k]!.chip) ? { count, words: words.slice() } : none,
  );
  return {
    ...contents,
    records: { rows, calls: records.calls, refreshes: none.words, boundaries: records.boundaries },
  };
}

/** Those tables of a segment that have columns in the block's interface tree, by their place in the statement. */
export function buildInterface(
  vm: ZkVm<string>,
  contents: SegmentContents,
  { instances }: Pick<SegmentStatement, 'instances'>,
): ReadonlyMap<number, Instance> {
  const filled = new Map(
    partsOf(vm, contents)
      .filter(({ chip }) => hasInterface(chip))
      .map((part) => [vm.numberOf(part.chip.compiled.id), fillPart(part, inOwnMemory)] as const),
  );
  const used = new Map<number, number>();
  return new Map(
    instances.flatMap(({ chip }, place) => {
      const k = used.get(chip) ?? 0;
      used.set(chip, k + 1);
      const instance = filled.get(chip)?.[k];
      return instance === undefined ? [] : [[place, instance] as const];
    }),
  );
}

function fillPart({ chip, count, fill }: Part, newTable: NewTable): PlacedInstance[] {
  let from = 0;
  return splitHeights(count, chip.compiled.columns.length).map((logHeight) => {
    const instance = newTable(chip.compiled, logHeight);
    const to = Math.min(count, from + 2 ** logHeight);
    fill(from, to, instance.rows);
    fillFixed(chip, instance.rows);
    from = to;
    return instance;
  });
}

/** A second table of a chip costs openings; it pays where it saves so many cells of padding. */
const MIN_SAVED_CELLS = 2 ** 18;
/** Wider chips have one table. */
const MAX_SPLIT_COLUMNS = 200;
const MAX_TABLES = 3;

/** Heights (log2, falling) of the tables that hold `rows` rows of a chip. */
export function splitHeights(rows: number, columns: number): number[] {
  const heights: number[] = [];
  for (let left = rows; left > 0; ) {
    const whole = logHeightFor(left);
    const half = whole - 1;
    const saved = (2 ** half - 2 ** logHeightFor(Math.max(1, left - 2 ** half))) * columns;
    const last = columns > MAX_SPLIT_COLUMNS || heights.length === MAX_TABLES - 1 || saved < MIN_SAVED_CELLS;
    const logHeight = last ? whole : half;
    heights.push(logHeight);
    left -= 2 ** logHeight;
  }
  return heights;
}
