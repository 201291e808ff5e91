import { countUses } from '../../client/prover/engine/count-uses.ts';
import { buildTrace, callWords, type SegmentContents } from '../../client/prover/engine/trace.ts';
import { encodeGuestInput } from '../../client/prover/guest/input.ts';
import { loadGuest } from '../../client/prover/guest/load.ts';
import { SegmentType } from '../../client/prover/machine/segment-types.ts';
import { buildZkVm } from '../../client/prover/machine/zkvm.ts';
import { decodeModule } from '../../client/prover/vm/decode.ts';
import { prepare } from '../../client/prover/vm/executable.ts';
import { MAX_SLOTS } from '../../client/prover/vm/execute.ts';
import { type FlatSegment, flatten } from '../../client/prover/vm/flat-records.ts';
import { lower } from '../../client/prover/vm/lower.ts';
import { recordSegments } from '../../client/prover/vm/record.ts';
import { benchArguments, reportBench } from '../support/bench.ts';
import { guestInputOf, realBlock } from '../support/real-blocks.ts';

/**
 * Rates of turning the records of a block's first segment into tables: instruction rows with the counting of their
 * lookups, the counting alone, cells of Keccak rounds. Seconds of processor time of one thread, garbage collection
 * included, best of several runs.
 */
const RUNS = 5;
/** Keccak calls of one segment: 2^14 rounds fit, which is 2^25 cells. */
const KECCAK_CALLS = 512;

const [block = 'mainnet-2675001'] = benchArguments(['mainnet-2675001']);
const program = lower(decodeModule(loadGuest().wasm));
const vm = buildZkVm(program, 'P100', MAX_SLOTS);

function firstSegment(): FlatSegment {
  const run = recordSegments(prepare(program), encodeGuestInput(guestInputOf(realBlock(block))), { rows: 500_000 });
  const { done, value } = run.next();
  if (done) throw new Error(`${block} has no segment`);
  return flatten(value, vm.rowTypes);
}

const segment = firstSegment();
const { entry, exit, index } = segment;
const own = { index, entry, exit };
const instructions: SegmentContents = { ...own, type: SegmentType.INSTRUCTIONS, records: segment };
const rows = segment.rows.reduce((n, r) => n + r.count, 0);
const call = segment.keccak[0];
if (call === undefined) throw new Error(`the first segment of ${block} calls no Keccak-f`);
const calls = callWords(new Array<typeof call>(KECCAK_CALLS).fill(call));
const keccak: SegmentContents = { ...own, type: SegmentType.KECCAK, keccak: calls };
const keccakCells = 24 * KECCAK_CALLS * vm.machine.chips[vm.numberOf('keccak_round')]!.compiled.columns.length;

/** Seconds of processor time. */
function seconds(run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < RUNS; i++) {
    globalThis.gc?.();
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1e6);
  }
  return best;
}

const trace = buildTrace(vm, instructions);
const tables = new Set(vm.tables.map((t) => t.chip.compiled.id));
const counted = trace.filter((t) => !tables.has(t.chip.id));
const publics = vm.machine.publics({ ...instructions, instances: [] });
const rate = (count: number, s: number): number => Math.round(count / s / 1e4) / 100;
reportBench(
  'trace',
  { block, instructionRows: rows, cells: trace.reduce((n, t) => n + t.rows.length, 0), threads: 1, runs: RUNS },
  {
    instructionRowsMillionPerSecond: rate(
      rows,
      seconds(() => void buildTrace(vm, instructions)),
    ),
    countedRowsMillionPerSecond: rate(
      rows,
      seconds(() => void countUses(vm.tablesOf(SegmentType.INSTRUCTIONS), counted, publics)),
    ),
    keccakCellsMillionPerSecond: rate(
      keccakCells,
      seconds(() => void buildTrace(vm, keccak)),
    ),
  },
);
