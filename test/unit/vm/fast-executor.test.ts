import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { encodeGuestInput } from '../../../client/prover/guest/input.ts';
import { decodeModule } from '../../../client/prover/vm/decode.ts';
import { type Executable, prepare } from '../../../client/prover/vm/executable.ts';
import { Executor, type RunResult, type TrapReason } from '../../../client/prover/vm/execute.ts';
import { execute } from '../../../client/prover/vm/fast/execute-run.ts';
import { firstRun } from '../../../client/prover/vm/fast/first-run.ts';
import { FastMachine } from '../../../client/prover/vm/fast/machine.ts';
import { fastProgram } from '../../../client/prover/vm/fast/program.ts';
import { recordRun } from '../../../client/prover/vm/fast/record-run.ts';
import { BOUNDARY_WORDS } from '../../../client/prover/vm/flat-records.ts';
import type { OpName } from '../../../client/prover/vm/isa.ts';
import { lower } from '../../../client/prover/vm/lower.ts';
import type { Program } from '../../../client/prover/vm/program.ts';
import { needsData } from '../../support/data.ts';
import { copy, EVERYTHING, fill, HALT, HOSTS, INPUT, INPUT_READ, KECCAK } from '../../support/every-access-module.ts';
import { assertSameRuns, drain, programs, ROW_TYPES } from '../../support/fast-executor.ts';
import { hostCallModule } from '../../support/host-call-module.ts';
import { seededRandom } from '../../support/random.ts';
import { randomModule } from '../../support/random-module.ts';
import { guestInputOf, realBlock } from '../../support/real-blocks.ts';
import { call, get, I32, i32, i64, wasmModule } from '../../support/wasm-module.ts';

const MODULES = 30;
const NO_INPUT = new Uint8Array(0);

const executableOf = (wasm: Uint8Array): Executable => prepare(lower(decodeModule(wasm)));
const mainOf = (code: readonly number[], locals: readonly number[] = []): Executable =>
  executableOf(wasmModule({ hosts: HOSTS, pages: 1, table: [4], functions: [{ name: 'main', locals, code }] }));

/** A loop of more than 2^16 clocks, counted in local 0, between two stores to one cell. */
const touch = [...i32(64), ...i64(3n), 0x37, 3, 0];
const LONG_GAP = [
  ...[...touch, 0x03, 0x40, ...get(0), ...i32(1), 0x6a, 0x22, 0, ...i32(50_000), 0x49, 0x0d, 0, 0x0b],
  ...[...touch, ...i32(0), ...HALT],
];

/** f(n) = n = 0 ? 0 : f(n − 1) + 1, of a number of calls that compiled code does not nest. */
const DEEP_CALLS = wasmModule({
  hosts: HOSTS,
  pages: 1,
  functions: [
    { name: 'main', code: [...i32(64), ...i32(1500), ...call(5), 0x36, 2, 0, ...i32(0), ...HALT] },
    {
      params: [I32],
      results: [I32],
      code: [
        ...[...get(0), 0x04, I32, ...get(0), ...i32(1), 0x6b, ...call(5), ...i32(1), 0x6a],
        ...[0x05, ...i32(0), 0x0b],
      ],
    },
  ],
});

