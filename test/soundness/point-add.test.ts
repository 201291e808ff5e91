import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import { viewOf } from '../../client/prover/air/columns.ts';
import { ADDITION_CARRY_BITS, additionCoefficients, pointAdd } from '../../client/prover/chips/curve/add.ts';
import { type AffinePoint, FIELD_P, LIMB_OFFSET, OFFSET } from '../../client/prover/chips/curve/field.ts';
import { added, additionRow, coordinateOf, type Lie, lyingRow } from '../support/addition-rows.ts';
import { inFixedTable, rowFailures, withCells } from '../support/chip-rows.ts';
import { carryBounds, checkedRanges, Interval } from '../support/interval.ts';
import { seededRandom } from '../support/random.ts';

const chip = pointAdd.compiled;
const { BASE } = secp256k1.Point;
type Point = typeof BASE;
const affine = (point: Point): AffinePoint => (point.is0() ? undefined : point.toAffine());
const [G, G2, S] = [1n, 2n, 7n].map((k) => affine(BASE.multiply(k))) as [Finite, Finite, Finite];
type Finite = NonNullable<AffinePoint>;
const negative = ({ x, y }: Finite): Finite => ({ x, y: FIELD_P - y });
/** (βx, y) is λ times the point: one y, another x. */
const BETA = 0x7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501een;
const G_BETA: Finite = { x: (G.x * BETA) % FIELD_P, y: G.y };

const random = seededRandom(11);
const scalar = (): bigint => Array.from({ length: 8 }, random).reduce((v, w) => (v << 32n) + BigInt(w), 0n) >> 1n;

const CASES: Readonly<Record<string, readonly [AffinePoint, AffinePoint]>> = {
  general: [G, G2],
  double: [G, G],
  cancel: [G, negative(G)],
  'left infinite': [undefined, G],
  'right infinite': [G, undefined],
  'both infinite': [undefined, undefined],
  'one y, another x': [G, G_BETA],
};

