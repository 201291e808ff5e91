/** A prover that lies about which instructions run: order, branches, calls, the end, and the claim. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { call as callChip } from '../../client/prover/chips/control/chip.ts';
import { rowFailures } from '../support/chip-rows.ts';
import { again, cellAt, lie, realRows } from '../support/lies.ts';
import { instanceOf, rejectsLiesIn, type ToyRun, toyFailures, toyRun } from '../support/machine.ts';
import { call, get, I32, i32, wasmModule } from '../support/wasm-module.ts';

const [ADD, MUL, DROP, TEE, LESS_U] = [0x6a, 0x6c, 0x1a, 0x22, 0x49];
const [BLOCK, LOOP, END, BR_IF, BR_TABLE, CALL_INDIRECT] = [0x02, 0x03, 0x0b, 0x0d, 0x0e, 0x11];
const VOID = 0x40;
/** A jump by index that ends where it is: inside the table, or behind it. */
const switchOn = (index: readonly number[]): number[] => [
  ...[BLOCK, VOID, BLOCK, VOID, BLOCK, VOID, ...index, BR_TABLE, 2, 0, 1, 2, END, END, END],
];
const run: ToyRun = toyRun(
  wasmModule({
    hosts: ['halt'],
    pages: 1,
    table: [2, 3],
    functions: [
      {
        name: 'main',
        locals: [I32],
        code: [
          ...[LOOP, VOID, ...get(0), ...i32(1), ADD, TEE, 0, ...i32(3), LESS_U, BR_IF, 0, END],
          ...[...switchOn([...get(0), ...i32(2), 0x6b]), ...switchOn(get(0))],
          ...[...get(0), ...call(2), ...call(3), DROP],
          ...[...get(0), ...i32(1), CALL_INDIRECT, 2, 0, DROP],
          ...[...i32(0), ...call(0)],
        ],
      },
      { params: [I32], results: [I32], code: [...get(0), ...i32(11), MUL] },
      { params: [I32], results: [I32], code: [...get(0), ...call(2), ...i32(5), ADD] },
    ],
  }),
);
const table = (id: string) => instanceOf(run.trace, id);

const rejects = rejectsLiesIn(run);

test('the honest run → every constraint holds and every bus balances', () => {
  assert.deepEqual(toyFailures(run, run.trace), { rows: [], buses: [] });
});

describe('instructions', () => {
  rejects('a skipped instruction', /^EXEC$/, lie('add32i', 0, { isReal: 0 }));
  rejects('an instruction that runs twice', /^EXEC$/, again(run.trace, 'add32i', 0));
  rejects('an instruction that runs later', /^EXEC$/, lie('add32i', 0, { clock: (x) => x + 3 }));
  rejects('an instruction in another frame', /^EXEC$/, lie('add32i', 0, { fp: (x) => x + 1 }));
  rejects('an instruction that the program does not have there', /^PROGRAM$/, lie('add32i', 0, { pc: (x) => x + 1 }));
  rejects('another constant than the program’s', /^PROGRAM$/, lie('add32i', 0, { 'b.limbs[0]': 2 }));
  rejects(
    'a constant whose limb is a limb and 2^16',
    /^PROGRAM$/,
    lie('add32i', 0, { 'b.limbs[0]': (x) => x + 2 ** 16 }),
  );
  rejects('a wrong sum', /^MEM$|limb/, lie('add32i', 0, { 'result[0]': (x) => x + 1 }));
  rejects('a sum of 2^16 in one limb', /^RANGE16$/, lie('add32i', 0, { 'result[0]': (x) => x + 2 ** 16 }));
  rejects('an instruction on a row that counts twice', /isReal is a bit/, lie('add32i', 0, { isReal: 2 }));
});

describe('branches', () => {
  const BRANCH = 'brlt32i';
  const [taken, left] = [1, 0].map(
    (less) => realRows(table(BRANCH)).find((r) => cellAt(table(BRANCH), r, 'order.isLess') === less)!,
  ) as [number, number];
  const after = (row: number): number => cellAt(table(BRANCH), row, 'next');
  rejects(
    'a branch that is taken, with where it goes otherwise',
    /^PROGRAM$/,
    lie(BRANCH, taken, { next: after(left) }),
  );
  rejects(
    'a branch that is left, with where it goes otherwise',
    /^PROGRAM$/,
    lie(BRANCH, left, { next: after(taken) }),
  );
  rejects('a branch that goes nowhere of the program', /^PROGRAM$/, lie(BRANCH, taken, { next: 0 }));
  rejects(
    'a branch on the opposite of its condition',
    /^RANGE16$/,
    lie(BRANCH, taken, { 'order.isLess': 0, next: after(left) }),
  );
  rejects('a condition of 2', /isLess is a bit/, lie(BRANCH, taken, { 'order.isLess': 2 }));
  rejects(
    'a condition on equal limbs',
    /marker|limb|differ|^RANGE16$/,
    lie(BRANCH, left, { 'order.marker[1]': 1, 'order.marker[0]': 0 }),
  );
});

