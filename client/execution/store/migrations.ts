/** How a store of an older schema becomes one of the next. */
import { RLP } from '@ethereumjs/rlp';
import { bytesToBigInt } from '@ethereumjs/util';
import { numberKey } from './schema.ts';
import type { Store, StoreBatch } from './store.ts';

const HEADER_NUMBER = 8;

/**
 * Version → what leads to the next one. A step adds all its changes to one batch, which is stored together with the new
 * version: a store that was killed in between is still one of the old version.
 */
export const MIGRATIONS: Readonly<Record<string, (store: Store, batch: StoreBatch) => void>> = {
  // Every block of a store of version 1 was executed. Their diffs and seals are not known: peers get them elsewhere.
  '1': (store, batch) => {
    const head = store.meta('head');
    const header = head && store.get('headers', head);
    const number = header && (RLP.decode(header) as Uint8Array[])[HEADER_NUMBER];
    batch.meta('executed', numberKey(number === undefined ? 0n : bytesToBigInt(number)));
    batch.meta('applied', numberKey(0n));
    // Genesis had an empty witness, which was no witness.
    const genesis = store.canonicalHash(0n);
    if (genesis !== undefined) batch.delete('witnesses', genesis);
  },
};
