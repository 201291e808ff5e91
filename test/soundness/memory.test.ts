/** A prover that lies about memory: within a segment, at its boundary, in the table of all cells, and between segments. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Space } from '../../client/prover/chips/buses.ts';
import { refresh, SPLIT } from '../../client/prover/chips/memory/refresh.ts';
import { P } from '../../client/prover/field/fp.ts';
import { rowFailures } from '../support/chip-rows.ts';
import { again, cellAt, lie, rowWith } from '../support/lies.ts';
import { instanceOf, rejectsLiesIn, type Tampering, toyFailures, toyRun } from '../support/machine.ts';
import { BEYOND_MEMORY, recordedModule } from '../support/recorded-module.ts';
import { cellsLeftBy, segmentedRun, segmentFailures, tamperedSegments } from '../support/segments.ts';
import { call, i32, i64, wasmModule } from '../support/wasm-module.ts';

const [LOAD64, STORE64, ADD64] = [0x29, 0x37, 0x7c];
const load = (at: number): number[] => [...i32(at), LOAD64, 0, 0];
const store = (at: number, value: readonly number[]): number[] => [...i32(at), ...value, STORE64, 0, 0];
const [DATA_AT, OWN_AT] = [8, 64];
/** Cell 8 is written twice and read after each; cell 1 holds data. */
const CODE = [
  ...store(OWN_AT, i64(5n)),
  ...store(72, load(DATA_AT)),
  ...store(OWN_AT, [...load(OWN_AT), ...i64(1n), ADD64]),
  ...store(80, load(OWN_AT)),
  ...[...i32(0), ...call(0)],
];
const WASM = wasmModule({
  hosts: ['halt'],
  pages: 1,
  data: [{ offset: DATA_AT, bytes: [1, 2, 3, 4, 5, 6, 7, 8] }],
  functions: [{ name: 'main', code: CODE }],
});
const run = toyRun(WASM);
const tableOf = (id: string) => instanceOf(run.trace, id);
const cellOf = (id: string, at: number): number => rowWith(tableOf(id), { space: Space.LINEAR, address: at / 8 });
const own = cellOf('boundary', OWN_AT);
const ownInTable = cellOf('memory_table', OWN_AT);
const data = cellOf('memory_table', DATA_AT);
const loads = tableOf('load64');
const stores = tableOf('store64');
/** Rows of load64 and store64 in the order in which they ran. */
const READ = { data: 0, afterFirst: 1, afterSecond: 2 };
const WRITE = { first: 0, second: 2 };

const rejects = rejectsLiesIn(run);

test('the honest run → every constraint holds and every bus balances', () => {
  assert.deepEqual(toyFailures(run, run.trace), { rows: [], buses: [] });
  assert.equal(cellAt(loads, READ.afterFirst, 'cell.limbs[0]'), 5);
  assert.equal(cellAt(loads, READ.afterSecond, 'cell.limbs[0]'), 6);
});

describe('accesses', () => {
  const before = cellAt(loads, READ.afterFirst, 'cell.prev');
  rejects(
    'a read of the value before last, with its time',
    /^MEM$/,
    lie('load64', READ.afterSecond, { 'cell.limbs[0]': 5, 'cell.prev': before }),
  );
  const written = cellAt(loads, READ.afterSecond, 'cell.prev');
  rejects(
    'a read of a value that is written later',
    /^RANGE16$/,
    lie('load64', READ.afterFirst, { 'cell.limbs[0]': 6, 'cell.prev': written }),
  );
  rejects(
    'a read at the time of the write that it reads',
    /^RANGE16$/,
    lie('load64', READ.afterFirst, { 'cell.prev': cellAt(loads, READ.afterFirst, 'clock') + 1 }),
  );
  rejects(
    'a gap of 2^16 in one step',
    /^RANGE16$/,
    lie('load64', READ.afterFirst, { 'cell.prev': (x) => x - 2 ** 16 }),
  );
  const [early, late] = [WRITE.first, WRITE.second].map((r) => cellAt(stores, r, 'clock')) as [number, number];
  rejects(
    'two stores that exchange their times',
    /^EXEC$/,
    lie('store64', WRITE.first, { clock: late }),
    lie('store64', WRITE.second, { clock: early }),
  );
  rejects('a store that replaces another value', /^MEM$/, lie('store64', WRITE.second, { 'cell.limbs[0]': 9 }));
  rejects(
    'a store of another value than its slot holds',
    /^MEM$/,
    lie('store64', WRITE.second, { 'value.limbs[1]': 1 }),
  );
  rejects('a pointer of 2^30', /^RANGE16$/, lie('load64', READ.data, { 'address.base.limbs[1]': 2 ** 14 }));
  rejects('an offset that the program does not have', /^PROGRAM$/, lie('load64', READ.data, { 'address.offset': 8 }));
});

