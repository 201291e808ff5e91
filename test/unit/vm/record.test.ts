import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Space } from '../../../client/prover/chips/buses.ts';
import { encodeGuestInput } from '../../../client/prover/guest/input.ts';
import { decodeModule } from '../../../client/prover/vm/decode.ts';
import { type Executable, prepare } from '../../../client/prover/vm/executable.ts';
import { Executor } from '../../../client/prover/vm/execute.ts';
import { lower } from '../../../client/prover/vm/lower.ts';
import { type BlockRecords, record } from '../../../client/prover/vm/record.ts';
import { type InstructionRecord, MemorySpace, type SegmentRecords } from '../../../client/prover/vm/records.ts';
import { needsData } from '../../support/data.ts';
import { copy, EVERYTHING, fill, HALT, HOSTS, INPUT, INPUT_READ, KECCAK } from '../../support/every-access-module.ts';
import { guestInputOf, realBlock } from '../../support/real-blocks.ts';
import { recordViolations } from '../../support/record-checker.ts';
import { get, I32, i32, i64, wasmModule } from '../../support/wasm-module.ts';

function executableOf(wasm: Uint8Array): Executable {
  return prepare(lower(decodeModule(wasm)));
}

function violations({ program }: Executable, { segments, end }: BlockRecords): string[] {
  assert.ok(end.ok);
  return recordViolations(program, segments, end.cells);
}

const rowsOf = (segments: readonly SegmentRecords[]): InstructionRecord[] =>
  segments.flatMap((s) => [...s.rows.values()].flat().sort((a, b) => a.clock - b.clock));

describe('recording run', () => {
  const everything = executableOf(EVERYTHING);

  for (const rows of [Number.MAX_SAFE_INTEGER, 100, 7, 1]) {
    test(`segments of at most ${rows} rows → consistent records, and what the executor gives`, () => {
      const executor = new Executor(everything, INPUT);
      const run = executor.run();
      const records = record(everything, INPUT, { rows });
      assert.ok(run.ok && records.end.ok);
      assert.deepEqual(violations(everything, records), []);
      assert.deepEqual(records.end.publicValues, run.publicValues);
      assert.equal(rowsOf(records.segments).length, run.profile.instructions);
      const view = new DataView(executor.memory.buffer);
      for (const { space, address, last } of records.end.cells) {
        if (space !== MemorySpace.LINEAR) continue;
        const limbs = [0, 2, 4, 6].map((k) => view.getUint16(8 * address + k, true));
        assert.deepEqual(last, limbs, `cell ${address}`);
      }
    });
  }

  test('address spaces → those of the buses', () => {
    assert.deepEqual(MemorySpace, Space);
  });

  test('every kind of row occurs in the program above', () => {
    const chips = new Set(record(everything, INPUT).segments.flatMap((s) => [...s.rows.keys()]));
    for (const chip of ['load_unaligned', 'store_unaligned', 'copy', 'fill', 'input', 'keccak_host', 'halt'])
      assert.ok(chips.has(chip), chip);
    for (const chip of ['call', 'call_indirect', 'return', 'global_get64', 'global_set32', 'load8', 'store_sub'])
      assert.ok(chips.has(chip), chip);
  });

  test('a clock limit → segments end below it', () => {
    const records = record(everything, INPUT, { clock: 300 });
    assert.ok(records.segments.length > 3);
    assert.ok(records.segments.every((s) => s.exit.clock < 300));
    assert.deepEqual(violations(everything, records), []);
  });

  test('limits that no row fits → segmentLimits', () => {
    assert.throws(() => record(everything, INPUT, { rows: 0 }), { code: 'segmentLimits' });
    assert.throws(() => record(everything, INPUT, { clock: 33 }), { code: 'segmentLimits' });
    assert.throws(() => record(everything, INPUT, { clock: 2 ** 30 }), { code: 'segmentLimits' });
  });

  test('a cell untouched for more than 2^16 clocks → a refresh row', () => {
    const loop = [0x03, 0x40, ...get(0), ...i32(1), 0x6a, 0x22, 0, ...i32(50_000), 0x49, 0x0d, 0, 0x0b];
    const touch = [...i32(64), ...i64(3n), 0x37, 3, 0];
    const code = [...touch, ...loop, ...touch, ...i32(0), ...HALT];
    const executable = executableOf(
      wasmModule({ hosts: HOSTS, pages: 1, functions: [{ name: 'main', locals: [I32], code }] }),
    );
    const records = record(executable, INPUT);
    assert.deepEqual(violations(executable, records), []);
    const refreshes = records.segments.flatMap((s) => s.refreshes);
    assert.ok(refreshes.some((r) => r.space === MemorySpace.LINEAR && r.address === 8 && r.value[0] === 3));
  });

  for (const [name, code] of [
    ['out of bounds memory access', [...copy(65_530, 0, 7)]],
    ['out of bounds memory access', [...copy(0, 65_536, 1)]],
    ['out of bounds memory access', [...fill(65_535, 0, 2)]],
    ['out of bounds memory access', [...i32(65_529), 0x29, 0, 0, 0x1a]],
    ['input exhausted', [...i32(0), ...i32(56), ...INPUT_READ]],
    ['unaligned pointer', [...i32(4), ...i32(8), ...INPUT_READ]],
    ['unaligned pointer', [...i32(4), ...KECCAK]],
    ['unreachable', [0x00]],
    ['main returned without halt', []],
  ] as const) {
    test(`a trap (${name}, ${code.length} bytes of code) → no claim, for the executor's reason`, () => {
      const executable = executableOf(wasmModule({ hosts: HOSTS, pages: 1, functions: [{ name: 'main', code }] }));
      const run = new Executor(executable, INPUT).run();
      const { end } = record(executable, INPUT);
      assert.ok(!run.ok && !end.ok);
      assert.deepEqual([end.reason, end.pc], [run.reason, run.pc]);
      assert.equal(end.reason, name);
    });
  }

  const skip = needsData();
  test('mainnet-1 in segments of 10000 rows → consistent records and the claim', skip, () => {
    const wasm = readFileSync(new URL('../../../client/prover/guest/guest.wasm', import.meta.url));
    const executable = executableOf(wasm);
    const input = encodeGuestInput(guestInputOf(realBlock('mainnet-1')));
    const run = new Executor(executable, input).run();
    const records = record(executable, input, { rows: 10_000 });
    assert.ok(run.ok && records.end.ok);
    assert.deepEqual(records.end.publicValues, run.publicValues);
    assert.deepEqual(violations(executable, records), []);
    assert.equal(rowsOf(records.segments).length, run.profile.instructions);
  });
});

