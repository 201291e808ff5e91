import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import { cellsOf, withCells } from '../support/chip-rows.ts';
import { BEYOND_MEMORY, recordedModule } from '../support/recorded-module.ts';
import { call, i32, i64, wasmModule } from '../support/wasm-module.ts';

/** Chips whose one-hot selectors lack a column, and shifts, whose low parts are none. */
const X = 0x0123456789abcdefn;
const [SHL32, SHR_U32, SHL64, SHR_U64] = [0x74, 0x76, 0x86, 0x88];
const AMOUNTS = [1, 15, 16, 17, 31];
const [LOAD32, LOAD64, LOAD8, LOAD16, STORE32, STORE64, STORE8, STORE16] = [
  0x28, 0x29, 0x2d, 0x2f, 0x36, 0x37, 0x3a, 0x3b,
];

/** Loads by one opcode, maybe shifts, and stores by another. */
const through = (from: number, load: number, to: number, store: number, between: readonly number[] = []): number[] => [
  ...i32(to),
  ...i32(from),
  ...[load, 0, 0],
  ...between,
  ...[store, 0, 0],
];
const shifts = AMOUNTS.flatMap((amount, k) => [
  ...through(8, LOAD32, 1024 + 32 * k, STORE32, [...i32(amount), SHL32]),
  ...through(8, LOAD32, 1032 + 32 * k, STORE32, [...i32(amount), SHR_U32]),
  ...through(8, LOAD64, 1040 + 32 * k, STORE64, [...i64(BigInt(amount)), SHL64]),
  ...through(8, LOAD64, 1048 + 32 * k, STORE64, [...i64(BigInt(amount)), SHR_U64]),
]);
const parts = [0, 1, 2, 3].flatMap((limb) => [
  ...through(9 + 2 * limb, LOAD8, 2049 + 16 * limb + 2 * limb, STORE8),
  ...through(8 + 2 * limb, LOAD16, 2056 + 16 * limb + 2 * limb, STORE16),
]);
const { run, inTable } = recordedModule(
  wasmModule({
    hosts: ['halt'],
    pages: 1,
    data: [{ offset: 8, bytes: Array.from({ length: 8 }, (_, k) => Number((X >> BigInt(8 * k)) & 255n)) }],
    functions: [{ name: 'main', code: [...shifts, ...parts, ...i32(0), ...call(0)] }],
  }),
);

/** What the run's chip must refuse, as changes of one row, and by which check. */
function refuses(
  id: string,
  at: number,
  lies: readonly (readonly [string, (cell: (name: string) => number) => Record<string, number>, string])[],
): void {
  const { chip, rows, publics, failures } = run(id);
  const row = rows[at]!;
  test(`${id}: every row → no check fails, every cell is bound`, () => {
    for (const each of rows) assert.deepEqual(failures(each), []);
    assert.deepEqual(auditFreeCells(chip, rows, publics, inTable), []);
  });
  for (const [name, lie, check] of lies)
    test(`${id}: ${name} → refused by ${check}`, () => {
      const found = failures(
        withCells(
          chip,
          row,
          lie((cell) => cellsOf(chip, row, [cell])[0]!),
        ),
      );
      assert.ok(found.includes(check), found.join());
    });
}

describe('what stands in no column but follows from others', () => {
  // Row 0 shifts left by one bit: no limb moves.
  for (const [id, limbs] of [
    ['shift32i', 2],
    ['shift64i', 4],
  ] as const)
    refuses(id, 0, [
      ['a high part one more, the low one below zero', (cell) => ({ 'high[0]': cell('high[0]') + 1 }), 'POW'],
      ['a high part one less, the low one not below coPower', (cell) => ({ 'high[0]': cell('high[0]') - 1 }), 'POW'],
      ['no move marked, hence by all limbs down', () => ({ [`isUp[${limbs - 1}]`]: 0 }), 'PROGRAM'],
      ['two moves at once', () => ({ 'isUp[0]': 1 }), 'one move'],
      ['a move twice, and one back', () => ({ [`isUp[${limbs - 1}]`]: 2 }), 'one move'],
    ]);
  // Row 0 is of limb 0, which no column marks.
  for (const id of ['load8', 'load16', 'store_sub']) {
    refuses(id, 0, [
      ['two limbs at once', () => ({ 'isLimb[0]': 1, 'isLimb[1]': 1 }), 'one limb'],
      ['a limb twice, and the first one back', () => ({ 'isLimb[0]': 2 }), 'one limb'],
    ]);
    test(`${id}: another limb of the cell → a cell that no memory zone has`, () => {
      const { chip, rows, cells } = run(id);
      const accessed = cells(withCells(chip, rows[0]!, { 'isLimb[0]': 1 }));
      assert.ok(accessed.length > 0 && accessed.every((cell) => cell >= BEYOND_MEMORY), accessed.join());
      assert.ok(cells(rows[0]!).every((cell) => cell < BEYOND_MEMORY));
    });
  }
});
