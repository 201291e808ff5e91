import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chip, defineChip } from '../../../client/prover/air/chip.ts';
import { array, bit, type CellTargets, field } from '../../../client/prover/air/columns.ts';
import { compileRows } from '../../../client/prover/air/row-program.ts';
import { RowFiller } from '../../../client/prover/air/run-rows.ts';
import { WORD_MAX, Word, type WordBuilder } from '../../../client/prover/air/word.ts';
import { Fp, P } from '../../../client/prover/field/fp.ts';
import { seededRandom } from '../../support/random.ts';

const EDGES = [0, 1, 2, 15, 16, 31, 255, 0xffff, 0x10000, P - 1, P, 0x7fffffff, 0x80000000, WORD_MAX - 1, WORD_MAX];
const COLUMNS = { low: field('low half of the word'), high: field('high half'), bits: array(bit('bits'), 32) };

type Columns = typeof COLUMNS;
type Fill = (b: WordBuilder, row: CellTargets<Columns>) => void;

function chipOf(fill: Fill): Chip<Columns, WordBuilder> {
  return defineChip({ id: 'words', maxDegree: 2, columns: COLUMNS, fill, constrain: () => {} });
}

/** The word that `of` gives for each record of `stride` words. */
function valuesOf(of: (b: WordBuilder) => Word, records: Uint32Array, stride: number): number[] {
  const program = compileRows(
    chipOf((b, row) => {
      const word = of(b);
      row.low = word.and(0xffff);
      row.high = word.shr(16);
      row.bits = word.bits(32);
    }),
    stride,
    (b) => b,
  );
  const count = records.length / stride;
  const width = program.chip.columns.length;
  const rows = new Uint32Array(count * width);
  const facts = { words: Uint32Array.from([7, 8, 9, WORD_MAX]), width: 2, firstKey: 5 };
  new RowFiller(program).fill({ words: records, facts }, 0, count, rows);
  return Array.from({ length: count }, (_, r) => {
    const value = rows[r * width]! + 2 ** 16 * rows[r * width + 1]!;
    const bits = Array.from(rows.subarray(r * width + 2, (r + 1) * width)).reduce((n, b, k) => n + b * 2 ** k, 0);
    assert.equal(bits, value, `bits of ${value}`);
    return value;
  });
}

/** All pairs of edges and some random ones: more than a chunk of the interpreter. */
function pairs(): [number, number][] {
  const random = seededRandom(77);
  const some = Array.from({ length: 40 }, (): [number, number] => [random(), random()]);
  return [...EDGES.flatMap((a) => EDGES.map((b): [number, number] => [a, b])), ...some];
}

const modulo = (x: bigint): number => Number(BigInt.asUintN(32, x));

const BINARY: Readonly<Record<string, readonly [(a: Word, b: Word) => Word, (a: number, b: number) => number]>> = {
  'difference modulo 2^32': [(a, b) => a.sub(b), (a, b) => modulo(BigInt(a) - BigInt(b))],
  'product modulo 2^32': [(a, b) => a.mulLow(b), (a, b) => modulo(BigInt(a) * BigInt(b))],
  quotient: [(a, b) => a.div(b), (a, b) => (b === 0 ? 0 : Number(BigInt(a) / BigInt(b)))],
  and: [(a, b) => a.and(b), (a, b) => (a & b) >>> 0],
  or: [(a, b) => a.or(b), (a, b) => (a | b) >>> 0],
  xor: [(a, b) => a.xor(b), (a, b) => (a ^ b) >>> 0],
  'left shift': [(a, b) => a.shl(b.and(31)), (a, b) => modulo(BigInt(a) << BigInt(b & 31))],
  'right shift': [(a, b) => a.shr(b.and(31)), (a, b) => a >>> (b & 31)],
  rotation: [(a) => a.rotl(7), (a) => modulo((BigInt(a) << 7n) | (BigInt(a) >> 25n))],
  equality: [(a, b) => a.equal(b), (a, b) => (a === b ? 1 : 0)],
  order: [(a, b) => a.less(b), (a, b) => (a < b ? 1 : 0)],
  choice: [(a, b) => a.select(b, 3), (a, b) => (a === 0 ? 3 : b)],
  'sum of halves': [(a, b) => a.shr(1).add(b.shr(1)), (a, b) => (a >>> 1) + (b >>> 1)],
  'product of halves': [(a, b) => a.shr(16).mul(b.and(0xffff)), (a, b) => (a >>> 16) * (b & 0xffff)],
  'difference in the field': [(a, b) => a.and(0xffff).fieldSub(b.shr(2)), (a, b) => Fp.sub(a & 0xffff, b >>> 2)],
  'product in the field': [(a, b) => a.shr(2).fieldMul(b.shr(2)), (a, b) => Fp.mul(a >>> 2, b >>> 2)],
  inverse: [(a, b) => a.and(b).shr(2).inverse(), (a, b) => Fp.inv((a & b) >>> 2)],
};

