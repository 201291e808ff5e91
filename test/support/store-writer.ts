/** Child process of the crash test: writes numbered batches until it is killed, a line for each one stored. */

import { numberKey } from '../../client/execution/store/schema.ts';
import { Store } from '../../client/execution/store/store.ts';

const store = await Store.open(process.argv[2] ?? '', new Uint8Array(32));
for (let n = 0n; ; n++) {
  const value = new Uint8Array(10_000).fill(Number(n % 256n));
  const batch = store.batch();
  for (const table of ['headers', 'bodies', 'receipts', 'witnesses'] as const) batch.put(table, numberKey(n), value);
  await store.write(batch.meta('head', numberKey(n)));
  process.stdout.write(`${n}\n`);
}
