import type { Instance } from '../air/dag.ts';
import type { PlacedInstance, Placement } from '../backends/interface.ts';
import { CONTROL_ROWS, POINTS, SCALAR_BITS, SUBSET_ADDITIONS } from '../chips/curve/registers.ts';
import { KECCAK_CALL_WORDS } from '../chips/keccak/call.ts';
import { KECCAK_ROUNDS } from '../chips/keccak/permutation.ts';
import { SegmentType } from '../machine/segment-types.ts';
import type { ZkVm } from '../machine/zkvm.ts';
import { exceededLimit } from '../protocol/bounds.ts';
import type { SegmentStatement } from '../protocol/machine.ts';
import type { SoundnessProfile } from '../soundness/profiles.ts';
import type { TrapReason } from '../vm/execute.ts';
import { type FirstRunEnd, firstRun } from '../vm/fast/first-run.ts';
import type { FastProgram } from '../vm/fast/program.ts';
import { recordRun } from '../vm/fast/record-run.ts';
import type { FlatSegment } from '../vm/flat-records.ts';
import { INSTRUCTIONS, type OpName } from '../vm/isa.ts';
import type { SegmentLimits } from '../vm/record.ts';
import type { ControlState } from '../vm/records.ts';
import {
  buildInterface,
  buildTrace,
  callWords,
  interfaceContents,
  type SegmentContents,
  statementOf,
  wholeSegment,
} from './trace.ts';

/** Cells of the main tree that a segment should have at most: what a backend's memory is sized for. */
export const SEGMENT_CELLS = 2 ** 25;
/** Share of the budget that recorded rows may fill; the rest is for the padding of their tables. */
const OCCUPANCY = 0.85;

/** Where segments are cut; `budget`: cells of the main tree. */
export type CutLimits = { readonly budget?: number } & Omit<SegmentLimits, 'cells'>;

/** A block cut into segments: their statements, and how to get their tables. */
export type BlockSegments = {
  readonly publicValues: Uint8Array;
  /** Rows of instruction chips. */
  readonly instructions: number;
  readonly statements: readonly SegmentStatement[];
  /** Tables with interface columns of a segment, by place. */
  readonly interfaceOf: (j: number) => ReadonlyMap<number, Instance>;
  /** All tables of a segment; asked for once each, in order. */
  readonly traceOf: (j: number, place?: Placement) => readonly PlacedInstance[];
};

/** The segments of a run that halted, or where and why it trapped. */
export type SegmentsResult =
  | { readonly ok: true; readonly block: BlockSegments }
  | { readonly ok: false; readonly reason: TrapReason; readonly pc: number };

/**
 * Runs the program on an input and cuts the run into segments. The records of a long run are made twice, once for the
 * interface tables and once segment by segment for the traces, so that they are never held together.
 */
export function cutBlock(
  vm: ZkVm<SoundnessProfile>,
  program: FastProgram,
  input: Uint8Array,
  { budget = SEGMENT_CELLS, ...limits }: CutLimits = {},
): SegmentsResult {
  const cut: SegmentLimits = { ...limits, cells: { max: OCCUPANCY * budget, of: cellsPerRow(vm) } };
  const run = flatSegments(program, input, cut);
  const planned: Planned[] = [];
  const keccak: Uint32Array[] = [];
  let first: FlatSegment | undefined;
  let instructions = 0;
  for (;;) {
    const { done, value } = run.next();
    if (!done) {
      keccak.push(callWords(value.keccak));
      for (const { count } of value.rows) instructions += count;
      planned.push(plan(vm, instructionSegment(value)));
      first = value.index === 0 ? value : undefined;
      continue;
    }
    if (!value.ok) return value;
    const { publicValues, cells } = value;
    if (first !== undefined) {
      const whole = plan(vm, wholeSegment(first, cells));
      const isTooLarge = exceededLimit(vm.machine, { segments: [whole.statement] }) !== undefined;
      if (mainCells(vm, whole.statement) <= budget && !isTooLarge) {
        const trace: BlockSegments['traceOf'] = (_, place) => buildTrace(vm, whole.contents(), place);
        return { ok: true, block: blockOf(publicValues, instructions, [whole], trace) };
      }
      first = undefined;
    }
    const end = { index: planned.length, state: planned[planned.length - 1]!.statement.exit };
    const others = otherSegments(vm, joined(keccak), cells, budget, end);
    const again = flatSegments(program, input, cut);
    const instructionSegments = planned.length;
    return {
      ok: true,
      block: blockOf(publicValues, instructions, [...planned, ...others], (j, place) => {
        if (j >= instructionSegments) return buildTrace(vm, others[j - instructionSegments]!.contents(), place);
        const next = again.next();
        if (next.done || next.value.index !== j) throw new Error(`expected segment ${j} of the same run again`);
        return buildTrace(vm, instructionSegment(next.value), place);
      }),
    };
  }
}

