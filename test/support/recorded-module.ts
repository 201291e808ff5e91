/** A small module run and recorded in the whole machine: rows of its chips, and what notices a change in one. */
import assert from 'node:assert/strict';
import type { CompiledChip } from '../../client/prover/air/dag.ts';
import { evaluateRow } from '../../client/prover/air/evaluate.ts';
import { MEM, Space } from '../../client/prover/chips/buses.ts';
import { holds } from '../../client/prover/chips/tables/table.ts';
import { buildTrace, wholeSegment } from '../../client/prover/engine/trace.ts';
import { buildZkVm } from '../../client/prover/machine/zkvm.ts';
import { decodeModule } from '../../client/prover/vm/decode.ts';
import { prepare } from '../../client/prover/vm/executable.ts';
import { MAX_SLOTS } from '../../client/prover/vm/execute.ts';
import { flatten, flattenCells } from '../../client/prover/vm/flat-records.ts';
import { lower } from '../../client/prover/vm/lower.ts';
import { record } from '../../client/prover/vm/record.ts';
import type { InstructionRecord } from '../../client/prover/vm/records.ts';

/** The rows of one chip in a run, and their checks. */
export type ChipRun = {
  readonly chip: CompiledChip;
  /** Of the rows that are no padding, as they ran. */
  readonly records: readonly InstructionRecord[];
  readonly rows: readonly (readonly number[])[];
  readonly publics: readonly number[];
  /** Numbers of the cells of linear memory that a row accesses. */
  readonly cells: (row: readonly number[]) => number[];
  /** Constraints that fail, and buses whose table does not hold what the row looks up. */
  readonly failures: (row: readonly number[]) => string[];
};

/** No zone of memory has a cell from here on: 2^30 bytes are the most. */
export const BEYOND_MEMORY = 2 ** 27;

export type RecordedModule = {
  readonly run: (chip: string) => ChipRun;
  /** Whether a message is in the table of a lookup bus; undefined for other buses. */
  readonly inTable: (bus: string, message: readonly number[]) => boolean | undefined;
};

/** @param wasm a module that ends in one segment */
export function recordedModule(wasm: Uint8Array): RecordedModule {
  const program = lower(decodeModule(wasm));
  const vm = buildZkVm(program, 'P100', MAX_SLOTS);
  const { end, segments } = record(prepare(program), new Uint8Array(0));
  const [segment] = segments;
  assert.ok(end.ok && segment !== undefined && segments.length === 1);
  const trace = buildTrace(vm, wholeSegment(flatten(segment, vm.rowTypes), flattenCells(end.cells)));
  const byName = vm.machine.publics({ ...segment, index: 0, type: 0, instances: [] });
  const providers = new Map(vm.tables.flatMap((t) => t.providers.map((p) => [p.bus.id, p] as const)));
  const inTable: RecordedModule['inTable'] = (bus, message) => {
    const provider = providers.get(bus);
    return provider && holds(provider, message);
  };
  const run = (id: string): ChipRun => {
    const { chip, rows } = trace.find((i) => i.chip.id === id)!;
    const records = segment.rows.get(id)!;
    const width = chip.columns.length;
    const publics = chip.publics.map((name) => byName[name]!);
    const valuesOf = (row: readonly number[]): Uint32Array =>
      evaluateRow(
        chip,
        (c) => row[c]!,
        (k) => publics[k]!,
      );
    const failures = (row: readonly number[]): string[] => {
      const nodes = valuesOf(row);
      const missed = chip.interactions.filter((i) => {
        if (i.direction !== 'send' || nodes[i.count] === 0) return false;
        const message = i.fields.map((f) => nodes[f]!);
        return inTable(i.bus.id, message) === false;
      });
      return [
        ...chip.constraints.filter((c) => nodes[c.node] !== 0).map((c) => c.label),
        ...missed.map((i) => i.bus.id),
      ];
    };
    const cells = (row: readonly number[]): number[] => {
      const nodes = valuesOf(row);
      return chip.interactions
        .filter((i) => i.bus.id === MEM.id && nodes[i.count] !== 0 && nodes[i.fields[0]!] === Space.LINEAR)
        .map((i) => nodes[i.fields[1]!]!);
    };
    const all = records.map((_, r) => Array.from(rows.subarray(r * width, (r + 1) * width)));
    return { chip, records, rows: all, publics, cells, failures };
  };
  return { run, inTable };
}
