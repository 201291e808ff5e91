import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodeClaim } from '../guest/claim.ts';
import type { BackendId, BlockClaim, Hash } from '../interface.ts';
import { tryDecodeProof } from '../verifier/codec.ts';
import type { Job } from './job.ts';
import type { JobStore } from './queue.ts';
import { decodeJson, encodeJson } from './stored-json.ts';

/** Where jobs and proofs lie; kept by the node's store. */
export type ServiceTable = 'jobs' | 'proofs' | 'proofInfos';
/** Bytes by key, and writes that happen whole or not at all. */
export type ServiceTables = {
  readonly get: (table: ServiceTable, key: Uint8Array) => Uint8Array | undefined;
  readonly entries: (table: ServiceTable) => AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;
  readonly write: (changes: readonly ServiceChange[]) => Promise<void>;
};
/** `value` undefined deletes. */
export type ServiceChange = {
  readonly table: ServiceTable;
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
};

/** What is known of a proof that this node has made, besides its bytes. */
export type ProofInfo = {
  readonly proofType: number;
  readonly vkHash: Hash;
  readonly claim: BlockClaim;
  readonly proofHash: Hash;
  readonly proofSize: number;
  readonly provingTimeMs: number;
  /** by this node, before it kept the proof */
  readonly verifyingTimeMs: number;
  /** ms since 1970 */
  readonly provedAt: number;
  readonly backend: BackendId;
};

const HASH_BYTES = 32;

/** Key of jobs and proofs: block hash ‖ proofType u8. */
export function proofKey(blockHash: Uint8Array, proofType: number): Uint8Array {
  return Uint8Array.of(...blockHash, proofType);
}

/** A new job's record, for the batch that stores its block. */
export function newJobChange(blockHash: Uint8Array, proofType: number, job: Job): ServiceChange {
  return { table: 'jobs', key: proofKey(blockHash, proofType), value: encodeJson(job) };
}

/** The jobs of one proof type. */
export function jobStore(tables: ServiceTables, proofType: number): JobStore {
  const keyOf = (blockHash: Uint8Array): Uint8Array => proofKey(blockHash, proofType);
  return {
    get: (blockHash) => {
      const bytes = tables.get('jobs', keyOf(blockHash));
      return bytes === undefined ? undefined : (decodeJson(bytes) as Job);
    },
    all: async function* () {
      for await (const [key, bytes] of tables.entries('jobs'))
        if (key[HASH_BYTES] === proofType) yield [key.slice(0, HASH_BYTES), decodeJson(bytes) as Job] as const;
    },
    put: (blockHash, job, made) => {
      const key = keyOf(blockHash);
      const changes: ServiceChange[] = [{ table: 'jobs', key, value: encodeJson(job) }];
      if (made !== undefined) {
        changes.push({ table: 'proofs', key, value: made.proof });
        changes.push({ table: 'proofInfos', key, value: encodeJson(made.info) });
      }
      return tables.write(changes);
    },
    drop: (blockHash) => tables.write([{ table: 'jobs', key: keyOf(blockHash), value: undefined }]),
  };
}

/** A stored proof; its bytes are read when they are asked for. */
export type StoredProof = Pick<ProofInfo, 'proofType' | 'vkHash' | 'claim' | 'proofHash' | 'proofSize'> & {
  /** undefined for a proof that came from a peer */
  readonly made: Pick<ProofInfo, 'provingTimeMs' | 'provedAt' | 'backend'> | undefined;
  readonly bytes: () => Uint8Array | undefined;
};

/** The stored proofs of a block among the given types. */
export function storedProofs(
  tables: ServiceTables,
  blockHash: Uint8Array,
  proofTypes: readonly number[],
): readonly StoredProof[] {
  return proofTypes.flatMap((proofType): readonly StoredProof[] => {
    const key = proofKey(blockHash, proofType);
    const bytes = (): Uint8Array | undefined => tables.get('proofs', key);
    const stored = tables.get('proofInfos', key);
    if (stored !== undefined) {
      const info = decodeJson(stored) as ProofInfo;
      return [{ ...info, made: info, bytes }];
    }
    const proof = bytes();
    const decoded = proof === undefined ? undefined : tryDecodeProof(proof);
    if (proof === undefined || decoded?.ok !== true) return [];
    const { vkHash, claim } = decoded.proof;
    return [
      {
        ...{ proofType, vkHash: hex(vkHash), claim: decodeClaim(claim), made: undefined, bytes },
        ...{ proofHash: hex(keccak_256(proof)), proofSize: proof.length },
      },
    ];
  });
}

const hex = (bytes: Uint8Array): Hash => `0x${Buffer.from(bytes).toString('hex')}`;