test('a load of 8 bytes at the residues 1 to 7, or a pointer with any multiple of P → a cell that no memory zone has', () => {
  const { rows, chip, cells } = recordedModule(WASM).run('load64');
  const column = (name: string): number => chip.columns.findIndex((c) => c.name === name);
  for (let residue = 1; residue < 8; residue++) {
    const row = rows[READ.data]!.slice();
    row[column('address.base.limbs[0]')]! += residue;
    const [at] = cells(row);
    assert.ok(at! >= BEYOND_MEMORY, `residue ${residue}: cell ${at}`);
  }
  assert.deepEqual(new Set(cells(rows[READ.data]!)), new Set([DATA_AT / 8]));
});

describe('boundary rows', () => {
  const [start, end] = ['start', 'end'].map((name) => cellAt(tableOf('boundary'), own, name)) as [number, number];
  rejects('a touched cell without one', /^MEM$/, lie('boundary', own, { isReal: 0 }));
  rejects('a cell with two', /^CELL$/, again(run.trace, 'boundary', own));
  rejects('a cell taken from the own epoch', /^RANGE16$/, lie('boundary', own, { epoch: 1 }));
  rejects('a cell taken from a later epoch', /^RANGE16$/, lie('boundary', own, { epoch: 2 }));
  rejects('another value before the segment', /^CELL$/, lie('boundary', own, { 'before[0]': 1 }));
  rejects('another value behind the segment', /^MEM$/, lie('boundary', own, { 'after[0]': 5 }));
  rejects('an end before the last access', /^MEM$/, lie('boundary', own, { end: end - 1 }));
  rejects(
    'a start behind the first access, which says so too',
    /^RANGE16$/,
    lie('boundary', own, { start: start + 2 ** 10 }),
    lie('store64', WRITE.first, { 'cell.prev': start + 2 ** 10 }),
  );
});

describe('the table of all cells', () => {
  const zeros = Object.fromEntries([0, 1, 2, 3].map((k) => [`initial[${k}]`, 0]));
  rejects('a touched cell without a row', /^SORT$/, lie('memory_table', ownInTable, { isReal: 0 }));
  rejects('a cell with two rows', /^SORT$/, again(run.trace, 'memory_table', ownInTable));
  rejects(
    'a cell that starts with a value outside the data',
    /limb 0 is zero/,
    lie('memory_table', ownInTable, { 'initial[0]': 1 }),
  );
  rejects('a cell of data that starts as zero', /^DATA$/, lie('memory_table', data, zeros));
  rejects('a cell of data as one that starts as zero', /^SORT$/, lie('memory_table', data, { ...zeros, isData: 0 }));
  rejects('a cell outside the data as one of them', /^SORT$/, lie('memory_table', ownInTable, { isData: 1 }));
  rejects(
    'a row that goes on with its own cell',
    /^RANGE16$/,
    lie('memory_table', ownInTable, { gap: -1, gapHigh: 0 }),
  );
  const past = (2 ** 16 * run.vm.shape.memoryPages) / 8;
  rejects(
    'the first cell past memory',
    /^SORT$/,
    lie('memory_table', ownInTable, { address: past, addressHigh: Math.floor(past / SPLIT) }),
  );
  rejects(
    'an address of 2^29 + 2^16',
    /^RANGE16$/,
    lie('memory_table', ownInTable, { address: 2 ** 29 + 2 ** 16, addressHigh: 2 ** 16 - 1 }),
  );
  rejects('another last value', /^CELL$/, lie('memory_table', ownInTable, { 'last[0]': 7 }));
  rejects('a last value of another epoch', /^CELL$/, lie('memory_table', ownInTable, { epoch: 0 }));
  test('no zone → reaches beyond memory', () => {
    const ends = run.vm.zones.filter((z) => z.space === Space.LINEAR).map((z) => z.to);
    assert.equal(Math.max(...ends), past);
    assert.ok(past <= BEYOND_MEMORY);
  });
});