/** The recording run, segment by segment, planned by a run that only counts; rows are lent until the next segment. */
function* flatSegments(
  program: FastProgram,
  input: Uint8Array,
  cut: SegmentLimits,
): Generator<FlatSegment, FirstRunEnd> {
  const plan: (readonly number[])[] = [];
  const counting = firstRun(program, input, cut);
  for (;;) {
    const { done, value } = counting.next();
    if (done) {
      if (value.ok) yield* recordRun(program, input, plan);
      return value;
    }
    plan.push(value.rowCounts);
  }
}

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const words = new Uint32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    words.set(part, at);
    at += part.length;
  }
  return words;
}

type Planned = {
  readonly statement: SegmentStatement;
  readonly interfaces: () => ReadonlyMap<number, Instance>;
  /** Not kept for segments of instructions. */
  readonly contents: () => SegmentContents;
};

function plan(vm: ZkVm<string>, contents: SegmentContents): Planned {
  const keep = contents.type !== SegmentType.INSTRUCTIONS;
  const statement = statementOf(vm, contents);
  const kept = keep ? contents : interfaceContents(vm, contents);
  return {
    statement,
    interfaces: () => buildInterface(vm, kept, statement),
    contents: keep
      ? () => contents
      : () => {
          throw new Error('the records of a segment of instructions are not kept');
        },
  };
}

const blockOf = (
  publicValues: Uint8Array,
  instructions: number,
  planned: readonly Planned[],
  traceOf: BlockSegments['traceOf'],
): BlockSegments => ({
  publicValues,
  instructions,
  statements: planned.map((p) => p.statement),
  interfaceOf: (j) => planned[j]!.interfaces(),
  traceOf,
});

const instructionSegment = (records: FlatSegment): SegmentContents => ({
  ...{ type: SegmentType.INSTRUCTIONS, index: records.index, entry: records.entry, exit: records.exit },
  records,
});

/** Keccak calls in as many segments as they need, then the memory table; control passes through them. */
function otherSegments(
  vm: ZkVm<string>,
  keccak: Uint32Array,
  memory: Uint32Array,
  budget: number,
  { index, state }: { readonly index: number; readonly state: { readonly pc: number; readonly fp: number } },
): Planned[] {
  const width = vm.machine.chips[vm.numberOf('keccak_round')]!.compiled.columns.length;
  const perSegment = Math.max(1, Math.floor(2 ** Math.floor(Math.log2(budget / width)) / KECCAK_ROUNDS));
  const at: ControlState = { pc: state.pc, fp: state.fp, clock: 1 };
  const contents: SegmentContents[] = [];
  const add = (own: Pick<SegmentContents, 'type' | 'keccak' | 'memory'>): void => {
    contents.push({ ...own, index: index + contents.length, entry: at, exit: at });
  };
  const step = perSegment * KECCAK_CALL_WORDS;
  for (let from = 0; from < keccak.length; from += step)
    add({ type: SegmentType.KECCAK, keccak: keccak.subarray(from, from + step) });
  add({ type: SegmentType.MEMORY, memory });
  return contents.map((c) => plan(vm, c));
}

/** Cells that a row of an instruction chip takes, by the chip's name in the instruction set. */
function cellsPerRow(vm: ZkVm<string>): (chip: string) => number {
  const cells = new Map<string, number>();
  for (const { chip, encodings } of vm.instructionChips)
    for (const id of [chip.compiled.id, ...Object.keys(encodings).map((op) => INSTRUCTIONS[op as OpName].chip)])
      cells.set(id, Math.max(cells.get(id) ?? 0, chip.compiled.columns.length));
  cells.set(INSTRUCTIONS.ecMsm.chip, cells.get(INSTRUCTIONS.ecMsm.chip)! + cellsPerSum(vm));
  return (chip) => cells.get(chip) ?? 0;
}

/** Cells of the rows that one `ec_msm` brings with it, at most. */
function cellsPerSum(vm: ZkVm<string>): number {
  const width = (id: string): number => vm.machine.chips[vm.numberOf(id)]!.compiled.columns.length;
  const additions = SUBSET_ADDITIONS.length + 2 * SCALAR_BITS;
  return additions * width('point_add') + CONTROL_ROWS * width('msm_control') + (POINTS + 1) * width('point_io');
}

/** Cells of a segment's main tree. */
function mainCells(vm: ZkVm<string>, { instances }: SegmentStatement): number {
  return instances.reduce((n, { chip, logHeight }) => {
    const { columns } = vm.machine.chips[chip]!.compiled;
    return n + columns.filter((c) => c.tree === 'main').length * 2 ** logHeight;
  }, 0);
}
