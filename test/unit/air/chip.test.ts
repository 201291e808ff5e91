import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditFreeCells } from '../../../client/prover/air/audit.ts';
import { defineBus } from '../../../client/prover/air/bus.ts';
import { checkBuses, checkRows } from '../../../client/prover/air/check.ts';
import { defineChip, fillTrace } from '../../../client/prover/air/chip.ts';
import { array, bit, field, fixed, inInterface, lanes, u8, u16 } from '../../../client/prover/air/columns.ts';
import { chipDigest } from '../../../client/prover/air/digest.ts';
import { evaluateInExt } from '../../../client/prover/air/evaluate.ts';
import { pack } from '../../../client/prover/air/expr.ts';
import { evaluateClosedForm } from '../../../client/prover/air/fixed.ts';
import { getExt, packExt, unpackExt } from '../../../client/prover/field/ext-vec.ts';
import { P } from '../../../client/prover/field/fp.ts';
import { Fp5 } from '../../../client/prover/field/fp5.ts';
import { eqTable } from '../../../client/prover/poly/eq.ts';
import { mleBase } from '../../../client/prover/poly/evaluate.ts';
import { randomExt, seededRandom } from '../../support/random.ts';

const BYTE = defineBus({
  id: 'BYTE',
  index: 1,
  kind: 'lookup',
  scope: 'local',
  fields: { x: { range: '[0, 256)', guaranteedBy: 'table' } },
});
const SUM = defineBus({
  id: 'SUM',
  index: 2,
  kind: 'permutation',
  scope: 'local',
  fields: {
    a: { range: 'u8', guaranteedBy: 'receiver' },
    b: { range: 'u8', guaranteedBy: 'receiver' },
    c: { range: 'u16', guaranteedBy: 'receiver' },
  },
});
const CARRY = defineBus({
  id: 'CARRY',
  index: 3,
  kind: 'permutation',
  scope: 'global',
  fields: { c: { range: 'u16', guaranteedBy: 'sender' } },
});

const adder = defineChip({
  id: 'adder',
  maxDegree: 3,
  columns: {
    isReal: bit('1 on rows with a sum'),
    a: array(u8('operands'), 2),
    c: u16('a[0] + a[1]'),
    hint: field('free on purpose'),
  },
  fillRow: (record: { a: number; b: number }, row) => {
    row.isReal = 1;
    row.a[0] = record.a;
    row.a[1] = record.b;
    row.c = record.a + record.b;
  },
  constrain: (c, row) => {
    c.assertZero('c = a[0] + a[1]', row.isReal.mul(row.c.sub(row.a[0]!).sub(row.a[1]!)));
    c.assertZero('padding is zero', row.isReal.not().mul(pack([row.c, row.a[0]!, row.a[1]!], 8)));
    for (const x of row.a) c.send(BYTE, [x], row.isReal, { maxPerRow: 1 });
    c.receive(SUM, [row.a[0]!, row.a[1]!, row.c], row.isReal, { maxPerRow: 1 });
  },
  freeCells: { hint: 'shows that declared free cells are left out' },
});

const bytes = defineChip({
  id: 'bytes',
  maxDegree: 1,
  columns: { x: fixed(u8('row number')), mult: field('uses') },
  fixed: {
    x: {
      kind: 'closedForm',
      value: (r) => r,
      mle: (p) => p.reduce((acc, b) => Fp5.add(Fp5.add(acc, acc), b), Fp5.ZERO),
    },
  },
  fillRow: (uses: number, row) => {
    row.mult = uses;
  },
  constrain: (c, row) => c.receive(BYTE, [row.x], row.mult, { maxPerRow: 2 ** 20 }),
});

const records = [
  { a: 3, b: 250 },
  { a: 255, b: 255 },
  { a: 0, b: 0 },
];
const uses = (): number[] => {
  const u = new Array<number>(256).fill(0);
  for (const { a, b } of records) for (const x of [a, b]) u[x]!++;
  return u;
};
const sums = records.map(({ a, b }) => ({ bus: SUM, message: [a, b, a + b], count: 1 }));

test('honest trace → no constraint fails and the buses balance', () => {
  const instances = [fillTrace(adder, records), fillTrace(bytes, uses())];
  assert.equal(instances[0]!.logHeight, 4);
  assert.deepEqual(checkRows(instances), []);
  assert.deepEqual(checkBuses(instances, sums), []);
});

