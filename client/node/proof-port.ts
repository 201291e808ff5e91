import { ClientError } from '../errors.ts';
import { chainSpecOf, type Network } from '../execution/chain/network.ts';
import { chainSpecHash } from '../prover/guest/chain-spec.ts';
import { jobStore, type ServiceTables, storedProofs } from '../prover/service/job-store.ts';
import { proofHeight } from '../prover/service/proof-height.ts';
import type { ProvingService } from '../prover/service/proving-service.ts';
import type { VerifierProcess } from '../prover/service/verifier-process.ts';
import { ACCEPTED_KEYS } from '../prover/verifier/accepted-keys.ts';
import { NO_REVOKED_KEYS, type RevokedKeys } from '../prover/verifier/revoked-keys.ts';
import { parseProofPath } from '../rpc/eth/proofs.ts';
import type { ProofJob, ProofPort } from '../rpc/interface.ts';
import type { Downloads } from '../rpc/jsonrpc/download.ts';

type ProofModules = {
  readonly network: Network;
  readonly tables: ServiceTables;
  readonly proving: ProvingService | undefined;
  readonly verifier: VerifierProcess;
  /** keys whose proofs are not shown */
  readonly revoked?: RevokedKeys;
};

/** Proofs as JSON-RPC sees them. */
export function proofPort({ network, tables, proving, verifier, revoked = NO_REVOKED_KEYS }: ProofModules): ProofPort {
  const types = ACCEPTED_KEYS.map((key) => key.proofType).filter((type) => !revoked.proofTypes.includes(type));
  const jobOf = (hash: Uint8Array, type: number): ProofJob | undefined => {
    const job = jobStore(tables, type).get(hash);
    if (job === undefined) return undefined;
    if (job.state === 'failed') return { status: 'failed', reason: `${job.code}: ${job.reason}` };
    // Left behind by a process that was killed: it starts over with the next one that proves.
    return { status: job.state === 'proving' && proving === undefined ? 'queued' : job.state };
  };
  return {
    proofs: (hash) => storedProofs(tables, hash, types).filter(({ vkHash }) => !revoked.has(vkHash)),
    job: (hash, type) => {
      const wanted =
        type === undefined ? [...(proving === undefined ? [] : [proving.status().proofType]), ...types] : [type];
      for (const each of wanted) {
        const job = jobOf(hash, each);
        if (job !== undefined) return job;
      }
      return { status: 'notRequested' };
    },
    proving: () => proving?.status(),
    request: async (block) => {
      if (proving === undefined) throw new ClientError('notProving', 'this node does not prove: start it with --prove');
      await proving.request(block.hash(), block.header.number);
    },
    verify: async (proof, blockHash) => {
      const start = performance.now();
      const height = proofHeight(proof);
      if (!height.ok) return { result: height, ms: performance.now() - start };
      const expected = {
        chainId: network.config.chainId,
        chainSpecHash: chainSpecHash(chainSpecOf(network, height)),
        ...(blockHash === undefined ? {} : { blockHash }),
      };
      return await verifier.verify(height.proofType, proof, expected);
    },
  };
}

/** Stored proofs under the paths that `eth_getBlockProof` names. */
export function proofDownloads(proofs: ProofPort): Downloads {
  return (path) => {
    const wanted = parseProofPath(path);
    if (wanted === undefined) return undefined;
    const hash = new Uint8Array(Buffer.from(wanted.blockHash.slice(2), 'hex'));
    const record = proofs.proofs(hash).find((r) => r.proofType === wanted.proofType);
    return record === undefined
      ? undefined
      : { sizeBytes: record.proofSize, tag: record.proofHash, bytes: record.bytes };
  };
}