describe('point addition', () => {
  test('cells and messages → the price of the design, and one cell', () => {
    assert.deepEqual([chip.columns.length, chip.interactions.length], [329, 212]);
  });

  test('every pair of cases and random points → the sum that noble-curves gives, no check fails', () => {
    const toPoint = (p: AffinePoint): Point => (p === undefined ? secp256k1.Point.ZERO : secp256k1.Point.fromAffine(p));
    const pairs = Object.values(CASES).map(([p, q]) => [toPoint(p), toPoint(q)] as const);
    for (let k = 0; k < 20; k++) pairs.push([BASE.multiply(scalar()), BASE.multiply(scalar())]);
    for (const [p, q] of pairs) {
      const row = additionRow(affine(p), affine(q));
      assert.deepEqual(rowFailures(chip, row), []);
      const sum = affine(p.add(q)) ?? { x: 0n, y: 0n };
      assert.deepEqual({ x: coordinateOf(chip, row, 'x3', 8), y: coordinateOf(chip, row, 'y3', 16) }, sum);
    }
  });

  test('a point of order 2, on another curve of the same formula → its double is infinity', () => {
    const row = additionRow({ x: 5n, y: 0n }, { x: 5n, y: 0n });
    assert.deepEqual(rowFailures(chip, row), []);
    assert.equal(row[chip.columns.findIndex((c) => c.name === 'mode.cancel')], 1);
  });

  for (const mode of ['general', 'double', 'cancel'] as const)
    test(`ranges of the columns in mode ${mode} → every equation holds over the integers, honest carries fit`, () => {
      const ranges = checkedRanges(chip);
      const fromBus: Readonly<Record<string, Interval>> = {
        x1: new Interval(-OFFSET, 255 - OFFSET),
        x2: new Interval(-OFFSET, 255 - OFFSET),
        y2: new Interval(-LIMB_OFFSET, 65535 - LIMB_OFFSET),
      };
      const columns = viewOf(pointAdd.spec.columns, (c) => {
        const { name } = chip.columns[c]!;
        return ranges[c] ?? fromBus[name.replace(/\[.*/, '')] ?? new Interval(Number.NaN, Number.NaN);
      });
      const is = (name: string): Interval => Interval.of(name === mode ? 1 : 0);
      const modes = { general: is('general'), double: is('double'), cancel: is('cancel') };
      for (const [name, coefficients] of Object.entries(additionCoefficients(columns, modes, Interval.of(0)))) {
        const { worst, carry } = carryBounds(coefficients, ADDITION_CARRY_BITS);
        assert.ok(worst < 1 && carry <= 1, `${name}: ${worst} ${carry}`);
      }
    });

  for (const [name, [p, q]] of Object.entries(CASES))
    test(`every cell of a row, ${name} → bound by a check or listed with a reason`, () => {
      assert.deepEqual(auditFreeCells(chip, [additionRow(p, q)], [], inFixedTable), []);
    });
});

/** The third point of a line of slope λ through P, and x of another point on it, mirrored. */
function third(slope: bigint, p: Finite, x2: bigint): Finite {
  const mod = (v: bigint): bigint => ((v % FIELD_P) + FIELD_P) % FIELD_P;
  const x = mod(slope * slope - p.x - x2);
  return { x, y: mod(slope * (p.x - x) - p.y) };
}

/** What is added to a representation to make its digits bytes. */
const OFFSETS = new Array<bigint>(32).fill(BigInt(OFFSET)).reduce((value, digit) => value * 256n + digit, 0n);

describe('a lying addition', () => {
  const refused = (name: string, row: readonly number[], by: RegExp): void => {
    test(`rejects ${name}`, () => {
      const failures = rowFailures(chip, row);
      assert.ok(failures.length > 0, 'nothing notices');
      for (const label of failures) assert.match(label, by);
    });
  };
  const identity = /POW|last carry/;
  const tangent = added(G, G).slope;
  const lie = (p: AffinePoint, q: AffinePoint, o: Lie): number[] => lyingRow(p, q, o);

  test('rows of lyingRow without a lie → accepted', () => {
    const { mode, slope, sum } = added(G, S);
    assert.deepEqual(rowFailures(chip, lie(G, S, { mode, slope, sum })), []);
  });

  refused(
    'P = Q as a general addition, slope of choice',
    lie(G, G, { mode: 'general', slope: 12345n, sum: third(12345n, G, G.x) }),
    /^x1 and x2 differ in general mode$/,
  );
  refused(
    'distinct points with the tangent of one',
    lie(G, S, { mode: 'double', slope: tangent, sum: third(tangent, G, S.x) }),
    /^one (x|y)/,
  );
  refused('P = Q cancelled', lie(G, G, { mode: 'cancel', sum: undefined }), identity);
  refused('P = −Q doubled', lie(G, negative(G), { mode: 'double', slope: tangent, sum: added(G, G).sum }), /^one y/);
  refused(
    'P = −Q as a general addition, slope of choice',
    lie(G, negative(G), { mode: 'general', slope: 12345n, sum: third(12345n, G, G.x) }),
    /POW|last carry|differ in general/,
  );
  refused('a finite Q passed over', lie(G, S, { mode: 'rightInfinite', sum: G }), /^Q alone is infinity$/);
  refused('another slope', lie(G, S, { mode: 'general', slope: 12345n, sum: added(G, S).sum }), identity);
  refused('another sum', lie(G, S, { mode: 'general', slope: added(G, S).slope, sum: G2 }), identity);
  refused(
    'infinity added as if it were the point of its digits',
    lie(undefined, G, { mode: 'rightInfinite', sum: undefined }),
    /Q alone is infinity/,
  );
  refused('a copy of another point', lie(undefined, G, { mode: 'leftInfinite', sum: S }), /of a copy or of infinity/);
  refused('infinity with coordinates', lie(G, negative(G), { mode: 'cancel', sum: G }), /of a copy or of infinity/);
  refused('a slope where there is none', withCells(chip, additionRow(undefined, G), { 'slope[3]': 1 }), /no slope/);
  refused('infinity flag 2', withCells(chip, additionRow(G, undefined), { isRightInfinite: 2 }), /is a bit|Q alone/);
  refused('two modes', withCells(chip, additionRow(G, S), { 'mode.cancel': 1 }), /one mode|carry|POW|one x|copy/);
  refused('no mode', withCells(chip, additionRow(G, S), { 'mode.general': 0 }), /./);
  refused('a digit of 128 balanced by its neighbour', halfDigit(additionRow(G, S)), /BYTES/);
  refused(
    'a padding row that provides a point',
    withCells(chip, new Array<number>(chip.columns.length).fill(0), { mult: 1 }),
    /only real rows are read/,
  );

  // Representations other than the canonical one exist for few residues; a line through chosen points reaches them.
  const low = (FIELD_P - (OFFSETS % FIELD_P) + 5n) % FIELD_P;
  const mod = (v: bigint): bigint => ((v % FIELD_P) + FIELD_P) % FIELD_P;
  const through = (slope: bigint, p: Finite, x2: bigint): Finite => ({ x: x2, y: mod(p.y + slope * (x2 - p.x)) });

  const slope = 987654321n ** 7n % FIELD_P;
  const reachesX = through(slope, G, mod(slope * slope - G.x - low));
  refused(
    'x3 + p',
    lie(G, reachesX, { mode: 'general', slope, sum: added(G, reachesX).sum, xShift: FIELD_P }),
    /^(x3 is canonical|send RANGE16)/,
  );

  test('y3 + p → accepted: no decision depends on the representation of y', () => {
    const x3 = 424242n;
    const p: Finite = { x: G.x, y: mod(slope * (G.x - x3) - low) };
    const q = through(slope, p, mod(slope * slope - p.x - x3));
    const { sum } = added(p, q);
    assert.equal(sum?.y, low);
    assert.deepEqual(rowFailures(chip, lie(p, q, { mode: 'general', slope, sum, yShift: FIELD_P })), []);
  });

  test('another representation of the slope → accepted, with the same sum', () => {
    const halved = (low * ((FIELD_P + 1n) / 2n)) % FIELD_P;
    const q = through(halved, G, S.x);
    const { sum } = added(G, q);
    const rows = [5n - OFFSETS, 5n - OFFSETS + FIELD_P].map((doubledSlope) =>
      lie(G, q, { mode: 'general', doubledSlope, sum }),
    );
    for (const row of rows) assert.deepEqual(rowFailures(chip, row), []);
  });
});

/** The same value of x3 with one digit out of range. */
function halfDigit(row: readonly number[]): number[] {
  const at = (i: number): number => chip.columns.findIndex((c) => c.name === `x3[${i}]`);
  const changed = row.slice();
  changed[at(4)]! += 256;
  changed[at(5)]! -= 1;
  return withCells(chip, changed, {});
}
