/**
 * The one list of what the node keeps on disk. Every table is a sublevel; keys and values are bytes.
 * Numbers in keys are 8-byte big-endian, so that the order of keys is the order of heights.
 */

/**
 * Raised with every change of a table's key or value. Older stores are migrated (`migrations.ts`), newer ones refused.
 *
 * 1: blocks, receipts, witnesses, state. 2: `diffs`, `sealed`, `faults`, and the counters in `meta`.
 */
export const SCHEMA_VERSION = 2;

/** Table → its sublevel's name on disk. */
export const TABLES = {
  /** one of META_KEYS → its value */
  meta: 'meta',
  /** block hash → rlp(header) */
  headers: 'header',
  /** block hash → rlp([transactions, ommers, withdrawals?]) */
  bodies: 'body',
  /** block hash → rlp(list of byte strings, each a receipt as the receipts trie holds it) */
  receipts: 'receipt',
  /** number → hash of the canonical block at that height */
  canonical: 'canonical',
  /** transaction hash → block hash ‖ index u32 big-endian; only for canonical blocks */
  transactions: 'transaction',
  /** keccak256(node) → rlp of a trie node of any account or storage trie */
  nodes: 'node',
  /** keccak256(code) → code */
  codes: 'code',
  /** block hash → rlp([state, codes, headers]): recorded while the block ran; absent where its diff was applied */
  witnesses: 'witness',
  /** block hash ‖ proofType u8 → the bytes of BlockProof */
  proofs: 'proof',
  /** block hash ‖ proofType u8 → what is known of the proof besides its bytes (JSON) */
  proofInfos: 'proofInfo',
  /** block hash ‖ proofType u8 → the proving job's record (JSON) */
  jobs: 'job',
  /** block hash → the sealer's signature, 65 bytes; absent on networks without sealers and for genesis */
  seals: 'seal',
  /** block hash → SSZ of StateDiff; only from Cancun on */
  diffs: 'diff',
  /** number ‖ sealer's address → rlp([header, seal]): the first block that this sealer was seen to seal at this height */
  sealed: 'sealed',
  /** number ‖ sealer's address → rlp([[header, seal], [header, seal]]): its first two seals at one height */
  faults: 'fault',
} as const;
export type Table = keyof typeof TABLES;

/** Keys of the `meta` table, as ASCII. */
export const META_KEYS = {
  /** decimal SCHEMA_VERSION, ASCII */
  version: 'version',
  /** hash of the genesis block: a store belongs to one chain */
  genesis: 'genesis',
  /** hash of the canonical head */
  head: 'head',
  /** blocks that this store got by running them, and by applying their diffs; u64 big-endian */
  executed: 'executed',
  applied: 'applied',
  /** digests of the verification keys that the operator had revoked at the last start, 32 bytes each; absent: none ever */
  revoked: 'revoked',
} as const;
export type MetaKey = keyof typeof META_KEYS;

/** A height as a key. @throws RangeError below 0 and from 2^64 on */
export function numberKey(number: bigint): Uint8Array {
  const key = new Uint8Array(8);
  if (number < 0n || number >= 1n << 64n) throw new RangeError(`block number ${number} is not a u64`);
  new DataView(key.buffer).setBigUint64(0, number);
  return key;
}

/** The inverse of `numberKey`. */
export function numberOfKey(key: Uint8Array): bigint {
  return new DataView(key.buffer, key.byteOffset, 8).getBigUint64(0);
}

/** Key of the table `meta`, in ASCII. */
export function metaKey(key: MetaKey): Uint8Array {
  return new TextEncoder().encode(META_KEYS[key]);
}
