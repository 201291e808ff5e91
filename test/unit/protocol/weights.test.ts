import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getExt, packExt } from '../../../client/prover/field/ext-vec.ts';
import { Fp, P } from '../../../client/prover/field/fp.ts';
import { type Ext, Fp5 } from '../../../client/prover/field/fp5.ts';
import { eqTable } from '../../../client/prover/poly/eq.ts';
import { batchClaims, batchRuns } from '../../../client/prover/protocol/segment/statement.ts';
import { termsAt, type WeightTerm } from '../../../client/prover/protocol/whir/shape.ts';
import { randomExt, seededRandom } from '../../support/random.ts';

const random = seededRandom(98);
const exts = (n: number): Ext[] => Array.from({ length: n }, () => randomExt(random));

/** The weight's table, entry by entry. */
function tableOf({ weight }: WeightTerm, size: number): Ext[] {
  const table = new Array<Ext>(size).fill(Fp5.ZERO);
  if (weight.kind === 'power') {
    for (let i = 0, power = Fp5.ONE; i < size; i++, power = Fp5.mul(power, weight.y)) table[i] = power;
    return table;
  }
  const high = eqTable(weight.high);
  for (let row = 0; row < 2 ** weight.logHeight; row++)
    table[weight.offset + row] = Fp5.mul(getExt(high, row >> 4), weight.lagrange[row & 15]!);
  return table;
}

test('termsAt of columns of two heights and powers → Σ by · the table’s extension', () => {
  const bound = exts(8);
  const lagrange = exts(16);
  const [tall, low] = [exts(2), exts(0)];
  const column = (offset: number, logHeight: number, high: readonly Ext[]): WeightTerm => ({
    weight: { kind: 'column', offset, logHeight, lagrange, high },
    by: randomExt(random),
    since: 0,
  });
  const terms: WeightTerm[] = [
    ...[0, 64, 128].map((offset) => column(offset, 6, tall)),
    ...[192, 240, 208].map((offset) => column(offset, 4, low)),
    column(64, 6, exts(2)),
    ...[0, 3].map((since) => ({
      weight: { kind: 'power', y: randomExt(random) } as const,
      by: randomExt(random),
      since,
    })),
  ];
  let expected = Fp5.ZERO;
  for (const term of terms) {
    const point = bound.slice(term.since);
    const eq = eqTable(point);
    tableOf(term, 2 ** point.length).forEach((entry, i) => {
      expected = Fp5.add(expected, Fp5.mul(term.by, Fp5.mul(entry, getExt(eq, i))));
    });
  }
  assert.deepEqual(termsAt(terms, bound), expected);
});

test('termsAt of powers of base points → as of the same points in the extension', () => {
  const bound = exts(6);
  const y = random() % P;
  const at = (point: Ext): Ext => termsAt([{ weight: { kind: 'power', y: point }, by: Fp5.ONE, since: 2 }], bound);
  let expected = Fp5.ZERO;
  const eq = eqTable(bound.slice(2));
  for (let i = 0; i < 16; i++) expected = Fp5.add(expected, Fp5.scale(getExt(eq, i), Fp.pow(y, i)));
  assert.deepEqual(at(Fp5.from(y)), expected);
});

test('batchRuns of columns in any order → claim and weight of batchClaims column by column', () => {
  const LOG_SIZE = 10;
  const tau = randomExt(random);
  const lagrange = exts(16);
  const highs = [0, 1, 2, 3, 4].map(exts);
  const [one, other] = exts(2) as [Ext, Ext];
  const runs = [
    { offset: 256, logHeight: 6, count: 3, scale: one },
    { offset: 704, logHeight: 5, count: 3, scale: one },
    { offset: 448, logHeight: 6, count: 4, scale: one },
    { offset: 0, logHeight: 8, count: 1, scale: other },
    { offset: 800, logHeight: 4, count: 5, scale: one },
    { offset: 880, logHeight: 4, count: 9, scale: other },
    { offset: 0, logHeight: 8, count: 1, scale: one },
  ].map(({ count, ...run }) => ({ ...run, lagrange, high: highs[run.logHeight - 4]!, values: packExt(exts(count)) }));
  const ood = [{ weight: { kind: 'power', y: randomExt(random) } as const, value: randomExt(random) }];
  const byColumn = batchClaims(tau, { runs, lanes: [] }, ood, LOG_SIZE);
  const byRun = batchRuns(tau, { runs, lanes: [] }, ood, LOG_SIZE);
  assert.deepEqual(byRun.claim, byColumn.claim);
  const bound = exts(LOG_SIZE);
  assert.deepEqual(termsAt(byRun.terms, bound), termsAt(byColumn.terms, bound));
  assert.equal(byRun.terms.length, 6 + ood.length);
});
