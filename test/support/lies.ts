/** Rows of a trace that a test makes a prover lie about. */
import assert from 'node:assert/strict';
import type { Instance } from '../../client/prover/air/dag.ts';
import { instanceOf, type Tampering } from './machine.ts';

/** A cell by column name. */
export function cellAt({ chip, rows }: Instance, row: number, name: string): number {
  const column = chip.columns.findIndex((c) => c.name === name);
  assert.ok(column >= 0, `${chip.id} has no column ${name}`);
  return rows[row * chip.columns.length + column]!;
}

/** The real rows of a chip. */
export const realRows = (instance: Instance): number[] =>
  Array.from({ length: 2 ** instance.logHeight }, (_, r) => r).filter((r) => cellAt(instance, r, 'isReal') === 1);

/** The one real row with the given cells. */
export function rowWith(instance: Instance, cells: Readonly<Record<string, number>>): number {
  const found = realRows(instance).filter((r) =>
    Object.entries(cells).every(([name, value]) => cellAt(instance, r, name) === value),
  );
  assert.equal(found.length, 1, `${instance.chip.id}: ${found.length} rows with ${JSON.stringify(cells)}`);
  return found[0]!;
}

/** Other values for cells of a row. */
export const lie = (
  chip: string,
  row: number,
  cells: Readonly<Record<string, number | ((value: number) => number)>>,
): Tampering => ({
  chip,
  row,
  cells: Object.fromEntries(Object.entries(cells).map(([name, to]) => [name, typeof to === 'number' ? () => to : to])),
});

/** A real row once more, in place of a padding row. */
export function again(trace: readonly Instance[], chip: string, row: number): Tampering {
  const instance = instanceOf(trace, chip);
  const free = realRows(instance).length;
  assert.ok(free < 2 ** instance.logHeight, `${chip} has no padding row`);
  const cells = instance.chip.columns.map(({ name }) => [name, cellAt(instance, row, name)] as const);
  return lie(chip, free, Object.fromEntries(cells));
}
