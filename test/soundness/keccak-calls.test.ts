/** A prover that lies about Keccak-f: in a call, between call and rounds, and in a round. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import { again, cellAt, lie, realRows } from '../support/lies.ts';
import { instanceOf, inTablesOf, rejectsLiesIn, type Tampering, toyFailures, toyRun } from '../support/machine.ts';
import { segmentedRun, segmentFailures, tamperedSegments } from '../support/segments.ts';
import { call, i32, i64, wasmModule } from '../support/wasm-module.ts';

const STORE64 = 0x37;
const permute = (at: number): number[] => [...i32(at), ...call(1)];
/** Two states, one other than zero, and the second permuted twice. */
const WASM = wasmModule({
  hosts: ['halt', 'keccak_f'],
  pages: 1,
  functions: [
    {
      name: 'main',
      code: [
        ...[...i32(0), ...i64(0x0123456789abcdefn), STORE64, 0, 0],
        ...[...permute(0), ...permute(200), ...permute(200)],
        ...[...i32(0), ...call(0)],
      ],
    },
  ],
});
const run = toyRun(WASM);
const [HOST, CALL, ROUND] = ['keccak_host', 'keccak_call', 'keccak_round'] as const;
const table = (id: string) => instanceOf(run.trace, id);
const LIMBS = Array.from({ length: 100 }, (_, k) => k);
/** Cells of one row in the place of another's. */
const taking = (id: string, from: number, names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, cellAt(table(id), from, name)]));
const outputs = LIMBS.map((k) => `output[${k}]`);

const rejects = rejectsLiesIn(run);

test('three calls → every constraint holds and every bus balances', () => {
  assert.deepEqual(toyFailures(run, run.trace), { rows: [], buses: [] });
  assert.equal(realRows(table(ROUND)).length, 3 * 24);
});

describe('calls', () => {
  rejects('a result that is not the permutation’s', /^KECCAK_CALL$/, lie(HOST, 0, { 'output[7]': (x) => x ^ 1 }));
  rejects(
    'two calls that exchange their results',
    /^KECCAK_CALL$/,
    lie(HOST, 0, taking(HOST, 1, outputs)),
    lie(HOST, 1, taking(HOST, 0, outputs)),
  );
  rejects(
    'two calls that exchange their rounds',
    /^KECCAK_C(ALL|HAIN)$/,
    lie(CALL, 0, taking(CALL, 1, ['clock'])),
    lie(CALL, 1, taking(CALL, 0, ['clock'])),
  );
  rejects('another input than memory has', /^MEM$/, lie(HOST, 0, { 'input[0]': (x) => x + 1 }));
  rejects('a call that nobody runs through rounds', /^KECCAK_CALL$/, lie(CALL, 2, { isReal: 0 }));
  rejects('a call that runs through rounds twice', /^KECCAK_CALL$/, again(run.trace, CALL, 0));
  rejects('a call with the number of another segment', /^KECCAK_CALL$/, lie(CALL, 0, { segment: 1 }));
  rejects('a state that starts between two cells', /^MEM$/, lie(HOST, 0, { 'pointer.limbs[0]': 4 }));
  rejects('a state from 2^30 on', /^RANGE16$/, lie(HOST, 0, { 'pointer.limbs[1]': 2 ** 14 }));
});

describe('rounds', () => {
  rejects('a round left out', /^KECCAK_CHAIN$/, lie(ROUND, 5, { isReal: 0 }));
  rejects('a round of another number', /^KECCAK_CHAIN$/, lie(ROUND, 5, { round: 6 }));
  rejects('a 25th round', /^ROUND$/, lie(ROUND, 23, { round: 24 }));
  rejects('a round of another call', /^KECCAK_CHAIN$/, lie(ROUND, 5, { clock: (x) => x + 1 }));
  rejects('a round of a call in another segment', /^KECCAK_CHAIN$/, lie(ROUND, 5, { segment: 1 }));
  for (let j = 0; j < 7; j++)
    rejects(`another bit ${j} of a round constant`, /^ROUND$/, lie(ROUND, 5, { [`rc[${j}]`]: (x) => 1 - x }));
  rejects('a flipped bit of the state', /parity of column/, lie(ROUND, 5, { 'afterTheta[777]': (x) => 1 - x }));
  rejects(
    'two flipped bits of a column',
    /^KECCAK_CHAIN$/,
    lie(ROUND, 5, { 'afterTheta[0]': (x) => 1 - x, 'afterTheta[320]': (x) => 1 - x }),
  );
  rejects('a flipped parity', /parity of column/, lie(ROUND, 5, { 'parity[100]': (x) => 1 - x }));
  rejects('a bit of 2', /is a bit/, lie(ROUND, 5, { 'afterTheta[3]': 2 }));
});

test('cells of a round that padding leaves free → bound where there is a round', () => {
  const { chip, rows } = table(ROUND);
  const width = chip.columns.length;
  const row = Array.from(rows.subarray(5 * width, 6 * width));
  const others = chip.columns.filter(({ name }) => !(name in chip.freeCells)).map(({ name }) => [name, 'audited']);
  assert.equal(others.length, width - 10);
  assert.deepEqual(auditFreeCells({ ...chip, freeCells: Object.fromEntries(others) }, [row], [], inTablesOf(run)), []);
});

describe('calls that other segments run through rounds', () => {
  const segmented = segmentedRun(WASM, 3);
  const at = (id: string): number => segmented.traces.findLastIndex((trace) => trace.some((t) => t.chip.id === id));
  const noticed = (name: string, by: RegExp, j: number, ...lies: readonly Tampering[]): void => {
    test(`rejects ${name}`, () => {
      const found = segmentFailures(segmented, tamperedSegments(segmented, j, lies));
      assert.ok(
        found.some((label) => by.test(label)),
        found.join(', '),
      );
    });
  };
  test('the honest run → every segment holds and the block balances', () => {
    assert.notEqual(at(HOST), at(CALL));
    assert.deepEqual(segmentFailures(segmented, segmented.traces), []);
  });
  noticed('another result of a call', /^KECCAK_CALL$/, at(HOST), lie(HOST, 0, { 'output[0]': (x) => x ^ 1 }));
  noticed('rounds for a call of another segment', /^KECCAK_CALL$/, at(CALL), lie(CALL, 0, { segment: (x) => x + 1 }));
  noticed('rounds that end in another state', /^KECCAK_CHAIN$/, at(CALL), lie(CALL, 0, { 'output[99]': (x) => x ^ 1 }));
});
