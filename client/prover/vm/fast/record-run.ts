import type { FlatSegment } from '../flat-records.ts';
import { strideOf } from '../flat-records.ts';
import { stateOf } from './first-run.ts';
import { FastMachine } from './machine.ts';
import type { FastProgram } from './program.ts';

/**
 * The recording run, segment by segment.
 * @param plan rows of each type in each segment, as `firstRun` counted them on the same program and input
 * @returns segments whose `rows` are lent: they are overwritten when the next segment is asked for
 */
export function* recordRun(
  program: FastProgram,
  input: Uint8Array,
  plan: Iterable<readonly number[]>,
): Generator<FlatSegment, void> {
  const machine = new FastMachine(program, input, true);
  for (const counts of plan) {
    const entry = stateOf(machine);
    const starts = machine.placeRecords(counts);
    const stop = machine.run(counts.reduce((a, b) => a + b, 0));
    if (stop !== undefined && stop !== 'halt') throw new Error(`the recording run traps: ${stop.trap}`);
    const sizes = program.types.map((type, k) => strideOf(type) * counts[k]!);
    const ends = machine.recordEnds();
    if (ends.some((end, k) => end !== starts[k]! + 4 * sizes[k]!)) throw new Error('the run differs from its plan');
    const { segment: index, keccak, calls } = machine;
    const exit = stateOf(machine);
    const { boundaries, refreshes } = machine.endSegment();
    const { words } = machine;
    const rows = sizes.map((size, k) => {
      const from = starts[k]! / 4;
      return { count: counts[k]!, words: words.subarray(from, from + size) };
    });
    yield { index, entry, exit, rows, keccak, calls, refreshes, boundaries };
  }
}
