import { ClientError } from '../../errors.ts';
import { publicsOf } from '../air/check.ts';
import type { CompiledChip, Instance, Interaction } from '../air/dag.ts';
import { EVALUATED_ROWS, RowEvaluator } from '../air/evaluate-rows.ts';
import { isProvider } from '../air/rules.ts';
import type { Table } from '../chips/tables/table.ts';

/**
 * How often each row of the tables is looked up by the given instances: per table and provider.
 * @throws ClientError `lookupMissing` for a message that its table does not hold: chip, row, bus and message
 */
export function countUses(
  tables: readonly Table[],
  instances: readonly Instance[],
  publics: Readonly<Record<string, number>>,
): Uint32Array[][] {
  const uses = tables.map((t) => t.providers.map(() => new Uint32Array(2 ** t.logHeight)));
  const providers = new Map(
    tables.flatMap((t, i) =>
      t.providers.map(({ bus, addUses }, k) => [bus.id, { addUses, uses: uses[i]![k]! }] as const),
    ),
  );
  // Rows that provide what they compute themselves know how often it is read.
  const ownProviders = new Set(
    instances.flatMap(({ chip }) => chip.interactions.filter(isProvider).map((i) => i.bus.id)),
  );
  for (const instance of instances) {
    const { chip, logHeight } = instance;
    const lookups = lookupsOf(chip).flatMap(({ label, bus, count, fields }) => {
      const provider = providers.get(bus.id);
      if (provider !== undefined) return [{ label, bus, count, fields, ...provider }];
      if (ownProviders.has(bus.id)) return [];
      throw new ClientError('providerMissing', `no table provides ${bus.id}`);
    });
    if (lookups.length === 0) continue;
    const wanted = lookups.flatMap((i) => [i.count, ...i.fields]);
    const evaluator = new RowEvaluator(chip, publicsOf(chip, publics), wanted);
    const values = lookups.map((l) => ({
      ...l,
      counts: evaluator.values(l.count),
      messages: l.fields.map((id) => evaluator.values(id)),
    }));
    for (let start = 0; start < 2 ** logHeight; start += EVALUATED_ROWS) {
      const n = Math.min(EVALUATED_ROWS, 2 ** logHeight - start);
      evaluator.load(instance, start, n);
      for (const { addUses, uses, messages, counts, label, bus } of values) {
        const missing = addUses(uses, messages, counts, n);
        if (missing < 0) continue;
        const message = messages.map((f) => f[missing]!);
        throw new ClientError(
          'lookupMissing',
          `${chip.id} row ${start + missing}, ${label}: ${bus.id} does not hold (${message.join(', ')})`,
          { chip: chip.id, row: start + missing, bus: bus.id, message },
        );
      }
    }
  }
  return uses;
}

const lookupsOf = (chip: CompiledChip): Interaction[] =>
  chip.interactions.filter((i) => i.bus.kind === 'lookup' && i.direction === 'send');
