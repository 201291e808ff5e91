/** Small machines of toy modules: their trace and whether it holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkBuses, checkRows, type Imbalance, type RowFailure } from '../../client/prover/air/check.ts';
import type { Instance } from '../../client/prover/air/dag.ts';
import { holds } from '../../client/prover/chips/tables/table.ts';
import { buildTrace, wholeSegment } from '../../client/prover/engine/trace.ts';
import { Fp } from '../../client/prover/field/fp.ts';
import { wordsFromBytes } from '../../client/prover/hash/blake3.ts';
import { buildZkVm, type ZkVm } from '../../client/prover/machine/zkvm.ts';
import type { BlockStatement } from '../../client/prover/protocol/machine.ts';
import { decodeModule } from '../../client/prover/vm/decode.ts';
import { prepare } from '../../client/prover/vm/executable.ts';
import { MAX_SLOTS } from '../../client/prover/vm/execute.ts';
import { flatten, flattenCells } from '../../client/prover/vm/flat-records.ts';
import { lower } from '../../client/prover/vm/lower.ts';
import { record } from '../../client/prover/vm/record.ts';
import { inFixedTable } from './chip-rows.ts';

export type ToyRun = {
  readonly vm: ZkVm<'P100'>;
  readonly block: BlockStatement;
  readonly trace: readonly Instance[];
  readonly publics: Readonly<Record<string, number>>;
};

/** Runs a module that halts, in one segment of its own machine. */
export function toyRun(wasm: Uint8Array, input = new Uint8Array(0)): ToyRun {
  const program = lower(decodeModule(wasm));
  const vm = buildZkVm(program, 'P100', MAX_SLOTS);
  const { segments, end } = record(prepare(program), input);
  assert.ok(end.ok);
  const [segment] = segments;
  const trace = buildTrace(vm, wholeSegment(flatten(segment!, vm.rowTypes), flattenCells(end.cells)));
  const { entry, exit } = segment!;
  const instances = trace.map((t) => ({ chip: vm.numberOf(t.chip.id), logHeight: t.logHeight }));
  const statement = { index: 0, type: 0, entry, exit, instances };
  const block = { claim: wordsFromBytes(end.publicValues), segments: [statement] };
  assert.equal(vm.machine.checkShape(block), undefined);
  return { vm, block, trace, publics: vm.machine.publics(statement) };
}

export type ToyFailures = { readonly rows: readonly RowFailure[]; readonly buses: readonly Imbalance[] };

/** Everything that is wrong with a trace of the run: nothing for the honest one. */
export function toyFailures({ vm, block, publics }: ToyRun, trace: readonly Instance[]): ToyFailures {
  const [segment] = block.segments;
  const local = vm.machine.localMessages(block, segment!);
  return {
    rows: checkRows(trace, publics),
    buses: [
      ...checkBuses(trace, local, publics),
      ...checkBuses(trace, vm.machine.globalMessages(block), publics, 'global'),
    ],
  };
}

/** The instance of a chip in a run. */
export function instanceOf(trace: readonly Instance[], id: string): Instance {
  const found = trace.find((t) => t.chip.id === id);
  assert.ok(found, `there is no ${id}`);
  return found;
}

/** Other values for cells of one row, by column name. */
export type Tampering = {
  readonly chip: string;
  readonly row: number;
  readonly cells: Readonly<Record<string, (value: number) => number>>;
};

/** The trace with changed cells. */
export const tampered = (trace: readonly Instance[], lies: readonly Tampering[]): Instance[] =>
  trace.map((instance) => {
    const own = lies.filter((lie) => lie.chip === instance.chip.id);
    if (own.length === 0) return instance;
    const rows = instance.rows.slice();
    for (const { row, cells } of own)
      for (const [name, change] of Object.entries(cells)) {
        const column = instance.chip.columns.findIndex((c) => c.name === name);
        assert.ok(column >= 0, `${instance.chip.id} has no column ${name}`);
        const at = row * instance.chip.columns.length + column;
        rows[at] = Fp.fromInt(change(rows[at]!));
      }
    return { ...instance, rows };
  });

/** Tables whose rows are known without their instance: how often they are asked is not what a lie is about. */
export const FIXED_TABLES = new Set(['pair', 'pow']);

/** Labels of constraints and names of buses that notice changed cells. */
export function noticedBy(run: ToyRun, lies: readonly Tampering[]): string[] {
  const trace = run.trace.filter((t) => !FIXED_TABLES.has(t.chip.id));
  const { rows, buses } = toyFailures(run, tampered(trace, lies));
  const unbalanced = buses.filter((b) => inFixedTable(b.bus, b.message) !== true);
  return [...new Set([...rows.map((f) => f.label), ...unbalanced.map((b) => b.bus)])];
}

/** Declares tests about one run: these lies are noticed by a constraint or a bus of such a name. */
export const rejectsLiesIn =
  (run: ToyRun) =>
  (name: string, by: RegExp, ...lies: readonly Tampering[]): void => {
    test(`rejects ${name}`, () => {
      const noticed = noticedBy(run, lies);
      assert.ok(
        noticed.some((label) => by.test(label)),
        noticed.join(', '),
      );
    });
  };

/** Whether a message is in the table of its lookup bus; undefined for buses without table. */
export function inTablesOf({ vm }: ToyRun): (bus: string, message: readonly number[]) => boolean | undefined {
  const providers = new Map(vm.tables.flatMap((t) => t.providers.map((p) => [p.bus.id, p] as const)));
  return (bus, message) => {
    const provider = providers.get(bus);
    return provider && holds(provider, message);
  };
}