test('rejects a wrong sum → the constraint by chip, row and label', () => {
  const instance = fillTrace(adder, records);
  instance.rows[1 * 5 + 3]! += 1;
  assert.deepEqual(checkRows([instance]), [{ chip: 'adder', row: 1, label: 'c = a[0] + a[1]' }]);
});

test('rejects a lookup outside the table → the bus names the message', () => {
  const out = fillTrace(adder, [{ a: 256, b: 1 }]);
  const [imbalance] = checkBuses([out, fillTrace(bytes, [])], [{ bus: SUM, message: [256, 1, 257], count: 1 }]);
  assert.equal(imbalance?.bus, 'BYTE');
  assert.deepEqual(imbalance?.message, [256]);
});

test('rejects a multiplicity above its declared bound', () => {
  const table = fillTrace(bytes, [2 ** 20 + 1]);
  assert.ok(checkBuses([table]).some((i) => i.places[0]?.includes('above its bound')));
});

test('a bit column with 2 → its booleanity fails', () => {
  const instance = fillTrace(adder, []);
  instance.rows[0] = 2;
  assert.ok(checkRows([instance]).some((f) => f.label === 'isReal is a bit'));
});

test('auditFreeCells → only undeclared free cells', () => {
  const rows = [
    [1, 3, 250, 253, 0],
    [0, 0, 0, 0, 0],
  ];
  const range = (bus: string, message: readonly number[]): boolean | undefined =>
    bus === 'BYTE' ? message[0]! < 256 : undefined;
  assert.deepEqual(auditFreeCells(adder.compiled, rows, [], range), []);
  assert.deepEqual(auditFreeCells({ ...adder.compiled, freeCells: {} }, rows, [], range), ['hint']);
});

test('evaluateInExt on a row’s cells → the base values', () => {
  const cells = [1, 3, 250, 253, 9].map((x) => Fp5.from(x));
  const values = evaluateInExt(adder.compiled, packExt(cells), []);
  for (const c of adder.compiled.constraints) assert.deepEqual(getExt(values, c.node), Fp5.ZERO);
  assert.deepEqual(getExt(values, adder.compiled.interactions[2]!.fields[2]!), Fp5.from(253));
});

test('evaluateClosedForm → the weighted sum of the column’s cells', () => {
  const random = seededRandom(41);
  const low = Array.from({ length: 16 }, () => randomExt(random));
  const high = Array.from({ length: 4 }, () => randomExt(random));
  const column = bytes.fixed.x!;
  assert.ok(column.kind === 'closedForm');
  const weights = unpackExt(eqTable(high)).flatMap((e) => low.map((l) => Fp5.mul(e, l)));
  const expected = weights.reduce((acc, w, r) => Fp5.add(acc, Fp5.scale(w, column.value(r))), Fp5.ZERO);
  assert.deepEqual(evaluateClosedForm(column, low, high), expected);
  const point = Array.from({ length: 8 }, () => randomExt(random));
  assert.deepEqual(
    column.mle(point),
    mleBase(
      Uint32Array.from({ length: 256 }, (_, r) => column.value(r)),
      point,
    ),
  );
});

const rule = (code: string, define: () => unknown): void => {
  assert.throws(define, (e: unknown) => e instanceof Error && 'code' in e && e.code === code);
};
const none = (): void => {};

