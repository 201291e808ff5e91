import { checkedBlock } from '../../client/cli/input-block.ts';
import { cutBlock } from '../../client/prover/engine/block-segments.ts';
import { sizeOf } from '../../client/prover/engine/prove-guest.ts';
import { loadGuest } from '../../client/prover/guest/load.ts';
import type { ProfileId } from '../../client/prover/interface.ts';
import { buildZkVm } from '../../client/prover/machine/zkvm.ts';
import { guestInputOf } from '../../client/prover/service/check.ts';
import { decodeModule } from '../../client/prover/vm/decode.ts';
import { MAX_SLOTS } from '../../client/prover/vm/execute.ts';
import { firstRun } from '../../client/prover/vm/fast/first-run.ts';
import { fastProgram } from '../../client/prover/vm/fast/program.ts';
import { BOUNDARY_WORDS, REFRESH_WORDS } from '../../client/prover/vm/flat-records.ts';
import { lower } from '../../client/prover/vm/lower.ts';
import { reportBench } from '../support/bench.ts';
import { benchBlocks } from '../support/bench-proofs.ts';
import { openedBlockFile } from '../support/block-files.ts';

/**
 * What a block is to the prover, counted and not timed: cells and interactions per instruction with its share of the
 * memory argument, and per Keccak-f; W = cells + 1.5 · interactions of all tables, with and without their padding, and
 * per gas. Arguments: blocks by name.
 */
const BLOCKS = ['mainnet-2675001', 'mainnet-21688509', 'mainnet-24628607'];
/** Calls of the machine's own arithmetic and of Keccak-f: their rows are no instructions' work. */
const HOST_CHIPS: ReadonlySet<string> = new Set(['keccak_host', 'mulmod', 'advice', 'ec_msm']);
const KECCAK_ROUNDS = 24;

const program = lower(decodeModule(loadGuest().wasm));
const vm = buildZkVm<ProfileId>(program, 'P100', MAX_SLOTS);
const fast = fastProgram(program, vm.rowTypes);
type Size = { readonly cells: number; readonly interactions: number };
function rowOf(id: string): Size {
  const { columns, interactions } = vm.machine.chips[vm.numberOf(id)]!.compiled;
  return { cells: columns.length, interactions: interactions.length };
}
/** Rows that are not padding, which is zero; tables' are never. */
function usedRows(words: Uint32Array, width: number): number {
  let used = 0;
  for (let at = 0; at < words.length; at += width)
    if (words.subarray(at, at + width).some((word) => word !== 0)) used++;
  return used;
}
const hundredths = (x: number): number => Math.round(100 * x) / 100;

for (const { name } of benchBlocks(BLOCKS)) {
  const { file, network, block } = await openedBlockFile(name);
  const input = guestInputOf(checkedBlock(file, network, block));
  const rows = new Map<string, number>();
  const add = (id: string, count: number): void => void rows.set(id, (rows.get(id) ?? 0) + count);
  let instructions = 0;
  let keccak = 0;
  for (const segment of firstRun(fast, input)) {
    segment.rowCounts.forEach((count, k) => {
      instructions += count;
      add(vm.rowTypes[k]!.id, count);
    });
    add('boundary', segment.boundaries.length / BOUNDARY_WORDS);
    add('refresh', segment.refreshes.length / REFRESH_WORDS);
    keccak += segment.keccak.length;
  }
  let cells = 0;
  let interactions = 0;
  for (const [id, count] of rows) {
    if (HOST_CHIPS.has(id)) continue;
    cells += count * rowOf(id).cells;
    interactions += count * rowOf(id).interactions;
  }
  const cut = cutBlock(vm, fast, input);
  if (!cut.ok) throw new Error(`${name}: ${cut.reason}`);
  const whole = sizeOf(vm, cut.block.statements);
  const work = whole.cells + 1.5 * whole.interactions;
  let usedWork = 0;
  for (let segment = 0; segment < whole.segments; segment++)
    for (const { chip, rows: words } of cut.block.traceOf(segment))
      usedWork += usedRows(words, chip.columns.length) * (chip.columns.length + 1.5 * chip.interactions.length);
  const { gasUsed } = block.header;
  reportBench(
    'work',
    { block: name },
    {
      instructions,
      segments: whole.segments,
      cellsPerInstruction: hundredths(cells / instructions),
      interactionsPerInstruction: hundredths(interactions / instructions),
      keccakCalls: keccak,
      cellsPerKeccak:
        KECCAK_ROUNDS * rowOf('keccak_round').cells + rowOf('keccak_call').cells + rowOf('keccak_host').cells,
      work,
      usedWork,
      workPerGas: hundredths(work / Number(gasUsed)),
      instructionsPerGas: hundredths(instructions / Number(gasUsed)),
    },
  );
}
