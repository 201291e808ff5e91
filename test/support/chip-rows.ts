/** Single rows of a chip: what notices a change. */
import type { CompiledChip } from '../../client/prover/air/dag.ts';
import { evaluateRow } from '../../client/prover/air/evaluate.ts';
import { pair } from '../../client/prover/chips/tables/pair.ts';
import { pow } from '../../client/prover/chips/tables/pow.ts';
import { holds } from '../../client/prover/chips/tables/table.ts';
import { Fp } from '../../client/prover/field/fp.ts';

const PROVIDERS = new Map([pair, pow].flatMap((t) => t.providers.map((p) => [p.bus.id, p] as const)));

/** Whether a message is in the table of a lookup bus that needs no program; undefined for other buses. */
export function inFixedTable(bus: string, message: readonly number[]): boolean | undefined {
  const provider = PROVIDERS.get(bus);
  return provider && holds(provider, message);
}

/** Labels of the constraints that a row violates, and of its lookups that no table holds. */
export function rowFailures(chip: CompiledChip, row: readonly number[], publics: readonly number[] = []): string[] {
  const values = evaluateRow(
    chip,
    (c) => Fp.fromInt(row[c]!),
    (i) => publics[i]!,
  );
  const violated = chip.constraints.flatMap((c) => (values[c.node] === 0 ? [] : [c.label]));
  const missing = chip.interactions.flatMap((i) => {
    if (i.direction !== 'send' || values[i.count] === 0) return [];
    const message = i.fields.map((id) => values[id]!);
    return inFixedTable(i.bus.id, message) === false ? [i.label] : [];
  });
  return [...violated, ...missing];
}

/** Cells of a row by column name. */
export function cellsOf(chip: CompiledChip, row: readonly number[], names: readonly string[]): number[] {
  return names.map((name) => row[chip.columns.findIndex((c) => c.name === name)]!);
}

/** The row with other cells, given by column name. */
export function withCells(
  chip: CompiledChip,
  row: readonly number[],
  cells: Readonly<Record<string, number>>,
): number[] {
  const changed = row.slice();
  for (const [name, value] of Object.entries(cells)) {
    const column = chip.columns.findIndex((c) => c.name === name);
    if (column < 0) throw new RangeError(`chip ${chip.id} has no column ${name}`);
    changed[column] = Fp.fromInt(value);
  }
  return changed;
}
