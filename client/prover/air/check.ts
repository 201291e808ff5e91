import { Fp, P } from '../field/fp.ts';
import type { Bus, CompiledChip, Instance } from './dag.ts';
import { evaluateRow } from './evaluate.ts';

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

/** All values of one row of an instance. */
export function rowValues(instance: Instance, row: number, publics: readonly number[] = []): Uint32Array {
  const width = instance.chip.columns.length;
  return evaluateRow(
    instance.chip,
    (c) => instance.rows[row * width + c]!,
    (i) => publics[i]!,
  );
}

const publicsOf = (chip: CompiledChip, publics: Readonly<Record<string, number>>): number[] =>
  chip.publics.map((name) => {
    const value = publics[name];
    if (value === undefined) throw new RangeError(`chip ${chip.id}: the public value ${name} is not given`);
    return value;
  });

/** Every violated constraint of every row, at most `limit`. */
export function checkRows(
  instances: readonly Instance[],
  publics: Readonly<Record<string, number>> = {},
  limit = 100,
): RowFailure[] {
  const failures: RowFailure[] = [];
  for (const instance of instances) {
    const own = publicsOf(instance.chip, publics);
    for (let row = 0; row < 2 ** instance.logHeight && failures.length < limit; row++) {
      const values = rowValues(instance, row, own);
      for (const c of instance.chip.constraints)
        if (values[c.node] !== 0) failures.push({ chip: instance.chip.id, row, label: c.label });
    }
  }
  return failures;
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
  for (const instance of instances) {
    const own = publicsOf(instance.chip, publics);
    const interactions = instance.chip.interactions.filter((i) => i.bus.scope === scope);
    if (interactions.length === 0) continue;
    for (let row = 0; row < 2 ** instance.logHeight; row++) {
      const values = rowValues(instance, row, own);
      for (const i of interactions) {
        const count = values[i.count]!;
        if (count === 0) continue;
        const place = `${instance.chip.id}/${row}/${i.label}`;
        const message = i.fields.map((id) => values[id]!);
        if (count > i.maxPerRow) over.push({ bus: i.bus.id, message, count, places: [`${place} above its bound`] });
        add(i.bus, message, i.direction === 'send' ? count : Fp.neg(count), place);
      }
    }
  }
  for (const { bus, message, count } of extra)
    if (bus.scope === scope) add(bus, message, count < 0 ? P + count : count, 'verifier');
  return [...over, ...[...ledger.values()].filter((e) => e.count !== 0)];
}
