/** Where a run's rows go: by chip and by guest function. The guest is optimised for them. */
import type { Profile } from './execute.ts';
import { INSTRUCTIONS } from './isa.ts';
import type { Program } from './program.ts';
import type { SegmentRecords } from './records.ts';

/** Rows of a chip or of a guest function; functions may share a name. */
export type RowCount = { readonly name: string; readonly rows: number };

/**
 * Rows of a run by guest function, most first. Functions are told apart by index: of one name there may be several.
 * @param profile of an executor that ran this program
 */
export function rowsByFunction(program: Program, profile: Profile): readonly RowCount[] {
  const starts = program.functions.map((f) => f.pc - program.functions[0]!.pc);
  return sorted(
    program.functions.map(({ name }, k) => ({
      name,
      rows: sum(profile.byPc.subarray(starts[k]!, starts[k + 1] ?? profile.byPc.length)),
    })),
  );
}

/** Rows of a run by chip, most first. Accesses that are not aligned count to their instruction's usual chip. */
export function rowsByChip(program: Program, profile: Profile): readonly RowCount[] {
  const rows = new Map<string, number>();
  program.code.forEach(({ op }, k) => {
    const { chip } = INSTRUCTIONS[op];
    rows.set(chip, (rows.get(chip) ?? 0) + profile.byPc[k]!);
  });
  return sorted([...rows].map(([name, count]) => ({ name, rows: count })));
}

/** Rows of recorded segments by chip, most first: unaligned accesses and the memory argument counted as they are. */
export function recordedRowsByChip(segments: readonly SegmentRecords[]): readonly RowCount[] {
  const rows = new Map<string, number>();
  const add = (name: string, count: number): void => {
    rows.set(name, (rows.get(name) ?? 0) + count);
  };
  for (const s of segments) {
    for (const [chip, list] of s.rows) add(chip, list.length);
    add('refresh', s.refreshes.length);
    add('boundary', s.boundaries.length);
    add('keccak_call', s.keccak.length);
  }
  return sorted([...rows].map(([name, count]) => ({ name, rows: count })));
}

/**
 * The counts as text, one line each: rows, share of all, share up to here, name.
 * @param limit lines at most; the rest is summed up in one more
 */
export function profileTable(counts: readonly RowCount[], limit = 30): string {
  const total = counts.reduce((n, c) => n + c.rows, 0);
  const shown = counts.slice(0, limit);
  const rest = counts.slice(limit);
  if (rest.length > 0) shown.push({ name: `${rest.length} more`, rows: rest.reduce((n, c) => n + c.rows, 0) });
  let before = 0;
  const lines = shown.map(({ name, rows }) => {
    before += rows;
    return `${String(rows).padStart(12)} ${percent(rows, total)} ${percent(before, total)}  ${name}`;
  });
  return [`${'rows'.padStart(12)} ${'share'.padStart(7)} ${'sum'.padStart(7)}  name`, ...lines].join('\n');
}

const percent = (part: number, total: number): string =>
  `${(total === 0 ? 0 : (100 * part) / total).toFixed(2)}%`.padStart(7);

const sum = (counts: Float64Array): number => counts.reduce((a, b) => a + b, 0);

/** Most rows first, names in order among equals, none without rows. */
const sorted = (counts: readonly RowCount[]): readonly RowCount[] =>
  counts.filter((c) => c.rows > 0).sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));
