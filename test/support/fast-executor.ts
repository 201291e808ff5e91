/** Both executors on one program and input, and everything in which their results differ. */
import assert from 'node:assert/strict';
import type { Executable } from '../../client/prover/vm/executable.ts';
import { type FirstRunEnd, firstRun, type SegmentSummary } from '../../client/prover/vm/fast/first-run.ts';
import { type FastProgram, fastProgram } from '../../client/prover/vm/fast/program.ts';
import { recordRun } from '../../client/prover/vm/fast/record-run.ts';
import {
  type FlatSegment,
  flatten,
  flattenCells,
  type RowType,
  rowTypeOf,
} from '../../client/prover/vm/flat-records.ts';
import { INSTRUCTIONS, OP_NAMES, type OpName } from '../../client/prover/vm/isa.ts';
import type { Program } from '../../client/prover/vm/program.ts';
import { type RecordEnd, recordSegments, type SegmentLimits } from '../../client/prover/vm/record.ts';
import { CHIP_BY_ADDRESS } from '../../client/prover/vm/records.ts';

/** One row type per chip of the instruction set. */
export const ROW_TYPES: readonly RowType[] = (() => {
  const opsOf = new Map<string, OpName[]>();
  const add = (chip: string, op: OpName): void => {
    opsOf.set(chip, [...(opsOf.get(chip) ?? []), op]);
  };
  for (const op of OP_NAMES) {
    const { chip, memoryBytes, writes } = INSTRUCTIONS[op];
    add(chip, op);
    if (op === 'copy') add(CHIP_BY_ADDRESS.copy, op);
    if (memoryBytes > 1) add(writes.length > 0 ? CHIP_BY_ADDRESS.load : CHIP_BY_ADDRESS.store, op);
  }
  return [...opsOf].map(([id, ops]) => rowTypeOf(id, ops));
})();

/** A run to its end. */
export function drain<T, R>(run: Generator<T, R>): { readonly segments: readonly T[]; readonly end: R } {
  const segments: T[] = [];
  for (;;) {
    const { done, value } = run.next();
    if (done) return { segments, end: value };
    segments.push(value);
  }
}

const summaryOf = ({ rows, ...rest }: FlatSegment): SegmentSummary => ({
  ...rest,
  rowCounts: rows.map((r) => r.count),
});

const flatEnd = (end: RecordEnd): FirstRunEnd => (end.ok ? { ...end, cells: flattenCells(end.cells) } : end);

/** A program that the interpreter alone runs, one that is compiled before its first row, and one on the way. */
export const programs = (program: Program, types: readonly RowType[] = ROW_TYPES): readonly [string, FastProgram][] => [
  ['interpreted', fastProgram(program, types, Number.POSITIVE_INFINITY)],
  ['compiled', fastProgram(program, types, 0)],
  ['compiled on the way', fastProgram(program, types, 40)],
];

/**
 * Runs the reference's recording run, the first run (interpreted, and compiled) and the recording run of the fast executor,
 * segment by segment.
 * @returns how the run ended, and in how many segments
 * @throws AssertionError naming what differs
 */
export function assertSameRuns(
  executable: Executable,
  input: Uint8Array,
  limits: SegmentLimits,
  what: string,
): { readonly end: FirstRunEnd; readonly segments: number } {
  const [[, program], ...others] = programs(executable.program) as [[string, FastProgram], ...[string, FastProgram][]];
  const first = drain(firstRun(program, input, limits));
  for (const [kind, other] of others) {
    const run = drain(firstRun(other, input, limits));
    assert.deepEqual(run.end, first.end, `${what}: end, ${kind}`);
    run.segments.forEach((s, j) => {
      assertSameSegment(s, first.segments[j]!, `${what}: ${kind} run, segment ${j}`);
    });
    assert.equal(run.segments.length, first.segments.length, `${what}: segments, ${kind}`);
  }
  const again = recordRun(
    program,
    input,
    first.segments.map((s) => s.rowCounts),
  );
  const reference = recordSegments(executable, input, limits);
  for (let j = 0; ; j++) {
    const { done, value } = reference.next();
    if (done) {
      assert.deepEqual(first.end, flatEnd(value), `${what}: end`);
      assert.equal(first.segments.length, j, `${what}: segments`);
      assert.ok(again.next().done, `${what}: segments of the recording run`);
      return { end: first.end, segments: j };
    }
    const expected = flatten(value, ROW_TYPES);
    assertSameSegment(first.segments[j]!, summaryOf(expected), `${what}: first run, segment ${j}`);
    const recorded = again.next().value;
    assert.ok(recorded !== undefined, `${what}: recording run, segment ${j}`);
    assertSameSegment(summaryOf(recorded), summaryOf(expected), `${what}: recording run, segment ${j}`);
    recorded.rows.forEach(({ words }, k) => {
      assertSameWords(words, expected.rows[k]!.words, `${what}: segment ${j}, rows of ${ROW_TYPES[k]!.id}`);
    });
  }
}

function assertSameSegment(actual: SegmentSummary, expected: SegmentSummary, what: string): void {
  const { boundaries, refreshes, ...rest } = actual;
  const { boundaries: expectedBoundaries, refreshes: expectedRefreshes, ...expectedRest } = expected;
  assert.deepEqual(rest, expectedRest, what);
  assertSameWords(refreshes, expectedRefreshes, `${what}: refreshes`);
  assertSameWords(boundaries, expectedBoundaries, `${what}: boundaries`);
}

/** Like deepEqual, without minutes of comparing where millions of words differ. */
function assertSameWords(actual: Uint32Array, expected: Uint32Array, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: words`);
  const k = actual.findIndex((word, n) => word !== expected[n]);
  const around = (words: Uint32Array): number[] => [...words.subarray(Math.max(0, k - 20), k + 20)];
  if (k >= 0)
    assert.fail(`${what}: word ${k} is ${actual[k]}, expected ${expected[k]}\n${around(actual)}\n${around(expected)}`);
}
