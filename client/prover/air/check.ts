import { Fp, P } from '../field/fp.ts';
import type { Bus, CompiledChip, Instance, Interaction, NodeId } from './dag.ts';
import { EVALUATED_ROWS, RowEvaluator } from './evaluate-rows.ts';

/** A violated constraint. */
export type RowFailure = { readonly chip: string; readonly row: number; readonly label: string };

/** A message that is not balanced over all instances: `count` is what is left of sends minus receives, modulo P. */
export type Imbalance = {
  readonly bus: string;
  readonly message: readonly number[];
  readonly count: number;
  /** Where the message occurs, `chip/row/label`, at most four places. */
  readonly places: readonly string[];
};

/** A message that the verifier or another segment adds. */
export type ExtraMessage = { readonly bus: Bus; readonly message: readonly number[]; readonly count: number };

/** Values of a chip's publics in their order. */
export const publicsOf = (chip: CompiledChip, publics: Readonly<Record<string, number>>): number[] =>
  chip.publics.map((name) => {
    const value = publics[name];
    if (value === undefined) throw new RangeError(`chip ${chip.id}: the public value ${name} is not given`);
    return value;
  });

/** Calls `visit` for every chunk of rows with the values of the wanted nodes. */
function forChunks(
  instance: Instance,
  publics: readonly number[],
  wanted: readonly NodeId[],
  visit: (values: RowEvaluator, start: number, count: number) => void,
): void {
  if (wanted.length === 0) return;
  const evaluator = new RowEvaluator(instance.chip, publics, wanted);
  const height = 2 ** instance.logHeight;
  for (let start = 0; start < height; start += EVALUATED_ROWS) {
    const count = Math.min(EVALUATED_ROWS, height - start);
    evaluator.load(instance, start, count);
    visit(evaluator, start, count);
  }
}

/** Every violated constraint of every row by chip, row and label, at most `limit`. */
export function checkRows(
  instances: readonly Instance[],
  publics: Readonly<Record<string, number>> = {},
  limit = 100,
): RowFailure[] {
  const failures: RowFailure[] = [];
  for (const instance of instances) {
    const { id, constraints } = instance.chip;
    const own = publicsOf(instance.chip, publics);
    const found: RowFailure[] = [];
    forChunks(
      instance,
      own,
      constraints.map((c) => c.node),
      (evaluator, start, count) => {
        for (const c of constraints) {
          const values = evaluator.values(c.node);
          for (let x = 0; x < count; x++) if (values[x] !== 0) found.push({ chip: id, row: start + x, label: c.label });
        }
      },
    );
    failures.push(...found.sort((a, b) => a.row - b.row));
  }
  return failures.slice(0, limit);
}

/** Every message with a count other than zero, in the order of instances, interactions within a chunk, and rows. */
export function forMessages(
  instances: readonly Instance[],
  publics: Readonly<Record<string, number>>,
  wanted: (i: Interaction) => boolean,
  visit: (instance: Instance, interaction: Interaction, row: number, message: readonly number[], count: number) => void,
): void {
  for (const instance of instances) {
    const interactions = instance.chip.interactions.filter(wanted);
    const nodes = interactions.flatMap((i) => [i.count, ...i.fields]);
    forChunks(instance, publicsOf(instance.chip, publics), nodes, (evaluator, start, n) => {
      for (const i of interactions) {
        const counts = evaluator.values(i.count);
        const fields = i.fields.map((id) => evaluator.values(id));
        for (let x = 0; x < n; x++)
          if (counts[x] !== 0)
            visit(
              instance,
              i,
              start + x,
              fields.map((f) => f[x]!),
              counts[x]!,
            );
      }
    });
  }
}

/**
 * Every message of the given scope that does not balance over the instances and the extra messages. A count above
 * its declared bound is reported like an imbalance.
 */
export function checkBuses(
  instances: readonly Instance[],
  extra: readonly ExtraMessage[] = [],
  publics: Readonly<Record<string, number>> = {},
  scope: Bus['scope'] = 'local',
): Imbalance[] {
  const ledger = new Map<string, { bus: string; message: readonly number[]; count: number; places: string[] }>();
  const add = (bus: Bus, message: readonly number[], count: number, place: string): void => {
    const key = `${bus.index}:${message.join(',')}`;
    const entry = ledger.get(key) ?? { bus: bus.id, message, count: 0, places: [] };
    entry.count = Fp.add(entry.count, count);
    if (entry.places.length < 4) entry.places.push(place);
    ledger.set(key, entry);
  };
  const over: Imbalance[] = [];
  forMessages(
    instances,
    publics,
    (i) => i.bus.scope === scope,
    (instance, i, row, message, count) => {
      const place = `${instance.chip.id}/${row}/${i.label}`;
      if (count > i.maxPerRow) over.push({ bus: i.bus.id, message, count, places: [`${place} above its bound`] });
      add(i.bus, message, i.direction === 'send' ? count : Fp.neg(count), place);
    },
  );
  for (const { bus, message, count } of extra)
    if (bus.scope === scope) add(bus, message, count < 0 ? P + count : count, 'verifier');
  return [...over, ...[...ledger.values()].filter((e) => e.count !== 0)];
}
