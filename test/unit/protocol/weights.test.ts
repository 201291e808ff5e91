import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getExt } from '../../../client/prover/field/ext-vec.ts';
import { type Ext, Fp5 } from '../../../client/prover/field/fp5.ts';
import { eqTable } from '../../../client/prover/poly/eq.ts';
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