for (const [name, [of, expected]] of Object.entries(BINARY))
  test(`${name} of two words → as computed with integers`, () => {
    const all = pairs();
    const values = valuesOf((b) => of(b.record(0), b.record(1)), Uint32Array.from(all.flat()), 2);
    assert.deepEqual(
      values,
      all.map(([a, b]) => expected(a, b)),
    );
  });

test('division of 64 bits → quotient and remainder; zeros for a division by zero', () => {
  const all = pairs();
  const records = Uint32Array.from(
    all.flatMap(([a, b], i) => [a, b, all[all.length - 1 - i]![0], i % 3 === 0 ? 0 : b >>> 9]),
  );
  for (let part = 0; part < 4; part++) {
    const values = valuesOf(
      (b) => {
        const { quotient, remainder } = Word.divide64([b.record(0), b.record(1)], [b.record(2), b.record(3)]);
        return [...quotient, ...remainder][part]!;
      },
      records,
      4,
    );
    values.forEach((value, r) => {
      const [low, high, dLow, dHigh] = Array.from(records.subarray(4 * r, 4 * r + 4), BigInt) as [
        bigint,
        bigint,
        bigint,
        bigint,
      ];
      const [n, d] = [(high << 32n) | low, (dHigh << 32n) | dLow];
      const whole = d === 0n ? 0n : part < 2 ? n / d : n % d;
      assert.equal(value, Number((whole >> (32n * BigInt(part % 2))) & 0xffffffffn), `record ${r}, part ${part}`);
    });
  }
});

test('facts → the row of the table that the record’s first word numbers', () => {
  assert.deepEqual(
    valuesOf((b) => b.fact(1), Uint32Array.of(5, 6), 1),
    [8, WORD_MAX],
  );
});

const throwsCode = (code: string, run: () => unknown): void => {
  assert.throws(run, (e: unknown) => e instanceof Error && 'code' in e && e.code === code);
};

test('rejects a record’s word above its range → the chip and the record', () => {
  const program = compileRows(
    chipOf((b, row) => {
      row.low = b.record(0, 30);
    }),
    1,
    (b) => b,
  );
  const records = new Uint32Array(200);
  records[150] = 2 ** 30;
  const rows = new Uint32Array(200 * program.chip.columns.length);
  assert.throws(
    () => new RowFiller(program).fill({ words: records }, 0, 200, rows),
    (e: unknown) => e instanceof Error && 'code' in e && e.code === 'recordOutOfRange' && /record 150/.test(e.message),
  );
});

test('rejects a negative difference that is said to be small', () => {
  throwsCode('recordOutOfRange', () =>
    valuesOf((b) => b.record(0).sub(b.record(1)).below(30), Uint32Array.of(3, 4), 2),
  );
});

test('rejects cells, sums and products that could leave their range, when the chip is compiled', () => {
  const compile = (fill: Fill): unknown => compileRows(chipOf(fill), 2, (b) => b);
  throwsCode('cellBound', () =>
    compile((b, row) => {
      row.low = b.record(0);
    }),
  );
  throwsCode('cellBound', () =>
    compile((b, row) => {
      row.low = b.record(0, 30).sub(b.record(1, 30));
    }),
  );
  throwsCode('wordOverflow', () => compile((b) => void b.record(0).add(1)));
  throwsCode('wordOverflow', () => compile((b) => void b.record(0, 17).mul(b.record(1, 16))));
  throwsCode('wordOutOfRange', () => compile((b) => void b.record(0).inverse()));
  throwsCode('wordOutOfRange', () => compile((b) => void b.record(0).not()));
  throwsCode('cellCount', () =>
    compile((b, row) => {
      row.bits = b.record(0).bits(31);
    }),
  );
});
