import type { Store } from '../execution/store/store.ts';
import type { Hash } from '../prover/interface.ts';
import type { RevokedKeys } from '../prover/verifier/revoked-keys.ts';
import { bytesOf, hashOf } from '../sync/block-data.ts';

const HASH_BYTES = 32;

/**
 * Remembers which keys are revoked at this start.
 * @returns those that were at the last one and are not any more: a flag that was forgotten must not pass in silence
 */
export async function rememberRevoked(store: Store, revoked: RevokedKeys): Promise<readonly Hash[]> {
  const before = store.meta('revoked') ?? new Uint8Array(0);
  const now = Uint8Array.from(Buffer.concat(revoked.hashes.map(bytesOf)));
  if (Buffer.compare(before, now) !== 0) await store.write(store.batch().meta('revoked', now));
  const hashes = Array.from({ length: before.length / HASH_BYTES }, (_, i) =>
    hashOf(before.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
  );
  return hashes.filter((hash) => !revoked.has(hash));
}
