import type { ProofInfo } from './job.ts';
import { decodeJob, encodeJob } from './job.ts';
import type { JobStore } from './queue.ts';

/** Bytes by block hash, kept by the node's store. */
export type ServiceTables = {
  readonly job: (blockHash: Uint8Array) => Uint8Array | undefined;
  readonly jobs: () => AsyncIterable<readonly [blockHash: Uint8Array, job: Uint8Array]>;
  readonly proof: (blockHash: Uint8Array) => Uint8Array | undefined;
  /** One atomic write. */
  readonly write: (blockHash: Uint8Array, job: Uint8Array, proof?: Uint8Array) => Promise<void>;
};

export function jobStore(tables: ServiceTables): JobStore {
  return {
    get: (blockHash) => {
      const bytes = tables.job(blockHash);
      return bytes === undefined ? undefined : decodeJob(bytes);
    },
    all: async function* () {
      for await (const [blockHash, bytes] of tables.jobs()) yield [blockHash, decodeJob(bytes)] as const;
    },
    put: (blockHash, job, proof) => tables.write(blockHash, encodeJob(job), proof),
  };
}

/** How far the proof of a block is, with the proof where there is one. */
export type ProofProgress =
  | { readonly status: 'proved'; readonly proofs: readonly (ProofInfo & { readonly proof: Uint8Array })[] }
  | { readonly status: 'queued' | 'proving' }
  | { readonly status: 'failed'; readonly reason: string }
  | { readonly status: 'notRequested' };

export function proofProgress(tables: ServiceTables, blockHash: Uint8Array): ProofProgress {
  const bytes = tables.job(blockHash);
  if (bytes === undefined) return { status: 'notRequested' };
  const job = decodeJob(bytes);
  switch (job.state) {
    case 'queued':
    case 'proving':
      return { status: job.state };
    case 'failed':
      return { status: 'failed', reason: job.reason };
    case 'proved': {
      const proof = tables.proof(blockHash);
      if (proof === undefined) return { status: 'failed', reason: 'the stored proof is missing' };
      return { status: 'proved', proofs: [{ ...job.proof, proof }] };
    }
  }
}
