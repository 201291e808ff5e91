import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import { defineChip, fillTrace } from '../../client/prover/air/chip.ts';
import { bit, viewOf } from '../../client/prover/air/columns.ts';
import {
  assertMulmod,
  fillMulmod,
  MULMOD_CARRY_BITS,
  mulmodCoefficients,
  mulmodColumns,
} from '../../client/prover/chips/mulmod/core.ts';
import { bytesOfLimbs, limbsOfValue } from '../../client/prover/chips/wide/core.ts';
import { inFixedTable, rowFailures, withCells } from '../support/chip-rows.ts';
import { carryBounds, checkedRanges, Interval } from '../support/interval.ts';
import { seededRandom } from '../support/random.ts';

const TOP = 2n ** 256n - 1n;
const SECP_P = 2n ** 256n - 2n ** 32n - 977n;
const limbs = (value: bigint): number[] => limbsOfValue(value, 16);
const bytes = (value: bigint): number[] => bytesOfLimbs(limbs(value));

/** The arithmetic without the adapter. */
const core = defineChip({
  id: 'mulmod_core',
  maxDegree: 2,
  columns: { isReal: bit('1 on rows with a product'), ...mulmodColumns },
  fillRow: ([a, b, c, m]: readonly bigint[], row) => {
    row.isReal = 1;
    Object.assign(row, fillMulmod(limbs(a!), limbs(b!), limbs(c!), limbs(m!)));
  },
  constrain: (c, row) => assertMulmod(c, row, row.isReal),
});
const chip = core.compiled;
const rowOf = (...operands: bigint[]): number[] =>
  Array.from(fillTrace(core, [operands]).rows.subarray(0, chip.columns.length));
const named = (name: string, values: readonly number[]): Record<string, number> =>
  Object.fromEntries(values.map((v, i) => [`${name}[${i}]`, v]));
const remainderOf = (row: readonly number[]): bigint => {
  const first = chip.columns.findIndex((c) => c.name === 'remainder[0]');
  return row.slice(first, first + 32).reduceRight((value, byte) => (value << 8n) + BigInt(byte), 0n);
};
const random = seededRandom(3);
const wide = (): bigint => Array.from({ length: 8 }, random).reduce((v, word) => (v << 32n) + BigInt(word), 0n);

