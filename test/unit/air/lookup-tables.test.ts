import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBus } from '../../../client/prover/air/bus.ts';
import { evaluateClosedForm } from '../../../client/prover/air/fixed.ts';
import { committedTable } from '../../../client/prover/chips/tables/committed.ts';
import { MessageIndex } from '../../../client/prover/chips/tables/message-index.ts';
import { pair } from '../../../client/prover/chips/tables/pair.ts';
import { pow } from '../../../client/prover/chips/tables/pow.ts';
import { round } from '../../../client/prover/chips/tables/round.ts';
import { holds, type Provider, type Table } from '../../../client/prover/chips/tables/table.ts';
import { P } from '../../../client/prover/field/fp.ts';
import { mleBase } from '../../../client/prover/poly/evaluate.ts';
import { randomExt, seededRandom } from '../../support/random.ts';

const VALUES = [0, 1, 2, 3, 255, 256, 257, 0xffff, 0x10000, 2 ** 16 + 1, P - 1];

function messages(arity: number): number[][] {
  if (arity === 0) return [[]];
  return messages(arity - 1).flatMap((m) => VALUES.map((v) => [...m, v]));
}

/** Contents of a table's row as its one message per bus shows them. */
const RULES: Readonly<Record<string, (m: readonly number[]) => boolean>> = {
  RANGE16: ([x]) => x! < 2 ** 16,
  BYTES: ([x, y]) => x! < 256 && y! < 256,
  AND: ([x, y, and]) => x! < 256 && y! < 256 && (x! & y!) === and,
  POW: ([x, power]) => [...Array(17).keys()].some((n) => power === 2 ** n) && x! < power!,
};

/** One use each of the given messages, with some that count nothing in between. */
function used(provider: Provider, { logHeight }: Table, list: readonly (readonly number[])[]) {
  const uses = new Uint32Array(2 ** logHeight);
  const fields = provider.bus.fields.map((_, k) => Uint32Array.from(list, (m) => m[k]!));
  const counts = Uint32Array.from(list, (_, i) => (i % 3 === 2 ? 0 : i + 1));
  return { missing: provider.addUses(uses, fields, counts, list.length), uses, counts };
}

for (const table of [pair, pow])
  for (const provider of table.providers)
    test(`${provider.bus.id}: messages inside and outside the table → counted on their rows; the first missing one is told`, () => {
      const all = messages(provider.bus.fields.length);
      const inside = all.filter((m) => RULES[provider.bus.id]!(m));
      for (const m of all) assert.equal(holds(provider, m), RULES[provider.bus.id]!(m), m.join());
      const { missing, uses, counts } = used(provider, table, inside);
      assert.equal(missing, -1);
      const expected = new Uint32Array(uses.length);
      inside.forEach((m, i) => {
        const row = provider.rowOf(
          m.map((x) => Uint32Array.of(x)),
          0,
        );
        expected[row]! += counts[i]!;
      });
      assert.deepEqual(uses, expected);
      const outside = all.find((m) => !RULES[provider.bus.id]!(m))!;
      assert.equal(used(provider, table, [inside[0]!, inside[1]!, outside, outside]).missing, 3, 'one that counts');
    });

test('committed messages → each at its row, no other found', () => {
  const field = { range: 'any', guaranteedBy: 'table' } as const;
  const bus = defineBus({
    id: 'T',
    index: 99,
    kind: 'lookup',
    scope: 'local',
    fields: { a: field, b: field, c: field },
  });
  const random = seededRandom(5);
  const rows = Array.from({ length: 1000 }, (_, r) => [r >> 2, r & 3, random() % P]);
  const table = committedTable('t', bus, rows);
  const index = new MessageIndex(rows, 3);
  rows.forEach((m, r) => {
    const at = (message: readonly number[]): number =>
      index.rowOf(
        message.map((x) => Uint32Array.of(x)),
        0,
      );
    assert.equal(at(m), r);
    assert.equal(at([m[0]!, m[1]!, (m[2]! + 1) % P]), -1);
  });
  assert.equal(holds(table.providers[0]!, rows[999]!), true);
  assert.equal(holds(table.providers[0]!, [250, 0, 0]), false);
});

test('closed forms at random points → the extension of their cells, also weighted by the skipped bits', () => {
  const random = seededRandom(44);
  const exts = (n: number) => Array.from({ length: n }, () => randomExt(random));
  for (const { chip, logHeight } of [pair, pow, round])
    for (const [name, form] of Object.entries(chip.fixed)) {
      assert.ok(form.kind === 'closedForm');
      const point = exts(logHeight);
      const cells = Uint32Array.from({ length: 2 ** logHeight }, (_, row) => form.value(row));
      assert.deepEqual(form.mle(point), mleBase(cells, point), `${chip.compiled.id}.${name}`);
      const [low, high] = [exts(16), exts(logHeight - 4)];
      const { opening, ...plain } = form;
      assert.deepEqual(evaluateClosedForm(form, low, high), evaluateClosedForm(plain, low, high), name);
      assert.equal(opening !== undefined, chip.compiled.id === 'round', name);
    }
});
