import type { ChainData } from '../interface.ts';
import { proofKey } from './blocks.ts';
import type { Store } from './store.ts';

/** What is stored, as peers get it. */
export function chainData(store: Store): ChainData {
  return {
    canonicalHash: (number) => (number < 0n || number >= 1n << 64n ? undefined : store.canonicalHash(number)),
    sealedHeader: (hash) => {
      const header = store.get('headers', hash);
      return header && { header, seal: store.get('seals', hash) ?? new Uint8Array(0) };
    },
    body: (hash) => store.get('bodies', hash),
    receipts: (hash) => store.get('receipts', hash),
    stateDiff: (hash) => store.get('diffs', hash),
    witness: (hash) => store.get('witnesses', hash),
    proof: (hash, proofType) => store.get('proofs', proofKey(hash, proofType)),
    code: (codeHash) => store.get('codes', codeHash),
  };
}
