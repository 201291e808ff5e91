import type { Store, StoreBatch } from '../execution/store/store.ts';
import type { ServiceChange, ServiceTables } from '../prover/service/job-store.ts';

/** The node's store as the proving service sees it. */
export function serviceTables(store: Store): ServiceTables {
  return {
    get: (table, key) => store.get(table, key),
    entries: (table) => store.entries(table),
    write: async (changes) => {
      const batch = store.batch();
      for (const change of changes) putChange(batch, change);
      await store.write(batch);
    },
  };
}

/** Adds a change of the proving service to a batch, to be stored together with what else is in it. */
export function putChange(batch: StoreBatch, { table, key, value }: ServiceChange): void {
  if (value === undefined) batch.delete(table, key);
  else batch.put(table, key, value);
}
