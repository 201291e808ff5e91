import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import { cellsOf, withCells } from '../support/chip-rows.ts';
import { recordedModule } from '../support/recorded-module.ts';
import { call, I32, I64, i32, i64, wasmModule } from '../support/wasm-module.ts';

const X32 = 0x89abcdefn;
const X64 = 0x0123456789abcdefn;
const [ROTL32, ROTR32, ROTL64, ROTR64] = [0x77, 0x78, 0x89, 0x8a];
const AMOUNTS = { 32: [0, 1, 7, 15, 16, 17, 31, 32, 33], 64: [0, 1, 15, 16, 31, 32, 33, 47, 48, 63, 64, 65] } as const;

/** A loaded value rotated by every amount, each result stored at the next eight bytes. */
const rotations = ([64, 32] as const).flatMap((width) =>
  AMOUNTS[width].flatMap((amount) => [
    { width, amount, left: true },
    { width, amount, left: false },
  ]),
);
const code = rotations.flatMap(({ width, amount, left }, k) => {
  const [load, constant, store] = width === 64 ? [0x29, i64(BigInt(amount)), 0x37] : [0x28, i32(amount), 0x36];
  const op = width === 64 ? (left ? ROTL64 : ROTR64) : left ? ROTL32 : ROTR32;
  return [...i32(1024 + 8 * k), ...i32(width === 64 ? 8 : 16), load, 0, 0, ...constant, op, store, 0, 0];
});
const HALT = call(0);
const { run, inTable } = recordedModule(
  wasmModule({
    hosts: ['halt'],
    pages: 1,
    globals: [
      [I32, 0n],
      [I64, 0n],
    ],
    data: [
      { offset: 8, bytes: Array.from({ length: 8 }, (_, k) => Number((X64 >> BigInt(8 * k)) & 255n)) },
      { offset: 16, bytes: Array.from({ length: 4 }, (_, k) => Number((X32 >> BigInt(8 * k)) & 255n)) },
    ],
    functions: [{ name: 'main', code: [...code, ...i32(0), ...HALT] }],
  }),
);

for (const width of [32, 64] as const) {
  describe(`rotations of ${width} bits by a constant`, () => {
    const { chip, rows: all, records, failures } = run(`rotate${width}i`);
    const count = rotations.filter((r) => r.width === width).length;

    test('every amount → the rotated value, no check fails', () => {
      const x = width === 32 ? X32 : X64;
      assert.equal(records.length, count);
      rotations
        .filter((r) => r.width === width)
        .forEach(({ amount, left }, k) => {
          const by = BigInt((left ? amount : -amount) & (width - 1));
          const expected = BigInt.asUintN(width, (x << by) | (x >> (BigInt(width) - by)));
          const limbs = records[k]!.writes[0]!.after;
          assert.equal(
            limbs.slice(0, width / 16).reduceRight((v, l) => (v << 16n) + BigInt(l), 0n),
            expected,
          );
          assert.deepEqual(failures(all[k]!), []);
        });
    });

    test('every cell → bound', () => {
      assert.deepEqual(auditFreeCells(chip, all, [], inTable), []);
    });

    // Row 2 rotates left by one bit.
    const row = all[2]!;
    const [high, power, coPower] = cellsOf(chip, row, ['high[0]', 'power', 'coPower']) as [number, number, number];
    const lies: readonly (readonly [string, Readonly<Record<string, number>>, string])[] = [
      ['a high part one more, the low one below zero', { 'high[0]': high + 1 }, 'POW'],
      ['a high part one less, the low one not below coPower', { 'high[0]': high - 1 }, 'POW'],
      ['another rotation', { power: power * 2, coPower: coPower / 2 }, 'PROGRAM'],
      ['power and coPower exchanged', { power: coPower, coPower: power }, 'PROGRAM'],
      ['a coPower that is not 2^16 / power', { coPower: coPower * 2 }, 'power · coPower = 2^16'],
      ['a move by a limb more', { 'isUp[0]': 1 }, 'PROGRAM'],
      ['two moves at once, and one back', { 'isUp[0]': 2 }, 'one move'],
      ['the result in another slot', { 'c.slot': 999 }, 'PROGRAM'],
      ['the operand of another slot', { 'a.slot': 999 }, 'PROGRAM'],
    ];
    for (const [name, cells, check] of lies)
      test(`${name} → refused by ${check}`, () => {
        assert.ok(failures(withCells(chip, row, cells)).includes(check), failures(withCells(chip, row, cells)).join());
      });
  });
}
