import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import type { Instance } from '../../client/prover/air/dag.ts';
import { evaluateRow } from '../../client/prover/air/evaluate.ts';
import { holds } from '../../client/prover/chips/tables/table.ts';
import { buildTrace, wholeSegment } from '../../client/prover/engine/trace.ts';
import { P } from '../../client/prover/field/fp.ts';
import { encodeGuestInput } from '../../client/prover/guest/input.ts';
import { loadGuest } from '../../client/prover/guest/load.ts';
import { buildZkVm } from '../../client/prover/machine/zkvm.ts';
import { decodeModule } from '../../client/prover/vm/decode.ts';
import { prepare } from '../../client/prover/vm/executable.ts';
import { MAX_SLOTS } from '../../client/prover/vm/execute.ts';
import { flatten, flattenCells } from '../../client/prover/vm/flat-records.ts';
import { lower } from '../../client/prover/vm/lower.ts';
import { record } from '../../client/prover/vm/record.ts';
import { needsData } from '../support/data.ts';
import { guestInputOf, realBlock } from '../support/real-blocks.ts';

/** Rows of each chip that are audited, spread over its real ones. */
const SAMPLES = 6;

type Machine = {
  readonly trace: readonly Instance[];
  readonly publics: Readonly<Record<string, number>>;
  readonly inTable: (bus: string, message: readonly number[]) => boolean | undefined;
  readonly tables: ReadonlySet<string>;
};

function recorded(): Machine {
  const program = lower(decodeModule(loadGuest().wasm));
  const vm = buildZkVm(program, 'P100', MAX_SLOTS);
  const run = record(prepare(program), encodeGuestInput(guestInputOf(realBlock('mainnet-1'))));
  assert.ok(run.end.ok);
  const [segment] = run.segments;
  const providers = new Map(vm.tables.flatMap((t) => t.providers.map((p) => [p.bus.id, p] as const)));
  return {
    trace: buildTrace(vm, wholeSegment(flatten(segment!, vm.rowTypes), flattenCells(run.end.cells))),
    publics: vm.machine.publics({ ...segment!, type: 0, instances: [] }),
    inTable: (bus, message) => {
      const provider = providers.get(bus);
      return provider && holds(provider, message);
    },
    tables: new Set(vm.tables.map((t) => t.chip.compiled.id)),
  };
}

const rowOf = ({ rows, chip }: Instance, r: number): number[] =>
  Array.from(rows.subarray(r * chip.columns.length, (r + 1) * chip.columns.length));

test('the chips on rows of mainnet block 1', { ...needsData(), timeout: 900_000 }, async (t) => {
  const { trace, publics, inTable, tables } = recorded();
  const audited = trace.filter(({ chip }) => !tables.has(chip.id));

  await t.test('every cell of a real row → bound by a check, or listed with a reason', () => {
    const free = audited
      .filter(({ chip }) => chip.id !== 'keccak_round')
      .flatMap((instance) => {
        const { chip } = instance;
        const isReal = chip.columns.findIndex((c) => c.name === 'isReal');
        const real = Array.from({ length: 2 ** instance.logHeight }, (_, r) => r).filter(
          (r) => instance.rows[r * chip.columns.length + isReal] === 1,
        );
        const picked = Array.from({ length: SAMPLES }, (_, k) => real[Math.floor((k * real.length) / SAMPLES)]!);
        const own = chip.publics.map((name) => publics[name]!);
        const rows = picked.map((r) => rowOf(instance, r));
        return auditFreeCells(chip, rows, own, inTable).map((cell) => `${chip.id}.${cell}`);
      });
    assert.deepEqual(free, []);
  });

  // Lookups are left out: one more only asks more of the prover.
  await t.test('no cell of a padding row but isReal → can make it show a message on a permutation bus', () => {
    for (const { chip } of audited) {
      const own = chip.publics.map((name) => publics[name]!);
      chip.columns.forEach((column, c) => {
        if (column.name === 'isReal') return;
        for (const value of [1, 2, 2 ** 16, P - 1]) {
          const row = new Uint32Array(chip.columns.length);
          row[c] = value;
          const values = evaluateRow(
            chip,
            (k) => row[k]!,
            (k) => own[k]!,
          );
          const broken = chip.constraints.some((k) => values[k.node] !== 0);
          const sends = chip.interactions.find((i) => i.bus.kind === 'permutation' && values[i.count] !== 0);
          assert.ok(broken || sends === undefined, `${chip.id}.${column.name} = ${value}: ${sends?.label}`);
        }
      });
    }
  });
});
