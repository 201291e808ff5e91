import type { ServiceTables } from '../../client/prover/service/job-store.ts';

/** Jobs and proofs in memory. */
export function memoryTables(): ServiceTables {
  const rows = new Map<string, Uint8Array>();
  const name = (table: string, key: Uint8Array): string => `${table} ${Buffer.from(key).toString('hex')}`;
  return {
    get: (table, key) => rows.get(name(table, key)),
    entries: async function* (table) {
      for (const [row, value] of [...rows]) {
        const [of, key] = row.split(' ');
        if (of === table) yield [new Uint8Array(Buffer.from(key ?? '', 'hex')), value] as const;
      }
    },
    write: async (changes) => {
      for (const { table, key, value } of changes)
        if (value === undefined) rows.delete(name(table, key));
        else rows.set(name(table, key), value);
    },
  };
}