describe('fast executor against the reference', () => {
  test(`${MODULES} random modules, in segments of 50 rows → the same records`, (t) => {
    let trapped = 0;
    for (let seed = 0; seed < MODULES; seed++) {
      const executable = executableOf(randomModule(seededRandom(seed)));
      const { end } = assertSameRuns(executable, NO_INPUT, { rows: 50 }, `seed ${seed}`);
      trapped += end.ok ? 0 : 1;
    }
    t.diagnostic(`${trapped} modules trap`);
    assert.ok(trapped < MODULES / 2);
  });

  const everything = executableOf(EVERYTHING);
  const cost = (chip: string): number => chip.length;
  for (const [name, limits] of [
    ['no limits', {}],
    ['100 rows', { rows: 100 }],
    ['1 row', { rows: 1 }],
    ['clocks below 300', { clock: 300 }],
    ['clocks below 34', { clock: 67 }],
    ['500 cells', { cells: { max: 500, of: cost } }],
    ['half a cell', { cells: { max: 0.5, of: cost } }],
    ['rows, clocks and cells', { rows: 70, clock: 500, cells: { max: 511.5, of: cost } }],
  ] as const) {
    test(`every kind of access, segments of ${name} → the same records`, () => {
      const { end, segments } = assertSameRuns(everything, INPUT, limits, name);
      assert.ok(end.ok && segments > 1 === (name !== 'no limits'));
    });
  }

  test('a cell untouched for more than 2^16 clocks → the same refresh rows', () => {
    const executable = mainOf(LONG_GAP, [I32]);
    assertSameRuns(executable, NO_INPUT, {}, 'one segment');
    assertSameRuns(executable, NO_INPUT, { rows: 60_000 }, 'three segments');
    const [segment] = drain(firstRun(fastProgram(executable.program), NO_INPUT)).segments;
    assert.ok(segment!.refreshes.length > 0);
  });

  test('host calls on overlapping cells → the same records', () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, k) => (k < 128 ? 7 * k : 255) & 255);
    const wasm = hostCallModule(bytes, [
      ['mulmod256', 64, 64, 96, 64, 128],
      ['mulmod256', 128, 0, 32, 0, 128],
      ['mulmod256', 72, 64, 96, 0, 160],
    ]);
    const { end } = assertSameRuns(executableOf(wasm), NO_INPUT, { rows: 6 }, 'mulmod256');
    assert.ok(end.ok);
  });

  const HUGE = 0x7fff_fff8;
  const recursion = [...i32(1), 0x04, 0x40, ...call(4), 0x0b];
  const traps: readonly (readonly [TrapReason, readonly number[]])[] = [
    ['unreachable', [0x00]],
    ['out of bounds memory access', copy(65_530, 0, 7)],
    ['out of bounds memory access', copy(0, 65_536, 1)],
    ['out of bounds memory access', copy(-1, -1, -1)],
    ['out of bounds memory access', fill(65_535, 0, 2)],
    ['out of bounds memory access', fill(0, 0, -1)],
    ['out of bounds memory access', [...i32(65_529), 0x29, 0, 0, 0x1a]],
    ['out of bounds memory access', [...i32(-1), 0x2d, 0, 0, 0x1a]],
    ['out of bounds memory access', [...i32(-1), 0x28, 0, 0xff, 0xff, 0x03, 0x1a]],
    ['out of bounds memory access', [...i32(65_536), ...i32(1), 0x3a, 0, 0]],
    ['out of bounds memory access', [...i32(65_533), ...i32(1), 0x36, 0, 0]],
    ['out of bounds memory access', [...i32(65_344), ...KECCAK]],
    ['out of bounds memory access', [...i32(65_400), ...HALT]],
    ['out of bounds memory access', [...i32(HUGE), ...HALT]],
    ['out of bounds memory access', [...i32(65_536), ...i32(8), ...INPUT_READ]],
    ['integer divide by zero', [...i32(1), ...i32(0), 0x6d, 0x1a]],
    ['integer divide by zero', [...i32(1), ...i32(0), 0x6e, 0x1a]],
    ['integer divide by zero', [...i32(1), ...i32(0), 0x6f, 0x1a]],
    ['integer divide by zero', [...i32(1), ...i32(0), 0x70, 0x1a]],
    ['integer divide by zero', [...i64(1n), ...i64(0n), 0x7f, 0x1a]],
    ['integer divide by zero', [...i64(1n), ...i64(0n), 0x80, 0x1a]],
    ['integer divide by zero', [...i64(1n), ...i64(0n), 0x81, 0x1a]],
    ['integer divide by zero', [...i64(1n), ...i64(0n), 0x82, 0x1a]],
    ['integer overflow', [...i32(-(2 ** 31)), ...i32(-1), 0x6d, 0x1a]],
    ['integer overflow', [...i64(-(2n ** 63n)), ...i64(-1n), 0x7f, 0x1a]],
    ['undefined element', [...i32(1), 0x11, 4, 0]],
    ['undefined element', [...i32(-1), 0x11, 4, 0]],
    ['indirect call type mismatch', [...i32(0), ...i32(0), 0x11, 2, 0]],
    ['call stack exhausted', recursion],
    ['call stack exhausted', [...i32(1), 0x04, 0x40, ...i32(0), 0x11, 4, 0, 0x0b]],
    ['main returned without halt', []],
    ['input exhausted', [...i32(0), ...i32(56), ...INPUT_READ]],
    ['input exhausted', [...i32(0), ...i32(7), ...INPUT_READ]],
    ['unaligned pointer', [...i32(4), ...i32(8), ...INPUT_READ]],
    ['unaligned pointer', [...i32(4), ...KECCAK]],
    ['unaligned pointer', [...i32(4), ...HALT]],
  ];
  for (const [k, [reason, code]] of traps.entries()) {
    test(`a trap (${reason}, ${k}) → no claim, the same reason and place`, () => {
      const executable = mainOf(code);
      const run = new Executor(executable, INPUT).run();
      assert.ok(!run.ok);
      assert.equal(run.reason, reason);
      for (const [kind, program] of programs(executable.program)) {
        const { segments, end } = drain(firstRun(program, INPUT));
        assert.deepEqual(end, { ok: false, reason: run.reason, pc: run.pc }, kind);
        assert.deepEqual(segments, []);
      }
      const [interpreted, ...others] = programs(executable.program).map(([, program]) => execute(program, INPUT));
      for (const other of others) assert.deepEqual(other, interpreted);
    });
  }

  test('a call through an empty table entry → uninitialized element', () => {
    const executable = mainOf([...i32(0), 0x11, 4, 0]);
    const program: Program = { ...executable.program, table: [undefined] };
    const run = new Executor(prepare(program)).run();
    assert.ok(!run.ok);
    assert.equal(run.reason, 'uninitialized element');
    for (const [kind, fast] of programs(program, [])) {
      const { end } = drain(firstRun(fast, NO_INPUT));
      assert.deepEqual(end, { ok: false, reason: run.reason, pc: run.pc }, kind);
    }
  });

  test('host calls that trap → the same reason and place', () => {
    for (const operands of [
      [0, 3, 0, 0, 0],
      [65_536, 0, 0, 0, 0],
      [65_528, 0, 0, 0, 0],
    ] as const) {
      const executable = executableOf(hostCallModule(new Uint8Array(64), [['mulmod256', ...operands]]));
      const run = new Executor(executable).run();
      assert.ok(!run.ok);
      for (const [kind, program] of programs(executable.program, [])) {
        const { end } = drain(firstRun(program, NO_INPUT));
        assert.deepEqual(end, { ok: false, reason: run.reason, pc: run.pc }, kind);
      }
    }
  });

  test('a run to its end → the operations and public values of the reference', () => {
    const run: RunResult = new Executor(everything, INPUT).run();
    assert.ok(run.ok);
    const { publicValues, profile } = run;
    const counts = new Map<OpName, number>();
    everything.program.code.forEach(({ op }, k) => {
      const n = profile.byPc[k]!;
      if (n > 0) counts.set(op, (counts.get(op) ?? 0) + n);
    });
    for (const [kind, program] of programs(everything.program)) {
      const { byOp, ...rest } = execute(program, INPUT);
      assert.deepEqual(rest, { ok: true, publicValues, instructions: profile.instructions }, kind);
      assert.deepEqual([...byOp].sort(), [...counts].sort(), kind);
    }
  });

  test('calls deeper than compiled code nests them → the same records', () => {
    const { end } = assertSameRuns(executableOf(DEEP_CALLS), NO_INPUT, { rows: 3000 }, 'deep calls');
    assert.ok(end.ok);
  });

  const skip = needsData();
  test('mainnet-1 in segments by rows and cells → the same records', skip, () => {
    const wasm = readFileSync(new URL('../../../client/prover/guest/guest.wasm', import.meta.url));
    const input = encodeGuestInput(guestInputOf(realBlock('mainnet-1')));
    const limits = { rows: 15_000, cells: { max: 150_000, of: cost } };
    const { end, segments } = assertSameRuns(executableOf(wasm), input, limits, 'mainnet-1');
    assert.ok(end.ok && segments > 2);
  });
});

