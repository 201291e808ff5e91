import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import { checkBuses, checkRows, type ExtraMessage, forMessages } from '../../client/prover/air/check.ts';
import type { CompiledChip, Instance } from '../../client/prover/air/dag.ts';
import { evaluateRow } from '../../client/prover/air/evaluate.ts';
import { cutBlock } from '../../client/prover/engine/block-segments.ts';
import { P } from '../../client/prover/field/fp.ts';
import { wordsFromBytes } from '../../client/prover/hash/blake3.ts';
import { SegmentType } from '../../client/prover/machine/segment-types.ts';
import { buildZkVm } from '../../client/prover/machine/zkvm.ts';
import { decodeModule } from '../../client/prover/vm/decode.ts';
import { MAX_SLOTS } from '../../client/prover/vm/execute.ts';
import { fastProgram } from '../../client/prover/vm/fast/program.ts';
import { lower } from '../../client/prover/vm/lower.ts';
import { fromLittleEndian, hostCallModule, littleEndian } from '../support/host-call-module.ts';
import {
  instanceOf,
  inTablesOf,
  rejectsLiesIn,
  type Tampering,
  type ToyRun,
  toyFailures,
  toyRun,
} from '../support/machine.ts';

const { BASE, ZERO } = secp256k1.Point;
const INPUT_BYTES = 320;
/** Results of the two calls. */
const OUT = [0, 64] as const;

type Sum = { readonly logs: readonly bigint[]; readonly scalars: readonly bigint[] };
const SUMS: readonly [Sum, Sum] = [
  {
    logs: [3n, 5n, 7n, 11n],
    scalars: [0x123456789abcdef0123456789abcdefn, 6n, 2n ** 127n + 1n, 0xfedcba9876543210fedcba9876543211n],
  },
  // Infinity, opposite points, a zero scalar, long runs without any bit, and bits only at the ends.
  { logs: [0n, 1n, -1n, 1n], scalars: [2n ** 127n, 2n ** 100n, 0n, 4n] },
];

const multiple = (k: bigint) => (k === 0n ? ZERO : k < 0n ? BASE.multiply(-k).negate() : BASE.multiply(k));
const bytesOf = ({ logs, scalars }: Sum): Uint8Array =>
  Buffer.concat([
    ...logs.map((k) => {
      const { x, y } = k === 0n ? { x: 0n, y: 0n } : multiple(k).toAffine();
      return Buffer.concat([littleEndian(x, 32), littleEndian(y, 32)]);
    }),
    ...scalars.map((s) => littleEndian(s, 16)),
  ]);

const AT = 512;
const WASM = hostCallModule(
  Buffer.concat([new Uint8Array(AT), ...SUMS.map(bytesOf)]),
  SUMS.map((_, k) => ['ec_msm', 1, OUT[k]!, AT + INPUT_BYTES * k, AT + INPUT_BYTES * k + 256, 128]),
);
const run: ToyRun = toyRun(WASM);

const cell = (instance: Instance, row: number, name: string): number =>
  instance.rows[row * instance.chip.columns.length + instance.chip.columns.findIndex((c) => c.name === name)]!;
const real = (instance: Instance): number[] =>
  Array.from({ length: 2 ** instance.logHeight }, (_, r) => r).filter((r) => cell(instance, r, 'isReal') === 1);

/** The row of the addition that fills a register of the first call. */
function additionInto(register: number): number {
  const additions = instanceOf(run.trace, 'point_add');
  const call = cell(additions, 0, 'call');
  const row = real(additions).find(
    (r) => cell(additions, r, 'call') === call && cell(additions, r, 'result') === register,
  );
  assert.ok(row !== undefined, `no addition fills register ${register}`);
  return row;
}

