/** What chips list as free is free on some rows only, but for parts that overlap. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import { EVERYTHING, INPUT } from '../support/every-access-module.ts';
import { lie, realRows } from '../support/lies.ts';
import { inTablesOf, noticedBy, toyRun } from '../support/machine.ts';

const run = toyRun(EVERYTHING, INPUT);
/** Two u16 that overlap: any split shows the bound. */
const ANY_SPLIT = new Set(['memory_table.addressHigh', 'memory_table.gapHigh', 'refresh.toHigh', 'refresh.gapHigh']);

test('every cell that is listed as free → bound on a row where it counts', () => {
  const tables = new Set(run.vm.tables.map((t) => t.chip.compiled.id));
  let listed = 0;
  for (const instance of run.trace.filter(({ chip }) => !tables.has(chip.id))) {
    const { chip, rows } = instance;
    const width = chip.columns.length;
    const publics = chip.publics.map((name) => run.publics[name]!);
    let free = Object.keys(chip.freeCells).filter((name) => !ANY_SPLIT.has(`${chip.id}.${name}`));
    listed += free.length;
    for (const r of realRows(instance)) {
      if (free.length === 0) break;
      const wanted = new Set(free);
      const others = chip.columns.filter(({ name }) => !wanted.has(name)).map(({ name }) => [name, 'left out']);
      const row = Array.from(rows.subarray(r * width, (r + 1) * width));
      free = auditFreeCells({ ...chip, freeCells: Object.fromEntries(others) }, [row], publics, inTablesOf(run));
    }
    assert.deepEqual(free, [], chip.id);
  }
  assert.ok(listed > 50, `${listed} cells`);
});

type Cells = Parameters<typeof lie>[2];
const rejecting =
  (chip: string) =>
  (name: string, by: RegExp, cells: Cells): void => {
    test(`rejects ${name}`, () => {
      const noticed = noticedBy(run, [lie(chip, 0, cells)]);
      assert.ok(
        noticed.some((label) => by.test(label)),
        noticed.join(', '),
      );
    });
  };

describe('input', () => {
  const rejects = rejecting('input');
  rejects('a limb of 2^16', /^RANGE16$/, { 'advice[2]': 2 ** 16 });
  rejects('a negative limb', /^RANGE16$/, { 'advice[0]': -1 });
  rejects('more bytes left than there were', /length|^RANGE16$/, { 'after.length[0]': (x) => x + 8 });
  rejects('bytes to another place', /^MEM$/, { 'to.limbs[0]': (x) => x + 8 });
  rejects('a cell between two', /^RANGE16$/, { 'to.limbs[0]': (x) => x + 4 });
  rejects('an end before all is read', /left|inverse|zero/, { 'left.isNonZero': 0 });
});

describe('copies of bytes', () => {
  const rejects = rejecting('copy');
  rejects('a byte in the place of another', /moved|byte/, { 'moved[0]': (x) => x ^ 1 });
  rejects('a byte less than is left', /length/, { 'after.length[0]': (x) => x - 1 });
  rejects('a destination that stays', /^to: /, { 'after.to[0]': (x) => x - 1 });
  rejects('an end before all is moved', /isNonZero/, { 'left.isNonZero': 0 });
  rejects('a byte to another cell', /^MEM$/, { 'to.limbs[0]': (x) => x + 8 });
  rejects('another old byte beside those that move', /^MEM$/, { 'target.limbs[0]': (x) => x ^ 1 });
});
