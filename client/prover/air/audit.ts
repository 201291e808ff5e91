import { Fp, P } from '../field/fp.ts';
import type { CompiledChip } from './dag.ts';
import { evaluateRow } from './evaluate.ts';

/** Cell mutations tried: small and large steps, and the wrap-around neighbours of range limits. */
const DELTAS: readonly number[] = [1, 7, 2 ** 16, P - 1];

/**
 * Cells of the given rows whose change nothing notices: no constraint fails and no message or multiplicity changes.
 * `noticed` may settle a changed lookup message by its table: it returns true when the message is in the table, so
 * that a change which only leads to another valid lookup still counts as unnoticed. Returned as cell names, those in
 * `freeCells` left out.
 */
export function auditFreeCells(
  chip: CompiledChip,
  rows: readonly (readonly number[])[],
  publics: readonly number[] = [],
  inTable?: (bus: string, message: readonly number[]) => boolean | undefined,
): string[] {
  const free = new Set<string>();
  for (const row of rows) {
    const base = outcome(chip, row, publics, inTable);
    chip.columns.forEach((column, c) => {
      if (column.tree === 'fixed' || column.name in chip.freeCells) return;
      const unnoticed = DELTAS.some((delta) => {
        const changed = row.slice();
        changed[c] = Fp.add(row[c]!, delta);
        const after = outcome(chip, changed, publics, inTable);
        return after !== undefined && after === base;
      });
      if (unnoticed) free.add(column.name);
    });
  }
  return [...free];
}

/** What a row shows to the rest of the machine; undefined when a constraint fails or a lookup is not in its table. */
function outcome(
  chip: CompiledChip,
  row: readonly number[],
  publics: readonly number[],
  inTable?: (bus: string, message: readonly number[]) => boolean | undefined,
): string | undefined {
  const values = evaluateRow(
    chip,
    (c) => row[c]!,
    (i) => publics[i]!,
  );
  if (chip.constraints.some((c) => values[c.node] !== 0)) return undefined;
  const shown: string[] = [];
  for (const i of chip.interactions) {
    const count = values[i.count]!;
    if (count === 0) continue;
    const message = i.fields.map((id) => values[id]!);
    const known = i.direction === 'send' ? inTable?.(i.bus.id, message) : undefined;
    if (known === false) return undefined;
    if (known === undefined) shown.push(`${i.label}:${count}:${message.join(',')}`);
  }
  return shown.join(';');
}