describe('MULMOD', () => {
  test('cells and messages of the core → the price of the design', () => {
    assert.deepEqual([chip.columns.length, chip.interactions.length], [193, 112]);
  });

  test('edge values and random ones → the remainder, no check fails', () => {
    const edges = [0n, 1n, 2n, TOP, TOP - 1n, 2n ** 255n, SECP_P, SECP_P - 1n, 2n ** 128n];
    const cases = edges.flatMap((a) => edges.flatMap((b) => edges.map((m) => [a, b, TOP, m] as const)));
    for (let k = 0; k < 50; k++) cases.push([wide(), wide(), wide(), wide() | (1n << 255n)]);
    for (const [a, b, c, m] of cases) {
      if (m === 0n || (a * b + c) / m > TOP) continue;
      const row = rowOf(a, b, c, m);
      assert.deepEqual(rowFailures(chip, row), []);
      assert.equal(remainderOf(row), (a * b + c) % m);
    }
  });

  test('ranges of the columns → every equation holds over the integers, honest carries fit', () => {
    const ranges = checkedRanges(chip);
    // The addend comes from memory: its writer has checked its limbs.
    const columns = viewOf(core.spec.columns, (c) => ranges[c] ?? new Interval(0, 2 ** 16 - 1));
    assert.deepEqual(
      [...new Set(chip.columns.flatMap((c, i) => (ranges[i] === undefined ? [c.name.replace(/\[.*/, '')] : [])))],
      ['addend'],
    );
    const coefficients = mulmodCoefficients(columns, new Interval(0, 0));
    const { worst, carry } = carryBounds(coefficients, MULMOD_CARRY_BITS);
    assert.ok(worst < 1 && carry <= 1, `${worst} ${carry}`);
    // With 16 bits neither holds: that is why they are 14.
    assert.ok(carryBounds(coefficients, 16).worst > 1);
  });

  test('every cell of a row → bound by a check', () => {
    const rows = [rowOf(wide(), wide(), wide(), TOP - 7n), rowOf(5n, 6n, 0n, 7n)];
    assert.deepEqual(auditFreeCells(chip, rows, [], inFixedTable), []);
  });
});

describe('a lying MULMOD row', () => {
  const row = rowOf(5n, 6n, 0n, 7n);
  const refused = (name: string, lie: readonly number[], by: RegExp): void => {
    test(`rejects ${name}`, () => {
      const failures = rowFailures(chip, lie);
      assert.ok(failures.length > 0);
      for (const label of failures) assert.match(label, by);
    });
  };
  const { marker, ...others } = fillMulmod(limbs(5n), limbs(6n), limbs(0n), limbs(7n));
  const cells = (values: Partial<Record<keyof typeof others, bigint>>): Record<string, number> =>
    Object.assign({}, ...Object.entries(values).map(([name, value]) => named(name, bytes(value))));

  refused(
    'remainder 9 with quotient 3',
    withCells(chip, row, cells({ quotient: 3n, remainder: 9n })),
    /remainder < m|RANGE16/,
  );
  refused('another remainder', withCells(chip, row, cells({ remainder: 3n })), /POW|quotient · m/);
  refused(
    'modulus 0 with the product as remainder',
    withCells(chip, row, cells({ modulus: 0n, quotient: 0n, remainder: 30n })),
    /remainder < m|RANGE16/,
  );
  refused(
    'modulus 0 and remainder 0, a zero product',
    withCells(chip, rowOf(0n, 6n, 0n, 7n), cells({ modulus: 0n, quotient: 0n, remainder: 0n })),
    /RANGE16/,
  );
  refused(
    'remainder = modulus',
    withCells(chip, rowOf(7n, 1n, 0n, 7n), cells({ quotient: 0n, remainder: 7n })),
    /RANGE16/,
  );
  refused(
    'a marker on an equal limb',
    withCells(
      chip,
      row,
      named(
        'marker',
        marker.map((_, i) => (i === 3 ? 1 : 0)),
      ),
    ),
    /RANGE16/,
  );
  refused(
    'a marker below a limb that differs',
    withCells(
      chip,
      rowOf(2n ** 40n, 1n, 0n, 2n ** 41n),
      named(
        'marker',
        marker.map((_, i) => (i === 0 ? 1 : 0)),
      ),
    ),
    /remainder < m|RANGE16/,
  );
  refused(
    'no marker',
    withCells(
      chip,
      row,
      named(
        'marker',
        marker.map(() => 0),
      ),
    ),
    /remainder < m|RANGE16/,
  );
  refused(
    'a remainder byte of 256',
    withCells(chip, rowOf(255n, 2n, 2n, TOP), { 'remainder[0]': 256, 'remainder[1]': 1 }),
    /BYTES/,
  );
  refused(
    'a byte of 256 balanced by its neighbour',
    withCells(chip, rowOf(256n, 1n, 0n, TOP), { 'remainder[0]': 256, 'remainder[1]': 0 }),
    /BYTES/,
  );
  refused(
    'a quotient digit moved by 2^16 between steps, its carry by one',
    withCells(chip, row, { 'quotient[0]': 4 + 2 ** 16, 'quotient[2]': -1 }),
    /BYTES/,
  );
  refused(
    'a wrap around P: a · b larger by P in the lowest limb',
    withCells(chip, row, { 'addend[0]': 2 ** 31 - 2 ** 24 }),
    /POW|quotient · m/,
  );
});

test('P = 1 + 2^16 · 32512 shared by two limbs → refused by the carry between them alone, so each of its lookups is needed', () => {
  const remainder = limbsOfValue(TOP - 9n, 16);
  const row = rowOf(TOP - 9n, 1n, 0n, TOP - 7n);
  for (let k = 0; k + 1 < remainder.length; k++) {
    const lie = remainder.map((limb, i) => limb - (i === k ? 1 : 0) - (i === k + 1 ? 32512 : 0));
    const failures = rowFailures(chip, withCells(chip, row, named('remainder', bytesOfLimbs(lie))));
    assert.deepEqual(
      failures.filter((label) => label !== 'send RANGE16 0' && !label.startsWith('remainder < m')),
      [`send POW ${k}`],
    );
  }
});
