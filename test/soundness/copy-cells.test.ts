import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import { evaluateRow } from '../../client/prover/air/evaluate.ts';
import { holds } from '../../client/prover/chips/tables/table.ts';
import { buildTrace, wholeSegment } from '../../client/prover/engine/trace.ts';
import { buildZkVm } from '../../client/prover/machine/zkvm.ts';
import { decodeModule } from '../../client/prover/vm/decode.ts';
import { prepare } from '../../client/prover/vm/executable.ts';
import { MAX_SLOTS } from '../../client/prover/vm/execute.ts';
import { flatten, flattenCells } from '../../client/prover/vm/flat-records.ts';
import { lower } from '../../client/prover/vm/lower.ts';
import { record } from '../../client/prover/vm/record.ts';
import { CHIP_BY_ADDRESS } from '../../client/prover/vm/records.ts';
import { cellsOf, withCells } from '../support/chip-rows.ts';
import { copy } from '../support/every-access-module.ts';
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
const program = lower(decodeModule(module));
const vm = buildZkVm(program, 'P100', MAX_SLOTS);
const run = record(prepare(program), new Uint8Array(0));
const [segment] = run.segments;
assert.ok(run.end.ok && segment !== undefined);
const trace = buildTrace(vm, wholeSegment(flatten(segment, vm.rowTypes), flattenCells(run.end.cells)));
const { chip, rows } = trace.find((i) => i.chip.id === CHIP_BY_ADDRESS.copy)!;
const count = segment.rows.get(CHIP_BY_ADDRESS.copy)!.length;
const all = Array.from({ length: count }, (_, r) =>
  Array.from(rows.subarray(r * chip.columns.length, (r + 1) * chip.columns.length)),
);
const publics = chip.publics.map(() => PAGES);
const providers = new Map(vm.tables.flatMap((t) => t.providers.map((p) => [p.bus.id, p] as const)));
const inTable = (bus: string, message: readonly number[]): boolean | undefined => {
  const provider = providers.get(bus);
  return provider && holds(provider, message);
};

/** Constraints that fail, and buses whose table does not hold what the row looks up. */
function failures(row: readonly number[]): string[] {
  const values = evaluateRow(
    chip,
    (c) => row[c]!,
    (k) => publics[k]!,
  );
  const lookups = chip.interactions.filter((i) => {
    if (i.direction !== 'send' || values[i.count] === 0) return false;
    return (
      inTable(
        i.bus.id,
        i.fields.map((f) => values[f]!),
      ) === false
    );
  });
  return [...chip.constraints.filter((c) => values[c.node] !== 0).map((c) => c.label), ...lookups.map((i) => i.bus.id)];
}

/** A row that leaves MEM as it was told: what it takes, then what it gives, by space and address. */
const memoryOf = (row: readonly number[]): string[] => {
  const values = evaluateRow(
    chip,
    (c) => row[c]!,
    (k) => publics[k]!,
  );
  return chip.interactions
    .filter((i) => i.bus.id === 'MEM' && values[i.count] !== 0)
    .map((i) => i.fields.map((f) => values[f]!).join());
};

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
    const moved = memoryOf(withCells(chip, two, { 'from.limbs[0]': 2049 }))
      .map((message) => message.split(',').map(Number))
      .filter(([space]) => space === 3)
      .map(([, address]) => address!);
    assert.ok(
      moved.some((address) => address >= 2 ** 27),
      moved.join(),
    );
  });
});
