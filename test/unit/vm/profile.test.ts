import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeModule } from '../../../client/prover/vm/decode.ts';
import { prepare } from '../../../client/prover/vm/executable.ts';
import { Executor } from '../../../client/prover/vm/execute.ts';
import { lower } from '../../../client/prover/vm/lower.ts';
import { profileTable, recordedRowsByChip, rowsByChip, rowsByFunction } from '../../../client/prover/vm/profile.ts';
import { record } from '../../../client/prover/vm/record.ts';
import { call, get, I32, i32, wasmModule } from '../../support/wasm-module.ts';

/** main calls function 2 three times; it stores at an address that is not aligned. */
const PROGRAM = lower(
  decodeModule(
    wasmModule({
      hosts: ['halt'],
      pages: 1,
      functions: [
        { name: 'main', code: [...[1, 2, 3].flatMap((k) => [...i32(k), ...call(2)]), ...i32(0), ...call(0)] },
        { params: [I32], code: [...get(0), ...get(0), 0x36, 0, 1] },
      ],
    }),
  ),
);
const EXECUTABLE = prepare(PROGRAM);

test('rows by function and by chip → every row once, calls counted', () => {
  const { profile } = new Executor(EXECUTABLE).run();
  const functions = rowsByFunction(PROGRAM, profile);
  const chips = rowsByChip(PROGRAM, profile);
  const total = (counts: readonly { rows: number }[]): number => counts.reduce((n, c) => n + c.rows, 0);
  assert.equal(total(functions), profile.instructions);
  assert.equal(total(chips), profile.instructions);
  assert.equal(functions.find((f) => f.name === 'function 2')?.rows, 6);
  assert.equal(chips.find((c) => c.name === 'store32')?.rows, 3);
  assert.equal(chips.find((c) => c.name === 'halt')?.rows, 1);
});

test('recorded rows by chip → unaligned accesses under their own chip, boundary rows counted', () => {
  const { segments } = record(EXECUTABLE, new Uint8Array(0));
  const chips = new Map(recordedRowsByChip(segments).map((c) => [c.name, c.rows]));
  // Addresses 2, 3 and 4: only the last one is a multiple of 4.
  assert.equal(chips.get('store32'), 1);
  assert.equal(chips.get('store_unaligned'), 2);
  assert.equal(chips.get('boundary'), segments[0]!.boundaries.length);
});

test('the table → shares of the total, the rest in one line', () => {
  const table = profileTable(
    [
      { name: 'a', rows: 50 },
      { name: 'b', rows: 30 },
      { name: 'c', rows: 15 },
      { name: 'd', rows: 5 },
    ],
    2,
  );
  const rows = table.split('\n').map((line) => line.trim().split(/ +/));
  assert.deepEqual(rows, [
    ['rows', 'share', 'sum', 'name'],
    ['50', '50.00%', '50.00%', 'a'],
    ['30', '30.00%', '80.00%', 'b'],
    ['20', '20.00%', '100.00%', '2', 'more'],
  ]);
});
