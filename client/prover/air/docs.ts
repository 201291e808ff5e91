import type { Bus, CompiledChip } from './dag.ts';

/** Column and message tables of a chip in Markdown. */
export function chipDocs(chip: CompiledChip): string {
  const columns = chip.columns.map((c) => `| \`${c.name}\` | ${c.kind} | ${c.tree} | ${c.doc} |`);
  const messages = chip.interactions.map(
    (i) => `| ${i.direction} | ${i.bus.id} | ${i.fields.length} | ${i.maxPerRow} |`,
  );
  return [
    `# ${chip.id}`,
    '',
    `${chip.columns.length} columns, ${chip.constraints.length} constraints, ${chip.interactions.length} messages per row, degree ${degreeOf(chip)}.`,
    '',
    '| column | kind | tree | meaning |',
    '|---|---|---|---|',
    ...columns,
    '',
    '| direction | bus | fields | at most |',
    '|---|---|---|---|',
    ...messages,
    '',
  ].join('\n');
}

/** Table of buses in Markdown: what each field is and who guarantees its range. */
export function busDocs(buses: readonly Bus[]): string {
  return [
    '| bus | index | kind | scope | field | range | guaranteed by |',
    '|---|---|---|---|---|---|---|',
    ...buses.flatMap((b) =>
      b.fields.map(
        (f) => `| ${b.id} | ${b.index} | ${b.kind} | ${b.scope} | ${f.name} | ${f.range} | ${f.guaranteedBy} |`,
      ),
    ),
    '',
  ].join('\n');
}

/** The largest degree of a constraint or message of the chip. */
export const degreeOf = (chip: CompiledChip): number =>
  Math.max(0, ...chip.constraints.map((c) => c.degree), ...chip.interactions.map((i) => i.degree));
