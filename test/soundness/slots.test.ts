import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateRow } from '../../client/prover/air/evaluate.ts';
import { MEM, PROGRAM } from '../../client/prover/chips/buses.ts';
import { INSTRUCTION_CHIPS } from '../../client/prover/machine/instruction-chips.ts';

const FRAME = 100_000;
const CLOCK = 7;

/**
 * A row's slots: which register it reads or writes is the program's word alone. Columns that a row only sends to MEM
 * would let the prover choose the register, and every other check would still hold.
 */
test('a column that a slot’s address depends on → stands in the row’s program message', () => {
  let checked = 0;
  for (const { chip } of INSTRUCTION_CHIPS) {
    const { id, columns, interactions, publics } = chip.compiled;
    const shown = (changed: number, bus: string): string => {
      const cells = columns.map(({ name }, c) => {
        const usual = name === 'isReal' ? 1 : name === 'fp' ? FRAME : name === 'clock' ? CLOCK : 1000 + c;
        return c === changed ? usual + 1 : usual;
      });
      const values = evaluateRow(
        chip.compiled,
        (c) => cells[c]!,
        () => publics.length,
      );
      const fields = (i: (typeof interactions)[number]): readonly number[] =>
        bus === MEM.id ? i.fields.slice(0, 2) : i.fields;
      return interactions
        .filter((i) => i.bus.id === bus)
        .map((i) =>
          fields(i)
            .map((f) => values[f])
            .join(),
        )
        .join(';');
    };
    columns.forEach(({ name }, c) => {
      if (!/(^|\.)slot$/.test(name)) return;
      assert.notEqual(shown(c, MEM.id), shown(-1, MEM.id), `${id}.${name} is no slot of an access`);
      assert.notEqual(shown(c, PROGRAM.id), shown(-1, PROGRAM.id), `${id}.${name} is the prover’s to choose`);
      checked++;
    });
  }
  assert.ok(checked > 100, `${checked} slots`);
});
