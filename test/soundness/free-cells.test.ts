import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import type { CompiledChip, Instance, Interaction } from '../../client/prover/air/dag.ts';
import { evaluateRow } from '../../client/prover/air/evaluate.ts';
import { EXEC, MEM, Space } from '../../client/prover/chips/buses.ts';
import { holds } from '../../client/prover/chips/tables/table.ts';
import { buildTrace, wholeSegment } from '../../client/prover/engine/trace.ts';
import { Fp, P } from '../../client/prover/field/fp.ts';
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
import { recordedModule } from '../support/recorded-module.ts';
import { call, I64, i32, i64, wasmModule } from '../support/wasm-module.ts';

/** Rows of each chip that are audited, spread over its real ones. */
const SAMPLES = 6;
/** One of Keccak's 1931 columns is one of thousands of evaluations of thousands of nodes: a round in the middle speaks for all. */
const ROWS_OF: Readonly<Record<string, number>> = { keccak_round: 1 };

/** Chips without rows in mainnet block 1, by the test of this folder that audits them. */
const AUDITED_ELSEWHERE: Readonly<Record<string, string>> = {
  rotate64i: 'rotate',
  mulmod: 'host-calls',
  advice: 'host-calls',
  ec_msm: 'ec-msm',
  msm_control: 'ec-msm',
  point_add: 'ec-msm',
  point_io: 'ec-msm',
};

/** Chips that the module at the end of this file has rows of. */
const SMALL_CHIPS = ['div64', 'global_get64', 'global_set64'];