/** The checker must notice: each lie changes one thing of honest records. */
describe('record checker', () => {
  const executable = executableOf(EVERYTHING);
  type Mutable<T> = { -readonly [K in keyof T]: T[K] };
  const lies: Readonly<Record<string, (s: Mutable<SegmentRecords>[]) => void>> = {
    'a read of the value before last': (s) => {
      const row = rowOf(s, 'load8');
      edit(s, row, { cells: [{ ...row.cells[0]!, before: [9, 9, 9, 9], after: [9, 9, 9, 9] }] });
    },
    'a previous clock that is one off': (s) => {
      const row = rowOf(s, 'call');
      edit(s, row, { cells: [{ ...row.cells[0]!, prev: row.cells[0]!.prev - 1 }] });
    },
    'another cell': (s) => {
      const row = rowOf(s, 'store_unaligned');
      edit(s, row, { cells: row.cells.map((c) => ({ ...c, address: c.address + 1 })) });
    },
    'a result that is not what the next access finds': (s) => {
      const row = rowOf(s, 'add32i');
      edit(s, row, { writes: [{ ...row.writes[0]!, after: [1, 77] }] });
    },
    'a limb above u16': (s) => {
      const row = rowOf(s, 'const32');
      edit(s, row, { writes: [{ ...row.writes[0]!, before: [65_536, 0] }] });
    },
    'a copy that does not advance': (s) => {
      const row = rowOf(s, 'copy');
      edit(s, row, { writes: [row.reads[0]!, ...row.writes.slice(1)] });
    },
    'a jump elsewhere': (s) => {
      const row = rowOf(s, 'return');
      edit(s, row, { next: row.next + 1 });
    },
    'a missing row': (s) => {
      for (const segment of s) segment.rows = new Map([...segment.rows].filter(([chip]) => chip !== 'keccak_host'));
    },
    'a missing boundary row': (s) => {
      s[0]!.boundaries = s[0]!.boundaries.slice(1);
    },
    'a boundary row twice': (s) => {
      s[0]!.boundaries = [...s[0]!.boundaries, s[0]!.boundaries[0]!];
    },
    'a stale value at the start of the second segment': (s) => {
      const k = s[1]!.boundaries.findIndex((b) => b.epoch === 1);
      s[1]!.boundaries = s[1]!.boundaries.map((b, n) => (n === k ? { ...b, before: [4, 4, 4, 4] } : b));
    },
    'an exit elsewhere': (s) => {
      s[0]!.exit = { ...s[0]!.exit, fp: s[0]!.exit.fp + 1 };
    },
    'another Keccak-f output': (s) => {
      const segment = s.find((x) => x.keccak.length > 0)!;
      segment.keccak = segment.keccak.map((c) => ({ ...c, output: c.output.map((w, k) => (k === 0 ? w ^ 1 : w)) }));
    },
  };

  function rowOf(s: readonly SegmentRecords[], chip: string): InstructionRecord {
    return s.flatMap((x) => x.rows.get(chip) ?? [])[0]!;
  }
  function edit(s: Mutable<SegmentRecords>[], row: InstructionRecord, change: Partial<InstructionRecord>): void {
    for (const segment of s) {
      segment.rows = new Map(
        [...segment.rows].map(([chip, list]) => [chip, list.map((r) => (r === row ? { ...r, ...change } : r))]),
      );
    }
  }

  for (const [name, tell] of Object.entries(lies)) {
    test(`rejects ${name}`, () => {
      const { segments, end } = record(executable, INPUT, { rows: 350 });
      assert.ok(end.ok && segments.length > 1);
      const changed = segments.map((s) => ({ ...s }));
      tell(changed);
      assert.notDeepEqual(recordViolations(executable.program, changed, end.cells), []);
    });
  }

  test('rejects a memory table that omits, doubles or changes a cell', () => {
    const { segments, end } = record(executable, INPUT);
    assert.ok(end.ok);
    const [first, ...rest] = end.cells;
    for (const cells of [
      rest,
      [first!, ...end.cells],
      [{ ...first!, epoch: 2 }, ...rest],
      [{ ...first!, initial: [1, 0, 0, 0] }, ...rest],
      [{ ...first!, last: [1, 2, 3, 4] }, ...rest],
    ])
      assert.notDeepEqual(recordViolations(executable.program, segments, cells), []);
  });
});
