import { encodeGuestInput } from '../../client/prover/guest/input.ts';
import { loadGuest } from '../../client/prover/guest/load.ts';
import { decodeModule } from '../../client/prover/vm/decode.ts';
import { execute } from '../../client/prover/vm/fast/execute-run.ts';
import { firstRun } from '../../client/prover/vm/fast/first-run.ts';
import { type FastProgram, fastProgram } from '../../client/prover/vm/fast/program.ts';
import { recordRun } from '../../client/prover/vm/fast/record-run.ts';
import { lower } from '../../client/prover/vm/lower.ts';
import { benchArguments, median, reportBench } from '../support/bench.ts';
import { ROW_TYPES } from '../support/fast-executor.ts';
import { guestInputOf, realBlock } from '../support/real-blocks.ts';

/**
 * Million instructions per second of the fast executor: to the end without segments, cut into segments, and recorded.
 * The first two in compiled code and, as `interpreted`, in the interpreter, which also records. Each figure includes setting
 * up memory; the first runs, in which V8 still optimises, are not counted. Arguments: names of blocks.
 */
const RUNS = 7;
const WARM_UP = 12;
const SEGMENT_ROWS = 350_000;

const lowered = lower(decodeModule(loadGuest().wasm));
const interpreted = fastProgram(lowered, ROW_TYPES, Number.POSITIVE_INFINITY);
const compiled = fastProgram(lowered, ROW_TYPES, 0);
const start = performance.now();
compiled.compilation.get();
const compileMs = Math.round(performance.now() - start);
for (const block of benchArguments(['mainnet-2675001', 'mainnet-21688509'])) {
  const input = encodeGuestInput(guestInputOf(realBlock(block)));
  const { instructions } = execute(interpreted, input);
  const rate = (run: () => void): { readonly median: number; readonly best: number } => {
    const rates = Array.from({ length: WARM_UP + RUNS }, () => {
      const start = performance.now();
      run();
      return instructions / 1000 / (performance.now() - start);
    }).slice(WARM_UP);
    return { median: round1(median(rates)), best: round1(Math.max(...rates)) };
  };
  const limits = { rows: SEGMENT_ROWS };
  const plan: (readonly number[])[] = [];
  for (const { rowCounts } of firstRun(interpreted, input, limits)) plan.push(rowCounts);
  let peak = 0;
  const watch = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const counting = (program: FastProgram) => ({
    execute: rate(() => void execute(program, input)),
    firstRun: rate(() => {
      for (const _ of firstRun(program, input, limits)) watch();
    }),
  });
  const mips = {
    ...counting(compiled),
    interpreted: counting(interpreted),
    recordRun: rate(() => {
      for (const _ of recordRun(interpreted, input, plan)) watch();
    }),
  };
  reportBench(
    'executor',
    { block, segmentRows: SEGMENT_ROWS, runs: RUNS },
    { instructions, segments: plan.length, compileMs, millionsPerSecond: mips, peakResidentBytes: peak },
  );
}

function round1(x: number): number {
  return Math.round(10 * x) / 10;
}