test('defineChip on a broken rule → the code that names it', () => {
  const columns = { isReal: bit('real'), x: field('any') };
  rule('degreeTooHigh', () =>
    defineChip({
      id: 't',
      maxDegree: 2,
      columns,
      fillRow: none,
      constrain: (c, r) => c.assertZero('cube', r.x.mul(r.x).mul(r.x)),
    }),
  );
  rule('zeroRowViolates', () =>
    defineChip({ id: 't', maxDegree: 2, columns, fillRow: none, constrain: (c, r) => c.assertZero('one', r.x.sub(1)) }),
  );
  rule('zeroRowSends', () =>
    defineChip({
      id: 't',
      maxDegree: 2,
      columns,
      fillRow: none,
      constrain: (c, r) => c.send(BYTE, [r.x], r.isReal.not(), { maxPerRow: 1 }),
    }),
  );
  rule('busArity', () =>
    defineChip({
      id: 't',
      maxDegree: 2,
      columns,
      fillRow: none,
      constrain: (c, r) => c.send(BYTE, [r.x, r.x], r.isReal, { maxPerRow: 1 }),
    }),
  );
  rule('globalFromMain', () =>
    defineChip({
      id: 't',
      maxDegree: 2,
      columns,
      fillRow: none,
      constrain: (c, r) => c.send(CARRY, [r.x], r.isReal, { maxPerRow: 1 }),
    }),
  );
  rule('globalFromMain', () =>
    defineChip({
      id: 't',
      maxDegree: 2,
      columns: { isReal: inInterface(bit('real')), x: field('any') },
      fillRow: none,
      constrain: (c, r) => c.send(CARRY, [r.x.mul(2)], r.isReal, { maxPerRow: 1 }),
    }),
  );
  rule('fixedContents', () =>
    defineChip({ id: 't', maxDegree: 2, columns: { x: fixed(field('table')) }, fillRow: none, constrain: none }),
  );
  rule('unknownFreeCell', () =>
    defineChip({ id: 't', maxDegree: 2, columns, fillRow: none, constrain: none, freeCells: { y: '' } }),
  );
  rule('unknownPublic', () =>
    defineChip({ id: 't', maxDegree: 2, columns, fillRow: none, constrain: (c) => void c.public('epoch') }),
  );
  rule('maxPerRowOutOfRange', () =>
    defineChip({
      id: 't',
      maxDegree: 2,
      columns,
      fillRow: none,
      constrain: (c, r) => c.send(BYTE, [r.x], r.isReal, { maxPerRow: 0 }),
    }),
  );
  rule('busIndexOutOfRange', () => defineBus({ ...BYTE, index: 0, fields: {} }));
});

test('defineChip on a count that is no sum of bits within its bound → the code that names it', () => {
  const columns = { isReal: bit('real'), other: bit('another bit'), x: field('any') };
  type Row = Parameters<NonNullable<Parameters<typeof defineChip<typeof columns, never>>[0]['constrain']>>[1];
  const sends = (count: (r: Row) => Row['x'], maxPerRow: number, isTied = false) =>
    defineChip({
      id: 't',
      maxDegree: 2,
      columns,
      fillRow: none,
      constrain: (c, r) => {
        if (isTied) c.assertZero('one of the two', r.other.mul(r.isReal));
        c.send(BYTE, [r.x], count(r), { maxPerRow });
      },
    });
  rule('countNotBits', () => sends((r) => r.x, 1));
  rule('countNotBits', () => sends((r) => r.isReal.mul(r.x), 1));
  rule('countOutOfRange', () => sends((r) => r.isReal.add(r.other), 1));
  rule('countOutOfRange', () => sends((r) => r.isReal.sub(r.other), 1));
  rule('countOutOfRange', () => sends((r) => r.isReal.mul(3), 2));
  for (const [count, most, isTied] of [
    [(r: Row) => r.isReal.add(r.other), 2, false],
    [(r: Row) => r.isReal.add(r.other), 1, true],
    [(r: Row) => r.isReal.mul(3), 3, false],
  ] as const)
    assert.equal(sends(count, most, isTied).compiled.interactions.length, 1);
});

test('defineChip on a global message whose count alone, or whose field alone, is of a main column → globalFromMain', () => {
  const columns = {
    isReal: bit('real'),
    x: inInterface(field('any')),
    shown: inInterface(bit('bit')),
    y: field('any'),
  };
  const sends = (of: 'count' | 'field' | 'neither') =>
    defineChip({
      id: 't',
      maxDegree: 2,
      columns,
      fillRow: none,
      constrain: (c, r) =>
        c.send(CARRY, [of === 'field' ? r.x.add(r.y) : r.x], of === 'count' ? r.isReal : r.shown, { maxPerRow: 1 }),
    });
  rule('globalFromMain', () => sends('count'));
  rule('globalFromMain', () => sends('field'));
  assert.equal(sends('neither').compiled.interactions.length, 1);
});

