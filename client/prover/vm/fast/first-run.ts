import type { TrapReason } from '../execute.ts';
import type { RowType } from '../flat-records.ts';
import { HOST_CALLS } from '../host-calls.ts';
import { FIRST_PC, HALT_PC, INSTRUCTIONS, type OpName } from '../isa.ts';
import { checkedLimits, MAX_ADVANCE, type SegmentLimits } from '../record.ts';
import type { ControlState, HostCallRecord, KeccakRecord } from '../records.ts';
import { advance, compiledRun } from './advance.ts';
import { CellTable } from './cell-table.ts';
import type { CompiledRun } from './compiled/run.ts';
import { COUNTERS, chipOf } from './counters.ts';
import { FastMachine } from './machine.ts';
import type { FastProgram } from './program.ts';

/** A segment without its rows: what cutting a block and its interface tables need. */
export type SegmentSummary = {
  readonly index: number;
  readonly entry: ControlState;
  readonly exit: ControlState;
  /** By the row type's place in the program's list. */
  readonly rowCounts: readonly number[];
  readonly keccak: readonly KeccakRecord[];
  readonly calls: readonly HostCallRecord[];
  /** As `FlatSegment` has them. */
  readonly refreshes: Uint32Array;
  readonly boundaries: Uint32Array;
};

/** What the run made public and touched, or where and why it trapped. */
export type FirstRunEnd =
  | {
      readonly ok: true;
      readonly publicValues: Uint8Array;
      /** All cells of the block by space and address, MEMORY_CELL_WORDS each (`flattenCells`). */
      readonly cells: Uint32Array;
    }
  | { readonly ok: false; readonly reason: TrapReason; readonly pc: number };

/**
 * Runs a program and cuts the run into the segments of `recordSegments`, without a record of its rows.
 * @returns how the run ended; a trap's segment is not given
 * @throws ClientError `segmentLimits` for limits that no row fits, `fastExecutorMemory`
 */
export function firstRun(
  program: FastProgram,
  input: Uint8Array,
  limits: SegmentLimits = {},
): Generator<SegmentSummary, FirstRunEnd> {
  return segments(program, input, checkedLimits(limits));
}

function* segments(
  program: FastProgram,
  input: Uint8Array,
  limits: ReturnType<typeof checkedLimits>,
): Generator<SegmentSummary, FirstRunEnd> {
  const machine = new FastMachine(program, input, false);
  const cost = Float64Array.from(COUNTERS, (c) => limits.cells.of(chipOf(c)));
  // A step ends behind a call of the host, whatever that costs.
  const maxCost = cost.reduce((most, c, k) => (endsStep(COUNTERS[k]!.op) ? most : Math.max(most, c)), 0);
  const typeOf = counterTypes(program.types);
  const cells = new CellTable();
  let entry = stateOf(machine);
  let compiled: CompiledRun | undefined;
  for (;;) {
    compiled ??= compiledRun(machine, cost);
    const left = budgetOf(machine, compiled, { ...limits, cost });
    const rows = allowedRows(machine, left, maxCost);
    const stop = rows > 0 ? advance(machine, compiled, rows, left) : undefined;
    if (rows > 0 && stop === undefined) continue;
    if (stop !== undefined && stop !== 'halt') return { ok: false, reason: stop.trap, pc: stop.pc };
    const { segment: index, keccak, calls } = machine;
    const exit = stateOf(machine);
    const rowCounts = program.types.map(() => 0);
    const counts = machine.counts();
    compiled?.takeCounts(counts);
    counts.forEach((n, k) => {
      if (n === 0 || rowCounts.length === 0) return;
      const type = typeOf[k]!;
      if (type < 0) throw new Error(`no row type for ${COUNTERS[k]!.op}`);
      rowCounts[type]! += n;
    });
    const summary = { index, entry, exit, rowCounts, keccak, calls, ...machine.endSegment() };
    cells.add(summary.boundaries);
    yield summary;
    if (stop === 'halt') return { ok: true, publicValues: machine.publicValues!, cells: cells.words(machine) };
    entry = stateOf(machine);
  }
}

/** Where the machine stands, by the segment's clock. */
export const stateOf = ({ pc, fp, clock }: FastMachine): ControlState => ({ pc, fp, clock });

const endsStep = (op: OpName): boolean => op === 'keccakF' || op in HOST_CALLS;

/** The row type of each counter, −1 for none. */
function counterTypes(types: readonly RowType[]): readonly number[] {
  return COUNTERS.map(({ op, byAddress }) =>
    types.findIndex((t) => (byAddress ? t.id === chipOf({ op, byAddress }) : !t.byAddress && t.ops.includes(op))),
  );
}

/** What a segment may still hold. */
type Budget = { readonly rows: number; readonly clocks: number; readonly cells: number };

function budgetOf(
  machine: FastMachine,
  compiled: CompiledRun | undefined,
  o: ReturnType<typeof checkedLimits> & { readonly cost: Float64Array },
): Budget {
  let rows = compiled?.rows ?? 0;
  let cells = compiled?.cells ?? 0;
  const counts = machine.counts();
  for (let k = 0; k < counts.length; k++) {
    rows += counts[k]!;
    cells += counts[k]! * o.cost[k]!;
  }
  return { rows: o.rows - rows, clocks: o.clock - 1 - machine.clock, cells: o.cells.max - cells };
}

/** Rows that surely fit in the segment: at least one if the next one does, 0 if it does not. */
function allowedRows(machine: FastMachine, left: Budget, maxCost: number): number {
  const byClock = Math.floor(left.clocks / MAX_ADVANCE);
  const byCells = maxCost > 0 ? Math.ceil(left.cells / maxCost) : Number.MAX_SAFE_INTEGER;
  const allowed = Math.min(left.rows, byCells);
  if (allowed <= 0 || byClock > 0) return Math.min(allowed, byClock);
  return advanceAt(machine) <= left.clocks ? 1 : 0;
}

/** Clock advance of the next row; 0 where there is none. */
function advanceAt({ pc, program }: FastMachine): number {
  const next = pc === HALT_PC ? undefined : program.program.code[pc - FIRST_PC];
  return next === undefined ? 0 : INSTRUCTIONS[next.op].advance;
}