type Machine = {
  /** ids of all chips of the machine */
  readonly chips: readonly string[];
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
    chips: vm.machine.chips.map(({ compiled }) => compiled.id),
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

/**
 * Limbs that a row writes if it satisfies everything that it can be held to and reads limbs below 2^16; else none. Those
 * whose range the receiver of another message makes sure of are left out, and numbers on the call stack.
 */
function writtenLimbs(
  chip: CompiledChip,
  row: readonly number[],
  publics: readonly number[],
  inTable: Machine['inTable'],
): number[] {
  const values = evaluateRow(
    chip,
    (c) => row[c]!,
    (k) => publics[k]!,
  );
  if (chip.constraints.some((k) => values[k.node] !== 0)) return [];
  const shown = chip.interactions.filter((i) => values[i.count] !== 0);
  const sent = shown.filter((i) => i.direction === 'send');
  const message = (i: Interaction): number[] => i.fields.map((f) => values[f]!);
  if (sent.some((i) => inTable(i.bus.id, message(i)) === false)) return [];
  const elsewhere = new Set(
    sent.flatMap(({ bus, fields }) => fields.filter((_, f) => bus.fields[f]!.guaranteedBy === 'receiver')),
  );
  const limbs = (direction: Interaction['direction']): number[] =>
    shown
      .filter((i) => i.bus === MEM && i.direction === direction && values[i.fields[0]!] !== Space.CALL_STACK)
      .flatMap((i) => i.fields.slice(2, 6))
      .filter((f) => direction === 'receive' || !elsewhere.has(f))
      .map((f) => values[f]!);
  return limbs('receive').some((limb) => limb >= 2 ** 16) ? [] : limbs('send');
}

test('the chips on rows of mainnet block 1', { ...needsData(), timeout: 900_000 }, async (t) => {
  const { chips, trace, publics, inTable, tables } = recorded();
  const audited = trace.filter(({ chip }) => !tables.has(chip.id));

  await t.test('every cell of a real row → bound by a check, or listed with a reason', () => {
    const free = audited.flatMap((instance) => {
      const { chip } = instance;
      const isReal = chip.columns.findIndex((c) => c.name === 'isReal');
      const real = Array.from({ length: 2 ** instance.logHeight }, (_, r) => r).filter(
        (r) => instance.rows[r * chip.columns.length + isReal] === 1,
      );
      const samples = ROWS_OF[chip.id] ?? SAMPLES;
      const picked = Array.from({ length: samples }, (_, k) => real[Math.floor(((k + 0.5) * real.length) / samples)]!);
      const own = chip.publics.map((name) => publics[name]!);
      const rows = picked.map((r) => rowOf(instance, r));
      return auditFreeCells(chip, rows, own, inTable).map((cell) => `${chip.id}.${cell}`);
    });
    assert.deepEqual(free, []);
  });

  await t.test('no change of a limb, nor one carried into the next → writes a limb outside [0, 2^16)', () => {
    let written = 0;
    for (const instance of audited) {
      const { chip } = instance;
      if (chip.interactions.every((i) => i.bus !== EXEC)) continue;
      const isReal = chip.columns.findIndex((c) => c.name === 'isReal');
      const own = chip.publics.map((name) => publics[name]!);
      const real = Array.from({ length: 2 ** instance.logHeight }, (_, r) => rowOf(instance, r)).filter(
        (row) => row[isReal] === 1,
      );
      for (const row of [real[0]!, real[Math.floor(real.length / 2)]!, real[real.length - 1]!])
        for (const c of chip.columns.keys())
          for (const [here, next] of [
            [2 ** 16, 0],
            [-(2 ** 16), 0],
            [2 ** 16, -1],
            [-(2 ** 16), 1],
          ] as const) {
            const cells = row.slice();
            cells[c] = Fp.fromInt(cells[c]! + here);
            if (c + 1 < cells.length) cells[c + 1] = Fp.fromInt(cells[c + 1]! + next);
            const limbs = writtenLimbs(chip, cells, own, inTable);
            written += limbs.length;
            assert.ok(
              limbs.every((limb) => limb < 2 ** 16),
              `${chip.id}.${chip.columns[c]!.name} ${here} ${next}: ${limbs}`,
            );
          }
    }
    assert.ok(written > 1000, `${written} limbs`);
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

  await t.test('every other chip of the machine → audited in the test that is named for it, or below', () => {
    const here = new Set([...audited.map(({ chip }) => chip.id), ...tables, ...SMALL_CHIPS]);
    const folder = new URL('.', import.meta.url);
    for (const id of chips.filter((each) => !here.has(each))) {
      const source = readFileSync(
        new URL(`${AUDITED_ELSEWHERE[id] ?? assert.fail(id)}.test${import.meta.url.slice(-3)}`, folder),
        'utf8',
      );
      assert.ok(source.includes('auditFreeCells(') && source.includes(id.replace(/(32|64)i$/, '')), id);
    }
  });
});

test('the chips on rows of a module that divides and keeps globals of 64 bits → every cell is bound', () => {
  const [GLOBAL_GET, GLOBAL_SET, STORE64] = [0x23, 0x24, 0x37];
  const operands: readonly (readonly [bigint, bigint])[] = [
    [0x0123456789abcdefn, 0xfedcn],
    [2n ** 63n, 3n],
    [7n, 2n ** 64n - 5n],
    [5n, 0x1_0000_0000_0000n],
  ];
  // A global stands for what is divided, so that nothing is computed before the run.
  const code = operands.flatMap(([a, b], k) =>
    [0x7f, 0x80, 0x81, 0x82].flatMap((op, j) => [
      ...[...i64(BigInt.asIntN(64, a)), GLOBAL_SET, 0],
      ...[...i32(8 * (4 * k + j)), GLOBAL_GET, 0, ...i64(BigInt.asIntN(64, b)), op, STORE64, 0, 0],
    ]),
  );
  const { run, inTable } = recordedModule(
    wasmModule({
      hosts: ['halt'],
      pages: 1,
      globals: [[I64, 0n]],
      functions: [{ name: 'main', code: [...code, ...i32(0), ...call(0)] }],
    }),
  );
  for (const id of SMALL_CHIPS) {
    const { chip, rows, publics, failures } = run(id);
    assert.ok(rows.length >= operands.length, id);
    for (const row of rows) assert.deepEqual(failures(row), [], id);
    assert.deepEqual(auditFreeCells(chip, rows, publics, inTable), [], id);
  }
});
