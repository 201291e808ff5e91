/** Small machines of toy modules: their trace and whether it holds. */
import assert from 'node:assert/strict';
import { checkBuses, checkRows, type Imbalance, type RowFailure } from '../../client/prover/air/check.ts';
import type { Instance } from '../../client/prover/air/dag.ts';
import { buildTrace, wholeSegment } from '../../client/prover/engine/trace.ts';
import { buildZkVm, type ZkVm } from '../../client/prover/machine/zkvm.ts';
import { wordsOf } from '../../client/prover/protocol/block/chain.ts';
import type { BlockStatement } from '../../client/prover/protocol/machine.ts';
import { decodeModule } from '../../client/prover/vm/decode.ts';
import { prepare } from '../../client/prover/vm/executable.ts';
import { MAX_SLOTS } from '../../client/prover/vm/execute.ts';
import { lower } from '../../client/prover/vm/lower.ts';
import { record } from '../../client/prover/vm/record.ts';

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
  const trace = buildTrace(vm, wholeSegment(segment!, end.cells));
  const { entry, exit } = segment!;
  const instances = trace.map((t) => ({ chip: vm.numberOf(t.chip.id), logHeight: t.logHeight }));
  const statement = { index: 0, type: 0, entry, exit, instances };
  const block = { claim: wordsOf(end.publicValues), segments: [statement] };
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

/** Whether a message is in the table of its lookup bus; undefined for buses without table. */
export function inTablesOf({ vm }: ToyRun): (bus: string, message: readonly number[]) => boolean | undefined {
  const providers = new Map(vm.tables.flatMap((t) => t.providers.map((p) => [p.bus.id, p.rowOf] as const)));
  return (bus, message) => {
    const rowOf = providers.get(bus);
    return rowOf === undefined ? undefined : rowOf(message) !== undefined;
  };
}