describe('refresh rows', () => {
  const { compiled } = refresh;
  /** A row that moves cell 8 of linear memory from one clock to another, parts as high as they can be. */
  const row = (from: number, to: number, change: Readonly<Record<string, number>> = {}): number[] => {
    const high = (x: number): number => Math.max(0, Math.min(2 ** 16 - 1, Math.floor(x / SPLIT)));
    const gap = to - from - 1;
    const cells: Record<string, number> = {
      isReal: 1,
      space: Space.LINEAR,
      address: 8,
      to,
      toHigh: high(to),
      gap,
      gapHigh: high(gap),
      ...change,
    };
    return compiled.columns.map(({ name }) => cells[name] ?? 0);
  };
  const MOST = 2 ** 13 * (2 ** 16 - 1) + 2 ** 16 - 1;
  test('to any later clock below 2^29 + 2^16 → nothing fails', () => {
    for (const [from, to] of [
      [1, 2],
      [5, 2 ** 29 - 1],
      [0, MOST],
    ] as const)
      assert.deepEqual(rowFailures(compiled, row(from, to)), []);
  });
  for (const [name, lying] of [
    ['to the clock that it comes from', row(100, 100)],
    ['back to an earlier clock', row(100_000, 5)],
    ['to a clock beyond', row(MOST, MOST + 1)],
    ['once round P', row(7, 6, { gap: P - 2, gapHigh: 2 ** 16 - 1 })],
    ['by a high part that is no u16', row(7, 6, { gap: P - 2, gapHigh: Math.floor((P - 2) / SPLIT) })],
  ] as const)
    test(`rejects a move ${name}`, () => {
      assert.notDeepEqual(rowFailures(compiled, lying), []);
    });
});

describe('cells between segments', () => {
  const segmented = segmentedRun(WASM, 4);
  /** The last segment whose boundary rows have the cell. */
  const owners = segmented.traces.flatMap((trace, j) =>
    trace.some((t) => t.chip.id === 'boundary') && cellsLeftBy(trace, Space.LINEAR).includes(OWN_AT / 8) ? [j] : [],
  );
  const later = owners.at(-1)!;
  const rowOf = (j: number): number =>
    rowWith(instanceOf(segmented.traces[j]!, 'boundary'), { space: Space.LINEAR, address: OWN_AT / 8 });

  test('the honest run → every segment holds and the block balances', () => {
    assert.ok(owners.length > 1, owners.join());
    assert.deepEqual(segmentFailures(segmented, segmented.traces), []);
  });

  const noticed = (name: string, by: RegExp, j: number, ...lies: readonly Tampering[]): void => {
    test(`rejects ${name}`, () => {
      const found = segmentFailures(segmented, tamperedSegments(segmented, j, lies));
      assert.ok(
        found.some((label) => by.test(label)),
        found.join(', '),
      );
    });
  };
  noticed(
    'a segment that takes a cell as it was at first',
    /^CELL$/,
    later,
    lie('boundary', rowOf(later), { 'before[0]': 0, epoch: 0 }),
  );
  noticed(
    'a segment that takes a cell at the right epoch with another value',
    /^CELL$/,
    later,
    lie('boundary', rowOf(later), { 'before[0]': (x) => x + 1 }),
  );
  noticed(
    'a segment that takes a cell from itself',
    /^RANGE16$/,
    later,
    lie('boundary', rowOf(later), { epoch: later + 1 }),
  );
  noticed(
    'a cell with two owners in one segment',
    /^CELL$/,
    later,
    again(segmented.traces[later]!, 'boundary', rowOf(later)),
  );
  noticed(
    'a cell whose last owner is left out of the table',
    /^CELL$/,
    segmented.traces.length - 1,
    lie(
      'memory_table',
      rowWith(instanceOf(segmented.traces.at(-1)!, 'memory_table'), { space: Space.LINEAR, address: OWN_AT / 8 }),
      { 'last[0]': 5, epoch: owners[0]! + 1 },
    ),
  );
  test('rejects the rows of one segment in the place of another', () => {
    const [a, b] = owners as [number, number];
    const exchanged = segmented.traces.map((t, j) =>
      j === a ? segmented.traces[b]! : j === b ? segmented.traces[a]! : t,
    );
    const found = segmentFailures(segmented, exchanged);
    for (const bus of ['EXEC', 'CELL']) assert.ok(found.includes(bus), found.join(', '));
  });
  test('rejects a segment whose rows are left out', () => {
    const without = segmented.traces.map((t, j) => (j === owners[0] ? [] : t));
    const found = segmentFailures(segmented, without);
    for (const bus of ['EXEC', 'CELL']) assert.ok(found.includes(bus), found.join(', '));
  });
});
