/** Rules that every chip of the machine keeps, read off the compiled chips. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CompiledChip, Interaction } from '../../client/prover/air/dag.ts';
import { evaluateRow } from '../../client/prover/air/evaluate.ts';
import { BUSES, EXEC, MEM, POINT, PROGRAM, RANGE16, Space } from '../../client/prover/chips/buses.ts';
import { FUNCTION_TABLE_OP } from '../../client/prover/chips/control/chip.ts';
import { Fp, P } from '../../client/prover/field/fp.ts';
import { loadGuest } from '../../client/prover/guest/load.ts';
import { buildZkVm, programMessages } from '../../client/prover/machine/zkvm.ts';
import { decodeModule } from '../../client/prover/vm/decode.ts';
import { MAX_SLOTS } from '../../client/prover/vm/execute.ts';
import { FIRST_PC, INSTRUCTIONS, type OpName } from '../../client/prover/vm/isa.ts';
import { lower } from '../../client/prover/vm/lower.ts';
import { EVERYTHING } from '../support/every-access-module.ts';
import { randomFp, seededRandom } from '../support/random.ts';

const program = lower(decodeModule(EVERYTHING));
const vm = buildZkVm(program, 'P100', MAX_SLOTS);
const chips = vm.machine.chips.map(({ compiled }) => compiled);
const tables = new Set(vm.tables.map((t) => t.chip.compiled.id));
const instructions = vm.instructionChips.map(({ chip, encodings }) => ({
  chip: chip.compiled,
  advances: (Object.keys(encodings) as OpName[]).map((op) => INSTRUCTIONS[op].advance),
}));

/** Values at a random point: two expressions that agree there are one polynomial, but for one case in 2^26. */
function atRandom(chip: CompiledChip, seed: number): { readonly cells: number[]; readonly values: Uint32Array } {
  const random = seededRandom(seed);
  const cells = chip.columns.map(() => randomFp(random));
  const publics = chip.publics.map(() => randomFp(random));
  const values = evaluateRow(
    chip,
    (c) => cells[c]!,
    (k) => publics[k]!,
  );
  return { cells, values };
}
const on = (chip: CompiledChip, bus: { readonly id: string }): Interaction[] =>
  chip.interactions.filter((i) => i.bus.id === bus.id);

test('buses → names and numbers all different, none but these in use', () => {
  assert.equal(new Set(BUSES.map((b) => b.id)).size, BUSES.length);
  assert.equal(new Set(BUSES.map((b) => b.index)).size, BUSES.length);
  for (const { interactions } of chips)
    for (const { bus } of interactions)
      assert.ok(
        BUSES.some((b) => b === bus),
        bus.id,
      );
});

test('every field of a bus → a range, and who makes sure of it: a table only where there is one', () => {
  for (const { id, kind, fields } of BUSES)
    for (const field of fields) {
      assert.ok(field.range.length > 0, `${id}.${field.name}`);
      if (field.guaranteedBy === 'table') assert.equal(kind, 'lookup', `${id}.${field.name}`);
    }
});

test('every lookup bus → one provider, of fixed contents; but points, which three chips provide by registers filled once', () => {
  for (const bus of BUSES.filter((b) => b.kind === 'lookup')) {
    const providers = chips.flatMap((chip) =>
      on(chip, bus)
        .filter((i) => i.direction === 'receive')
        .map((i) => ({ chip, i })),
    );
    const ids = providers.map(({ chip }) => chip.id).sort();
    if (bus.id === POINT.id) {
      assert.deepEqual(ids, ['msm_control', 'point_add', 'point_io']);
      continue;
    }
    assert.equal(ids.length, 1, `${bus.id}: ${ids.join()}`);
    const [{ chip, i }] = providers as [(typeof providers)[number]];
    assert.ok(tables.has(chip.id), `${bus.id}: ${chip.id} is no table`);
    const first = atRandom(chip, 1);
    const changed = evaluateRow(
      chip,
      (c) => (chip.columns[c]!.tree === 'fixed' ? first.cells[c]! : Fp.add(first.cells[c]!, 1)),
      () => 0,
    );
    for (const field of i.fields) assert.equal(changed[field], first.values[field], `${bus.id}: contents not fixed`);
  }
});

test('every row of an instruction → takes one control state, gives one at the clock + advance, looks up its pc', () => {
  for (const { chip, advances } of instructions) {
    const { cells, values } = atRandom(chip, 2);
    const cell = (name: string): number => cells[chip.columns.findIndex((c) => c.name === name)]!;
    const [taken, given] = ['receive', 'send'].map((d) => on(chip, EXEC).filter((i) => i.direction === d));
    assert.equal(taken!.length + given!.length, 2, chip.id);
    assert.equal(taken!.length, 1, chip.id);
    const state = taken![0]!.fields.map((f) => values[f]);
    assert.deepEqual(state, [cell('pc'), cell('fp'), cell('clock')], chip.id);
    assert.equal(new Set(advances).size, 1, chip.id);
    assert.equal(values[given![0]!.fields[2]!], Fp.add(cell('clock'), advances[0]!), chip.id);
    const own = on(chip, PROGRAM).filter((i) => values[i.fields[0]!] === cell('pc'));
    assert.equal(own.length, 1, chip.id);
    for (const i of [...taken!, ...given!, ...own])
      assert.equal(values[i.count], cell('isReal'), `${chip.id} ${i.label}`);
  }
  const executing = new Set(instructions.map(({ chip }) => chip.id));
  assert.deepEqual(
    chips.filter((chip) => on(chip, EXEC).length > 0 && !executing.has(chip.id)).map(({ id }) => id),
    [],
  );
});

