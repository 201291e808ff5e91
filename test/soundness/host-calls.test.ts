import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditFreeCells } from '../../client/prover/air/audit.ts';
import { INSTRUCTION_CHIPS } from '../../client/prover/machine/instruction-chips.ts';
import { OP_NAMES } from '../../client/prover/vm/isa.ts';
import { HOST } from '../../client/prover/vm/lowered-code.ts';
import { CHIP_BY_ADDRESS } from '../../client/prover/vm/records.ts';
import { hostCallModule, littleEndian } from '../support/host-call-module.ts';
import {
  instanceOf,
  inTablesOf,
  noticedBy,
  type Tampering,
  type ToyRun,
  toyFailures,
  toyRun,
} from '../support/machine.ts';

const SECP_N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const VALUES = [SECP_N - 5n, 2n ** 256n - 3n, 123456789n, SECP_N];

/** Results beside, before and over the operands, and every kind of advice. */
const run: ToyRun = toyRun(
  hostCallModule(Buffer.concat(VALUES.map((v) => littleEndian(v, 32))), [
    ['mulmod256', 256, 0, 32, 64, 96],
    ['mulmod256', 0, 0, 0, 256, 96],
    ['advice', 1, 296, 64],
    ['advice', 2, 64, 64],
    ['advice', 3, 40, 0],
    ['mulmod256', 280, 256, 256, 264, 96],
  ]),
);

test('every instruction, so every host function that lowers to one → rows of exactly one chip', () => {
  const executed = INSTRUCTION_CHIPS.flatMap(({ chip, encodings }) =>
    Object.values<string>(CHIP_BY_ADDRESS).includes(chip.compiled.id) ? [] : Object.keys(encodings),
  );
  assert.deepEqual(executed.sort(), [...OP_NAMES].sort());
  for (const op of Object.values(HOST)) assert.ok(op === 'trap' || OP_NAMES.includes(op));
});

describe('host calls in the machine', () => {
  test('honest run → every constraint holds and every bus balances', () => {
    assert.deepEqual(toyFailures(run, run.trace), { rows: [], buses: [] });
  });

  test('every cell of their rows → bound by a check', () => {
    for (const [id, rows] of [
      ['mulmod', 3],
      ['advice', 3],
    ] as const) {
      const { chip, rows: cells } = instanceOf(run.trace, id);
      const width = chip.columns.length;
      const real = Array.from({ length: rows }, (_, r) => Array.from(cells.subarray(r * width, (r + 1) * width)));
      const publics = chip.publics.map((name) => run.publics[name]!);
      assert.deepEqual(auditFreeCells(chip, real, publics, inTablesOf(run)), [], id);
    }
  });

  const rejects = (lie: string, buses: RegExp, id: string, cells: Tampering['cells']): void => {
    test(`rejects ${lie}`, () => {
      const noticed = noticedBy(run, [{ chip: id, row: 0, cells }]);
      assert.ok(
        noticed.some((label) => buses.test(label)),
        noticed.join(', '),
      );
    });
  };

  rejects('an operand of mulmod that memory does not hold', /MEM/, 'mulmod', { 'addend[0]': (x) => x - 1 });
  rejects('a mulmod that reads before the last write', /MEM/, 'mulmod', { 'prev[0]': (x) => x - 1 });
  rejects('a result that replaces another old value', /MEM/, 'mulmod', { 'old[3]': (x) => x + 1 });
  rejects('a pointer of another slot', /MEM|PROGRAM/, 'mulmod', { 'pointers.m.slot': (x) => x + 1 });
  rejects('a pointer moved by one cell', /MEM/, 'mulmod', { 'out.limbs[0]': (x) => x + 8 });
  rejects('a pointer that is not a multiple of 8', /MEM/, 'mulmod', { 'pointers.a.limbs[0]': (x) => x + 4 });
  rejects('a pointer of 2^30 or more', /RANGE16/, 'mulmod', { 'out.limbs[1]': () => 2 ** 14 });
  rejects('a call that another instruction makes', /PROGRAM/, 'mulmod', { pc: (x) => x + 1 });
  rejects('a second call at one place', /EXEC/, 'mulmod', { clock: (x) => x + 32 });
  rejects('a skipped call', /EXEC/, 'mulmod', { isReal: () => 0 });
  rejects('advice with a limb of 2^16', /RANGE16/, 'advice', { 'answer[5]': () => 2 ** 16 });
  rejects('advice with a negative limb', /RANGE16/, 'advice', { 'answer[0]': () => -1 });
  rejects('advice to another place', /MEM/, 'advice', { 'out.limbs[0]': (x) => x + 8 });
  rejects('advice that reads another input', /MEM/, 'advice', { 'input[9]': (x) => x + 1 });
});

test('advice of any value, read by nobody → accepted: it is bound to nothing', () => {
  const answer = instanceOf(run.trace, 'advice').chip.columns.findIndex((c) => c.name === 'answer[23]');
  const changed = run.trace.map((instance) => ({ ...instance, rows: instance.rows.slice() }));
  // The last limb of the first answer lies in cell (296 + 40) / 8; its later value shows in boundary and memory table.
  changed.find((t) => t.chip.id === 'advice')!.rows[answer] = 4321;
  for (const id of ['boundary', 'memory_table'] as const) {
    const table = changed.find((t) => t.chip.id === id)!;
    const column = (name: string): number => table.chip.columns.findIndex((c) => c.name === name);
    const w = table.chip.columns.length;
    for (let r = 0; r < 2 ** table.logHeight; r++) {
      const cell = table.rows.subarray(r * w, (r + 1) * w);
      if (cell[column('space')] !== 3 || cell[column('address')] !== 42) continue;
      cell[column(id === 'boundary' ? 'after[3]' : 'last[3]')] = 4321;
    }
  }
  const { rows: violated, buses } = toyFailures(run, changed);
  assert.deepEqual(violated, []);
  // What remains is how often the range table is asked for the two values.
  assert.ok(buses.every((b) => b.bus === 'RANGE16'));
});
