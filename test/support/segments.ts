/** A small module's run, cut into segments: their traces and what is wrong with them. */
import assert from 'node:assert/strict';
import { checkBuses, checkRows, type ExtraMessage, forMessages } from '../../client/prover/air/check.ts';
import type { Instance } from '../../client/prover/air/dag.ts';
import { cutBlock } from '../../client/prover/engine/block-segments.ts';
import { wordsFromBytes } from '../../client/prover/hash/blake3.ts';
import { buildZkVm, type ZkVm } from '../../client/prover/machine/zkvm.ts';
import type { BlockStatement } from '../../client/prover/protocol/machine.ts';
import { decodeModule } from '../../client/prover/vm/decode.ts';
import { MAX_SLOTS } from '../../client/prover/vm/execute.ts';
import { fastProgram } from '../../client/prover/vm/fast/program.ts';
import { lower } from '../../client/prover/vm/lower.ts';
import { inFixedTable } from './chip-rows.ts';
import { cellAt, realRows } from './lies.ts';
import { FIXED_TABLES, instanceOf, type Tampering, tampered } from './machine.ts';

export type SegmentedRun = {
  readonly vm: ZkVm<'P100'>;
  readonly block: BlockStatement;
  readonly traces: readonly (readonly Instance[])[];
};

/** @param rows of instructions that a segment has at most */
export function segmentedRun(wasm: Uint8Array, rows: number): SegmentedRun {
  const program = lower(decodeModule(wasm));
  const vm = buildZkVm(program, 'P100', MAX_SLOTS);
  const cut = cutBlock(vm, fastProgram(program, vm.rowTypes), new Uint8Array(0), { rows });
  assert.ok(cut.ok);
  const { statements, publicValues, traceOf } = cut.block;
  const block = { claim: wordsFromBytes(publicValues), segments: statements };
  assert.equal(vm.machine.checkShape(block), undefined);
  const traces = statements.map((_, j) =>
    traceOf(j).map(({ chip, logHeight, rows: cells }) => ({ chip, logHeight, rows: cells.slice() })),
  );
  return { vm, block, traces };
}

/** The traces with changed cells in one segment. */
export const tamperedSegments = (
  { traces }: SegmentedRun,
  j: number,
  lies: readonly Tampering[],
): (readonly Instance[])[] => traces.map((trace, k) => (k === j ? tampered(trace, lies) : trace));

/** Labels of constraints and names of buses that notice something; how often fixed tables are asked is left out. */
export function segmentFailures({ vm, block }: SegmentedRun, traces: SegmentedRun['traces']): string[] {
  const found = new Set<string>();
  const global: ExtraMessage[] = [...vm.machine.globalMessages(block)];
  const note = (bus: string, message: readonly number[]): void => {
    if (inFixedTable(bus, message) !== true) found.add(bus);
  };
  for (const [j, statement] of block.segments.entries()) {
    const trace = traces[j]!.filter((t) => !FIXED_TABLES.has(t.chip.id));
    const publics = vm.machine.publics(statement);
    for (const { label } of checkRows(trace, publics)) found.add(label);
    for (const { bus, message } of checkBuses(trace, vm.machine.localMessages(block, statement), publics))
      note(bus, message);
    forMessages(
      trace,
      publics,
      (i) => i.bus.scope === 'global',
      (_, { bus, direction }, __, message, count) => {
        global.push({ bus, message: [...message], count: direction === 'send' ? count : -count });
      },
    );
  }
  for (const { bus, message } of checkBuses([], global, {}, 'global')) note(bus, message);
  return [...found];
}

/** Addresses of a space's cells that a segment hands on. */
export function cellsLeftBy(trace: readonly Instance[], space: number): number[] {
  const boundary = instanceOf(trace, 'boundary');
  return realRows(boundary)
    .filter((r) => cellAt(boundary, r, 'space') === space)
    .map((r) => cellAt(boundary, r, 'address'));
}
