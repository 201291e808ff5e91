import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import { CHIP_BY_ADDRESS } from '../../client/prover/vm/records.ts';
import { cellsOf, withCells } from '../support/chip-rows.ts';
import { copy } from '../support/every-access-module.ts';
import { BEYOND_MEMORY, recordedModule } from '../support/recorded-module.ts';
import { call, i32, wasmModule } from '../support/wasm-module.ts';

const PAGES = 2;
/** To, from, bytes. The last two pass a multiple of 2^16 with a pointer and with the length. */
const COPIES = [
  [1024, 2048, 16],
  [2048, 1024, 24],
  [1032, 1024, 32],
  [1025, 2049, 80],
  [65_528, 65_544, 40],
  [8, 16, 65_544],
] as const;
const module = wasmModule({
  hosts: ['halt'],
  pages: PAGES,
  data: [{ offset: 1024, bytes: Array.from({ length: 2048 }, (_, k) => (7 * k + 3) & 255) }],
  functions: [{ name: 'main', code: [...COPIES.flatMap(([to, from, n]) => copy(to, from, n)), ...i32(0), ...call(0)] }],
});
const { run, inTable } = recordedModule(module);
const { chip, rows: all, publics, cells, failures } = run(CHIP_BY_ADDRESS.copy);
const count = all.length;

describe('copies of whole cells', () => {
  test('every row → no check fails', () => {
    assert.ok(count > 2000);
    for (const row of all) assert.deepEqual(failures(row), []);
  });

  test('every cell → bound, or listed with a reason', () => {
    const picked = [0, 1, 2, 3, 4, Math.floor(count / 2), count - 2, count - 1].map((r) => all[r]!);
    assert.deepEqual(auditFreeCells(chip, picked, publics, inTable), []);
  });

  // Row 0 moves two cells forwards, row 1 three backwards, row 2 four.
  const [two, three, four] = all as [number[], number[], number[]];
  const [count2, count3] = [two, three].map((row) =>
    cellsOf(chip, row, ['isMore[0]', 'isMore[1]', 'isMore[2]']).join(),
  );
  test('rows 0 and 1 → two and three cells', () => assert.deepEqual([count2, count3], ['1,0,0', '1,1,0']));

  const lies: readonly (readonly [string, number[], Readonly<Record<string, number>>, string])[] = [
    ['a cell more than the length, borrowed from nothing', two, { 'isMore[1]': 1, forward: 24 }, 'RANGE16'],
    ['the same with a borrow', two, { 'isMore[1]': 1, forward: 24, 'carry.length': 1 }, 'RANGE16'],
    ['a gap in the cells that move', two, { 'isMore[2]': 1, forward: 24 }, 'more than 3 cells means more than 2'],
    ['pointers that stay while the length falls', two, { forward: 0 }, 'forward'],
    ['pointers that advance in a copy from the end', three, { forward: 24 }, 'forward'],
    ['the first cells first where the source begins below', three, { 'order.isLess': 0 }, 'RANGE16'],
    ['a carry that is not there', two, { 'carry.to': 1 }, 'RANGE16'],
    ['a carry of the other pointer', two, { 'carry.from': 1 }, 'RANGE16'],
    ['a borrow that is not there', four, { 'carry.length': 1 }, 'RANGE16'],
    ['another row where nothing is left', two, { 'left.isNonZero': 1 }, 'isNonZero = value · inverse'],
    ['the destination in another slot', two, { 'to.slot': 999 }, 'PROGRAM'],
    ['the source in another slot', two, { 'from.slot': 999 }, 'PROGRAM'],
    ['the length in another slot', two, { 'length.slot': 999 }, 'PROGRAM'],
    ['a range that ends behind memory', two, { 'to.limbs[1]': PAGES }, 'RANGE16'],
  ];
  for (const [name, row, cells, check] of lies)
    test(`${name} → refused by ${check}`, () => {
      const found = failures(withCells(chip, row, cells));
      assert.ok(found.includes(check), found.join());
    });

  test('an address between two cells → a cell that no memory zone has', () => {
    const accessed = cells(withCells(chip, two, { 'from.limbs[0]': 2049 }));
    assert.ok(
      accessed.some((cell) => cell >= BEYOND_MEMORY),
      accessed.join(),
    );
  });
});
