import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import { fillTrace } from '../../client/prover/air/chip.ts';
import {
  type AffinePoint,
  canonicalDigits,
  FIELD_P,
  LIMB_OFFSET,
  limbValues,
  OFFSET,
  P_LIMBS,
  registerOf,
  signedDigits,
} from '../../client/prover/chips/curve/field.ts';
import { pointIo } from '../../client/prover/chips/curve/point-io.ts';
import { fillMarker, limbsOfValue } from '../../client/prover/chips/wide/core.ts';
import { Fp } from '../../client/prover/field/fp.ts';
import { coordinateOf } from '../support/addition-rows.ts';
import { inFixedTable, rowFailures, withCells } from '../support/chip-rows.ts';
import { seededRandom } from '../support/random.ts';

const chip = pointIo.compiled;
const rowOf = (point: AffinePoint, isStore = false): number[] =>
  Array.from(
    fillTrace(pointIo, [
      { call: 9, register: 4, isStore, point: registerOf(point), uses: isStore ? 0 : 3 },
    ]).rows.subarray(0, chip.columns.length),
  );
const named = (name: string, values: readonly number[]): Record<string, number> =>
  Object.fromEntries(values.map((v, i) => [`${name}[${i}]`, v]));
/** What is added to a representation to make its digits bytes; residues from p − OFFSETS on are held less p. */
const OFFSETS = new Array<bigint>(32).fill(BigInt(OFFSET)).reduce((value, digit) => value * 256n + digit, 0n);

const random = seededRandom(5);
const residue = (): bigint => Array.from({ length: 8 }, random).reduce((v, w) => (v << 32n) + BigInt(w), 0n) % FIELD_P;

describe('points between memory and registers', () => {
  test('edge coordinates and random ones, both ways → digits of the same residue, no check fails', () => {
    const edges = [
      0n,
      1n,
      FIELD_P - 1n,
      FIELD_P - 5n,
      FIELD_P - OFFSETS,
      FIELD_P - OFFSETS - 1n,
      2n ** 255n,
      2n ** 32n,
    ];
    const points: AffinePoint[] = edges.flatMap((x) => edges.flatMap((y) => (x === 0n && y === 0n ? [] : [{ x, y }])));
    for (let k = 0; k < 20; k++) points.push({ x: residue(), y: residue() });
    for (const point of [...points, undefined])
      for (const isStore of [false, true]) {
        const row = rowOf(point, isStore);
        assert.deepEqual(rowFailures(chip, row), []);
        assert.equal(coordinateOf(chip, row, 'xDigits', 8), point?.x ?? 0n);
        assert.equal(coordinateOf(chip, row, 'yLimbs', 16), point?.y ?? 0n);
        assert.equal(coordinateOf(chip, row, 'x', 16), point?.x ?? 0n);
      }
  });

  test('every cell of a row → bound by a check or listed with a reason', () => {
    const points: AffinePoint[] = [{ x: residue(), y: residue() }, { x: 5n, y: FIELD_P - 5n }, undefined];
    const rows = points.flatMap((point) => [rowOf(point), rowOf(point, true)]);
    assert.deepEqual(auditFreeCells(chip, rows, [], inFixedTable), []);
  });
});

describe('a lying row of a point', () => {
  const point = { x: residue(), y: 12345n };
  const row = rowOf(point);
  const refused = (name: string, lie: readonly number[], by: RegExp): void => {
    test(`rejects ${name}`, () => {
      const failures = rowFailures(chip, lie);
      assert.ok(failures.length > 0, 'nothing notices');
      for (const label of failures) assert.match(label, by);
    });
  };
  /** Cells of a row whose x in memory is `x` and whose digits stand for it less `wraps` · p. */
  const withX = (x: bigint, wraps: number): Record<string, number> => {
    const limbs = limbsOfValue(x, 16);
    const digits = signedDigits(x - BigInt(wraps) * FIELD_P);
    const shifted = limbValues(digits).map((limb) => limb + LIMB_OFFSET);
    const total = [...limbs, ...limbsOfValue(point.y, 16)].reduce((a, b) => a + b, 0);
    return {
      ...{ ...named('x', limbs), ...named('xDigits', digits), xWraps: wraps, nonZero: Fp.inv(total) },
      ...{
        ...named('markers.x', fillMarker(limbs, P_LIMBS)),
        ...named('markers.digits', fillMarker(shifted, P_LIMBS)),
      },
    };
  };

  refused('x of p in memory, as 0', withCells(chip, row, withX(FIELD_P, 1)), /^(x < p|send RANGE16)/);
  refused('x + p in memory', withCells(chip, row, withX(FIELD_P + 7n, 1)), /^(x < p|send RANGE16)/);
  refused(
    'digits that are not canonical',
    withCells(chip, row, withX(FIELD_P - OFFSETS + 3n, 0)),
    /^(canonical digits|send RANGE16)/,
  );
  refused(
    'digits less p, p not taken off',
    withCells(chip, row, { xWraps: 1 - row[chip.columns.findIndex((c) => c.name === 'xWraps')]! }),
    /carry/,
  );
  refused(
    'digits of another residue',
    withCells(chip, row, named('xDigits', canonicalDigits(point.x + 1n))),
    /carry|canonical|RANGE16/,
  );
  refused('limbs of another y', withCells(chip, row, { 'y[0]': 12346 }), /carry|nothing else is/);
  refused(
    'a digit of 128',
    withCells(chip, rowOf({ x: 128n, y: 1n }), { 'xDigits[0]': 128, 'xDigits[1]': 0 }),
    /BYTES/,
  );
  refused(
    'a limb of 2^16 in memory',
    withCells(chip, rowOf({ x: 65536n, y: 1n }), { 'x[0]': 65536, 'x[1]': 0 }),
    /RANGE16|nothing else is/,
  );
  refused('(0, 0) as a finite point', withCells(chip, rowOf(undefined), { isInfinite: 0 }), /^nothing else is$/);
  refused('a finite point as infinity', withCells(chip, row, { isInfinite: 1, nonZero: 0 }), /^infinity is \(0, 0\)$/);
  refused(
    'a stored point that is read',
    withCells(chip, rowOf(point, true), { mult: 1 }),
    /^only loaded points are read$/,
  );
  refused(
    'a padding row that provides a point',
    withCells(chip, new Array<number>(chip.columns.length).fill(0), { mult: 1 }),
    /^only loaded points are read$/,
  );
  refused(
    'a padding row that reads a point',
    withCells(chip, new Array<number>(chip.columns.length).fill(0), { isStore: 1 }),
    /^stores are real$/,
  );
});