describe('jumps by index', () => {
  const [inside, outside] = [0, 1].map(
    (is) => realRows(table('br_table')).find((r) => cellAt(table('br_table'), r, 'isDefault') === is)!,
  ) as [number, number];
  rejects('an index of the table as one behind it', /^(RANGE16|PROGRAM)$/, lie('br_table', inside, { isDefault: 1 }));
  rejects('an index behind the table as one of it', /inside|^PROGRAM$/, lie('br_table', outside, { isDefault: 0 }));
  rejects(
    'another entry of the table',
    /inside/,
    lie('br_table', inside, { entry: 0, target: cellAt(table('br_table'), inside, 'target') - 1 }),
  );
  rejects('an index with a high limb', /inside/, lie('br_table', inside, { 'index.limbs[1]': 1 }));
  rejects('another target', /^PROGRAM$/, lie('br_table', inside, { target: (x) => x + 1 }));
});

describe('calls and returns', () => {
  rejects('a call of another function', /^PROGRAM$/, lie('call', 0, { target: cellAt(table('call'), 1, 'target') }));
  rejects('a frame that lies closer', /^PROGRAM$/, lie('call', 0, { frame: (x) => x - 1 }));
  rejects(
    'a return to where an earlier call came from',
    /^MEM$/,
    lie('return', 1, {
      'link.old[0]': cellAt(table('return'), 0, 'link.old[0]'),
      'link.old[1]': cellAt(table('return'), 0, 'link.old[1]'),
    }),
  );
  rejects(
    'a return cell of a call that has not been',
    /^RANGE16$|^MEM$/,
    lie('return', 0, { 'link.prev': (x) => x + 2 ** 10 }),
  );
  rejects(
    'a call through the table to another function',
    /^PROGRAM$/,
    lie('call_indirect', 0, { target: cellAt(table('call'), 0, 'target') }),
  );
  rejects(
    'a call through another entry of the table',
    /^PROGRAM$|^MEM$/,
    lie('call_indirect', 0, { 'index.limbs[0]': 0 }),
  );
  rejects('a call through an entry of another type', /^PROGRAM$/, lie('call_indirect', 0, { type: (x) => x + 1 }));
  rejects('an index of 2^16', /index is below/, lie('call_indirect', 0, { 'index.limbs[1]': 1 }));

  test('rejects a frame at 2^27 + 2^16, whatever its parts', () => {
    const { compiled } = callChip.chip;
    const row = (fpHigh: number, fp: number): number[] => {
      const cells: Readonly<Record<string, number>> = { isReal: 1, clock: 1, fp, fpHigh };
      return compiled.columns.map(({ name }) => cells[name] ?? 0);
    };
    const most = 2 ** 11 * (2 ** 16 - 1) + 2 ** 16 - 1;
    assert.deepEqual(rowFailures(compiled, row(2 ** 16 - 1, most)), []);
    for (const high of [0, 2 ** 15, 2 ** 16 - 1, 2 ** 16])
      assert.notDeepEqual(rowFailures(compiled, row(high, most + 1)), [], `${high}`);
  });
});

describe('start, end and claim', () => {
  const [segment] = run.block.segments;
  const noticed = (block: ToyRun['block']): string[] =>
    toyFailures({ ...run, block }, run.trace).buses.map((b) => b.bus);
  for (const [what, exit] of [
    ['clock', { ...segment!.exit, clock: segment!.exit.clock + 1 }],
    ['frame', { ...segment!.exit, fp: segment!.exit.fp + 1 }],
    ['pc', { ...segment!.exit, pc: 0 }],
  ] as const)
    test(`rejects another ${what} at the end`, () => {
      assert.ok(noticed({ ...run.block, segments: [{ ...segment!, exit }] }).includes('EXEC'));
    });
  test('rejects another place to start', () => {
    const entry = { ...segment!.entry, pc: segment!.entry.pc + 1 };
    assert.ok(noticed({ ...run.block, segments: [{ ...segment!, entry }] }).includes('EXEC'));
  });
  test('rejects another word of the claim: the first, one between, the last', () => {
    for (const word of [0, 17, run.block.claim.length - 1]) {
      const claim = run.block.claim.map((w, k) => (k === word ? w ^ 0x10000 : w));
      assert.deepEqual(new Set(noticed({ ...run.block, claim })), new Set(['PUBLIC']), `word ${word}`);
    }
  });
  rejects('public values that memory does not hold', /^MEM$/, lie('halt', 0, { 'limbs[70]': 1 }));
  rejects('a run that does not halt', /^(EXEC|PUBLIC)$/, lie('halt', 0, { isReal: 0 }));
});