test('a chip with lanes on a broken rule → the code that names it', () => {
  const columns = { isReal: bit('real'), x: lanes(bit('bits'), 1), y: lanes(field('elements'), 1) };
  const PARTS = { coefficients: new Array<number>(16).fill(1), constant: 0 };
  const WORD = defineBus({
    ...SUM,
    id: 'WORD',
    fields: Object.fromEntries([0, 1, 2, 3].map((i) => [i, SUM.fields[0]!])),
  });
  type Constrain = NonNullable<Parameters<typeof defineChip<typeof columns, never>>[0]['constrain']>;
  const define = (constrain: Constrain) =>
    defineChip({
      id: 't',
      maxDegree: 3,
      columns,
      fillRow: none,
      constrain: (c, r) => {
        c.slices.assertZero('used', c.slices.cell(r.y, 0));
        constrain(c, r);
      },
    });
  assert.equal(define(none).compiled.slices!.lanes.join(), '1,65');
  rule('sliceLeak', () => define((c, r) => c.assertZero('one cell', r.x[5]!)));
  rule('sliceLeak', () => define((c, r) => c.send(BYTE, [r.y[5]!], r.isReal, { maxPerRow: 1 })));
  rule('sliceLeak', () => define((c, r) => c.send(BYTE, [r.isReal], r.x[5]!, { maxPerRow: 1 })));
  rule('sliceLeak', () =>
    define((c, r) =>
      c.slices.assertZero(
        't',
        c.slices.table(() => r.x[5]!),
      ),
    ),
  );
  rule('sliceLeak', () =>
    define((c, r) => {
      const limbs = c.slices.pack(c.slices.cell(r.y, 0), PARTS);
      c.send(WORD, [limbs[1]!, limbs[0]!, limbs[2]!, limbs[3]!], r.isReal, { maxPerRow: 1 });
    }),
  );
  rule('unknownLane', () => define((c, r) => c.slices.assertZero('t', c.slices.cell(r.x, 1))));
  rule('unknownLane', () => define((c, r) => c.slices.assertZero('t', c.slices.cell([r.isReal], 0))));
  rule('notSliced', () => define((c, r) => c.slices.assertZero('t', r.isReal)));
  rule('notOfRow', () => define((c, r) => c.assertZero('t', c.slices.cell(r.x, 0))));
  rule('packingLength', () =>
    define((c, r) => void c.slices.pack(c.slices.cell(r.x, 0), { coefficients: [1, 2, 3], constant: 0 })),
  );
  rule('laneUnused', () => defineChip({ id: 't', maxDegree: 2, columns, fillRow: none, constrain: none }));
  rule('laneNotMain', () =>
    defineChip({
      id: 't',
      maxDegree: 2,
      columns: { x: inInterface(lanes(bit('bits'), 1)) },
      fillRow: none,
      constrain: none,
    }),
  );
});

test('chipDigest of lanes → moves with a rotation, a table entry and a packing', () => {
  const digest = (rotation: number, entry: number, coefficient: number): string =>
    chipDigest(
      defineChip({
        id: 't',
        maxDegree: 2,
        columns: { isReal: bit('real'), x: lanes(field('elements'), 1) },
        fillRow: none,
        constrain: (c, r) => {
          const turned = c.slices.cell(r.x, 0, rotation);
          c.slices.assertZero('t', turned.mul(c.slices.table((z) => (z === 9 ? entry : z))));
          const parts = { coefficients: [coefficient, ...new Array<number>(63).fill(2)], constant: 0 };
          c.send(BYTE, c.slices.pack(turned, parts), r.isReal, { maxPerRow: 1 });
        },
      }).compiled,
    ).join();
  const all = [digest(3, 5, 2), digest(4, 5, 2), digest(3, 6, 2), digest(3, 5, 7)];
  assert.equal(new Set(all).size, all.length);
  assert.equal(digest(3, 5, 2), digest(67, 5, 2));
});

test('chipDigest → moves with a constraint, a bound or a bus, not with a doc', () => {
  const make = (o: { k?: number; max?: number; doc?: string }) =>
    defineChip({
      id: 't',
      maxDegree: 2,
      columns: { isReal: bit(o.doc ?? 'real'), x: field('any') },
      fillRow: none,
      constrain: (c, r) => {
        c.assertZero('x', r.x.mul(r.x.sub(o.k ?? 2)));
        c.send(BYTE, [r.x], r.isReal, { maxPerRow: o.max ?? 1 });
      },
    });
  const digest = (o: { k?: number; max?: number; doc?: string }): string => chipDigest(make(o).compiled).join();
  assert.equal(digest({}), digest({ doc: 'other words' }));
  assert.notEqual(digest({}), digest({ k: 3 }));
  assert.notEqual(digest({}), digest({ max: 2 }));
  assert.equal(make({ k: P + 2 }).compiled.nodes.length, make({}).compiled.nodes.length);
});