/** A cell of a zero row that shows a message breaks a constraint too. */
function paddingIsInert(chip: CompiledChip): void {
  chip.columns.forEach((column, c) => {
    if (column.name === 'isReal') return;
    for (const value of [1, 2, 2 ** 16, P - 1]) {
      const values = evaluateRow(
        chip,
        (k) => (k === c ? value : 0),
        () => 0,
      );
      const broken = chip.constraints.some((k) => values[k.node] !== 0);
      const shown = chip.interactions.find((i) => values[i.count] !== 0);
      assert.ok(broken || shown === undefined, `${chip.id}.${column.name} = ${value}: ${shown?.label}`);
    }
  });
}

describe('ec_msm in the machine', () => {
  test('two calls → their sums, every constraint holds and every bus balances', () => {
    const memory = new Uint8Array(Uint32Array.from(run.block.claim).buffer);
    SUMS.forEach(({ logs, scalars }, k) => {
      const log = logs.reduce((total, l, i) => total + l * scalars[i]!, 0n) % secp256k1.Point.CURVE().n;
      const { x, y } = multiple(log).toAffine();
      const result = [0, 32].map((at) => fromLittleEndian(memory.subarray(OUT[k]! + at, OUT[k]! + at + 32)));
      assert.deepEqual(result, [x, y]);
    });
    assert.deepEqual(toyFailures(run, run.trace), { rows: [], buses: [] });
  });

  test('rows of a call → 139 additions and one for every bit that some scalar has', () => {
    const bits = SUMS.map(
      ({ scalars }) =>
        scalars
          .reduce((all, s) => all | s, 0n)
          .toString(2)
          .replace(/0/g, '').length,
    );
    assert.equal(real(instanceOf(run.trace, 'point_add')).length, 2 * 139 + bits[0]! + bits[1]!);
    assert.equal(real(instanceOf(run.trace, 'msm_control')).length, 2 * 8);
    assert.equal(real(instanceOf(run.trace, 'point_io')).length, 2 * 5);
  });

  test('every cell of its rows → bound by a check or listed with a reason', () => {
    for (const id of ['ec_msm', 'msm_control', 'point_io'] as const) {
      const instance = instanceOf(run.trace, id);
      const width = instance.chip.columns.length;
      const rows = real(instance).map((r) => Array.from(instance.rows.subarray(r * width, (r + 1) * width)));
      const publics = instance.chip.publics.map((name) => run.publics[name]!);
      assert.deepEqual(auditFreeCells(instance.chip, rows, publics, inTablesOf(run)), [], id);
    }
  });

  test('no cell of a padding row but isReal → can make it show a message', () => {
    for (const id of ['ec_msm', 'msm_control', 'point_io', 'point_add', 'mulmod', 'advice']) {
      paddingIsInert(run.vm.machine.chips[run.vm.numberOf(id)]!.compiled);
    }
  });
});

test('a run cut into segments → calls stay whole, every segment holds, the block balances', () => {
  const program = lower(decodeModule(WASM));
  const vm = buildZkVm(program, 'P100', MAX_SLOTS);
  const cut = cutBlock(vm, fastProgram(program, vm.rowTypes), new Uint8Array(0), { rows: 6 });
  assert.ok(cut.ok);
  const { statements, publicValues, traceOf } = cut.block;
  const block = { claim: wordsFromBytes(publicValues), segments: statements };
  assert.equal(vm.machine.checkShape(block), undefined);
  const types = statements.map((s) => s.type);
  assert.deepEqual(types, [
    SegmentType.INSTRUCTIONS,
    SegmentType.INSTRUCTIONS,
    SegmentType.INSTRUCTIONS,
    SegmentType.MEMORY,
  ]);
  const global: ExtraMessage[] = [...vm.machine.globalMessages(block)];
  statements.forEach((statement, j) => {
    const trace = traceOf(j);
    const publics = vm.machine.publics(statement);
    assert.deepEqual(checkRows(trace, publics), []);
    assert.deepEqual(checkBuses(trace, vm.machine.localMessages(block, statement), publics), []);
    forMessages(
      trace,
      publics,
      (i) => i.bus.scope === 'global',
      (_, { bus, direction }, __, message, count) => {
        global.push({ bus, message: [...message], count: direction === 'send' ? count : -count });
      },
    );
  });
  assert.deepEqual(checkBuses([], global, {}, 'global'), []);
});