describe('fast executor', () => {
  const everything = fastProgram(executableOf(EVERYTHING).program, ROW_TYPES);

  test('times that begin again from the start → the same segment', () => {
    const segment = (clock: number) => {
      const machine = new FastMachine(everything, INPUT, false);
      const { interpreter } = machine;
      machine.run(100);
      machine.endSegment();
      // Behind the last clock that a segment may start at, times start again at 0.
      interpreter.setState(machine.pc, machine.fp, interpreter.nextSegment(clock));
      machine.run(1000);
      const base = interpreter.base.value >>> 0;
      const { boundaries } = machine.endSegment();
      return { base, boundaries, words: BOUNDARY_WORDS };
    };
    const [early, late] = [segment(2 ** 20), segment(2 ** 32 - 2 ** 29)];
    assert.ok(late.base < early.base);
    assert.deepEqual(late.boundaries, early.boundaries);
  });

  test('a plan of another run → an error, not records', () => {
    const { rowCounts } = drain(firstRun(everything, INPUT)).segments[0]!;
    const wrong = rowCounts.map((n, k) => (k === 0 ? n + 1 : k === 1 ? n - 1 : n));
    assert.throws(() => drain(recordRun(everything, INPUT, [wrong])), /differs from its plan/);
  });

  test('a program whose memory does not fit beside the ledger → fastExecutorMemory', () => {
    const program: Program = { ...everything.program, memoryBytes: 2 ** 31 };
    assert.throws(() => firstRun(fastProgram(program), NO_INPUT).next(), { code: 'fastExecutorMemory' });
  });

  test('limits that no row fits → segmentLimits', () => {
    assert.throws(() => firstRun(everything, INPUT, { rows: 0 }), { code: 'segmentLimits' });
    assert.throws(() => firstRun(everything, INPUT, { clock: 33 }), { code: 'segmentLimits' });
  });
});