test('every access → one value out and one in, at one cell, within the row’s clocks, with its gap looked up', () => {
  let accesses = 0;
  for (const { chip, advances } of instructions) {
    const { cells, values } = atRandom(chip, 3);
    const clock = cells[chip.columns.findIndex((c) => c.name === 'clock')]!;
    const placeOf = ({ fields, count }: Interaction): string =>
      [values[count], values[fields[0]!], values[fields[1]!]].join();
    const gaps = on(chip, RANGE16).map((i) => ({ count: values[i.count], value: values[i.fields[0]!]! }));
    const within = (x: number): boolean => x < advances[0]!;
    const taken = on(chip, MEM).filter((i) => i.direction === 'receive');
    const given = on(chip, MEM).filter((i) => i.direction === 'send');
    assert.equal(taken.length, given.length, chip.id);
    for (const receive of taken) {
      const sends = given.filter((i) => placeOf(i) === placeOf(receive));
      assert.equal(sends.length, 1, `${chip.id} ${receive.label}`);
      const previous = values[receive.fields[6]!]!;
      const entered = Fp.sub(values[sends[0]!.fields[6]!]!, clock);
      assert.ok(within(entered), `${chip.id} ${receive.label}`);
      const shown = gaps
        .filter((g) => g.count === values[receive.count])
        .map((g) => Fp.sub(Fp.add(Fp.add(g.value, previous), 1), clock));
      assert.ok(
        shown.some((taking) => taking <= entered),
        `${chip.id} ${receive.label}: nothing shows that time has passed`,
      );
      accesses++;
    }
  }
  assert.ok(accesses > 300, `${accesses} accesses`);
});

test('memory → accessed by instructions, boundary and refresh rows only; return cells by calls and returns only', () => {
  const executing = new Set(instructions.map(({ chip }) => chip.id));
  const others = chips.filter((chip) => on(chip, MEM).length > 0 && !executing.has(chip.id)).map(({ id }) => id);
  assert.deepEqual(others.sort(), ['boundary', 'refresh']);
  const returning = instructions.filter(({ chip }) =>
    on(chip, MEM).some((i) => chip.columns.some((_, one) => spaceOf(chip, i, one) === Space.CALL_STACK)),
  );
  assert.deepEqual(returning.map(({ chip }) => chip.id).sort(), ['call', 'call_indirect', 'return']);
});

/** The space that a message names where one column is 1 and all others are 0. */
const spaceOf = (chip: CompiledChip, i: Interaction, one: number): number =>
  evaluateRow(
    chip,
    (c) => (c === one ? 1 : 0),
    () => 0,
  )[i.fields[0]!]!;

// Lookups are left out: one more only asks more of the prover.
test('no cell of a padding row but isReal → can make it show a message on a permutation bus, in any chip', () => {
  for (const chip of chips.filter(({ id }) => !tables.has(id)))
    chip.columns.forEach(({ name, kind }, c) => {
      if (name === 'isReal') return;
      for (const value of kind === 'bit' ? [1] : [1, 2 ** 16, P - 1]) {
        const values = evaluateRow(
          chip,
          (k) => (k === c ? value : 0),
          () => 7,
        );
        const sends = chip.interactions.find((i) => i.bus.kind === 'permutation' && values[i.count] !== 0);
        const isBroken = sends !== undefined && chip.constraints.some((k) => values[k.node] !== 0);
        assert.ok(sends === undefined || isBroken, `${chip.id}.${name} = ${value}: ${sends?.label}`);
      }
    });
});

test('the program table → rows of the program’s own pcs and of the function table, none for TRAP and HALT', () => {
  const rows = programMessages(program);
  const entries = rows.filter(([, , op]) => op === FUNCTION_TABLE_OP);
  assert.equal(entries.length, program.table.filter((entry) => entry !== undefined).length);
  for (const [pc] of rows.filter(([, , op]) => op !== FUNCTION_TABLE_OP))
    assert.ok(pc! >= FIRST_PC && pc! < FIRST_PC + program.code.length, `pc ${pc}`);
  assert.equal(new Set(rows.map((row) => row.join())).size, rows.length);
});

describe('the committed guest', () => {
  const guest = lower(decodeModule(loadGuest().wasm));
  test('its frames → above the globals, each callee’s above its caller’s', () => {
    assert.ok(guest.entry.fp >= guest.globals.length);
    const calls = guest.code.filter(({ op }) => op === 'call' || op === 'callIndirect');
    assert.ok(calls.length > 1000);
    for (const { frame } of calls) assert.ok(frame >= 1 && frame < 2 ** 26, `${frame}`);
  });
  test('its memory and the offsets of its loads and stores → below 2^30 and 2^29', () => {
    assert.ok(guest.memoryBytes <= 2 ** 30);
    const accesses = guest.code.filter(({ op }) => INSTRUCTIONS[op].memoryBytes > 0);
    assert.ok(accesses.length > 10_000);
    for (const { offset } of accesses) assert.ok(offset >= 0 && offset < 2 ** 29, `${offset}`);
  });
});