describe('a lying prover of ec_msm', () => {
  const rejects = rejectsLiesIn(run);
  const one = (chip: string, row: number, cells: Tampering['cells']): Tampering => ({ chip, row, cells });
  const [T5, T6] = [5, 6].map(additionInto) as [number, number];
  const [doubled, added] = [16 + 2 * 5, 16 + 2 * 5 + 1].map(additionInto) as [number, number];

  rejects('a flipped bit of a scalar', /SCALARS/, one('msm_control', 2, { 'scalar.1[4]': (x) => 1 - x }));
  rejects('a limb of a scalar in the place of another', /SCALARS/, one('ec_msm', 0, { 'scalars[3]': (x) => x + 1 }));
  rejects(
    'a subset that is not added',
    /subset that is not empty|POINT_OP/,
    one('msm_control', 0, { 'adds[5]': () => 0 }),
  );
  rejects(
    'a subset that is added on a padding row',
    /real rows add/,
    one('msm_control', 15, { 'adds[5]': () => 1, isReal: () => 0 }),
  );
  rejects(
    'a skipped doubling',
    /POINT_OP/,
    one('point_add', doubled, { isReal: () => 0, 'mode.general': () => 0, 'mode.double': () => 0, mult: () => 0 }),
  );
  rejects('a skipped control row', /MSM_CHAIN/, one('msm_control', 3, { isReal: () => 0 }));
  rejects(
    'control rows of another order',
    /MSM_CHAIN|SCALARS/,
    one('msm_control', 3, { row: () => 4 }),
    one('msm_control', 4, { row: () => 3 }),
  );
  rejects('a sum that starts from a subset', /MSM_CHAIN/, one('msm_control', 0, { start: () => 1 }));
  rejects(
    'subsets filled a second time by a later row',
    /first rows have number 0/,
    one('msm_control', 5, { isFirst: () => 1 }),
  );
  rejects(
    'infinity provided by a later row',
    /only first rows hold infinity/,
    one('msm_control', 5, { mult: () => 1 }),
  );
  rejects('T[5] from T[1] + T[2]', /POINT_OP/, one('point_add', T5, { left: () => 1, right: () => 2 }));
  rejects('an operand of another register', /POINT_OP|POINT/, one('point_add', added, { right: (x) => x + 1 }));
  rejects('a result in a register that is filled already', /POINT_OP/, one('point_add', T6, { result: () => 5 }));
  rejects('a point of another call', /POINT/, one('point_add', added, { call: (x) => x + 64 }));
  rejects('a result read once more than it is', /^POINT$/, one('point_add', added, { mult: (x) => x + 1 }));
  rejects('a stored point of another register', /POINT_IO|POINT/, one('point_io', 4, { register: (x) => x - 1 }));
  rejects('the sum of another register', /MSM_CHAIN|POINT_IO/, one('ec_msm', 0, { lastRegister: (x) => x - 1 }));
  rejects('a load that is called a store', /POINT_IO|POINT/, one('point_io', 0, { isStore: () => 1 }));
  rejects('another result in memory', /POINT_IO|MEM/, one('ec_msm', 0, { 'result[0]': (x) => x ^ 1 }));
  rejects('a point that memory does not hold', /MEM|POINT_IO/, one('ec_msm', 0, { 'points[40]': (x) => x ^ 1 }));
  rejects(
    'a curve or size in a slot of another value',
    /MEM|PROGRAM/,
    one('ec_msm', 0, { 'curve.slot': (x) => x + 1 }),
  );
  rejects('a call that another instruction makes', /PROGRAM/, one('ec_msm', 0, { pc: (x) => x + 1 }));
  rejects(
    'one id for two calls',
    /EXEC/,
    one('ec_msm', 1, { clock: () => cell(instanceOf(run.trace, 'ec_msm'), 0, 'clock') }),
  );
});
