import { type BackendOptions, createBackend } from '../backends/create.ts';
import { createGuestProver, type GuestProver, proveGuest } from '../engine/prove-guest.ts';
import { decodeClaim, encodeClaim } from '../guest/claim.ts';
import { loadGuest } from '../guest/load.ts';
import type { BackendId, ProfileId, Progress, ProveJob, ProveResult } from '../interface.ts';
import { ACCEPTED_KEYS } from '../verifier/accepted-keys.ts';
import type { MemoryPlan } from './memory.ts';
import { ProgressMeter } from './progress.ts';

/** Backend, threads and memory of one prover. */
export type BackendLimits = Pick<BackendOptions, 'backend' | 'threads'> & { readonly memory: MemoryPlan };

/**
 * Proves in the calling thread, which it blocks. The backend lives as long as the process, and so does the key of each
 * profile, which is derived from the guest at its first job and compared with the key that verifiers accept.
 */
export function createProving({ memory, ...options }: BackendLimits) {
  const backend = createBackend({ ...options, maxBytes: memory.kernelBytes });
  const backendId: BackendId = options.backend === 'reference' ? 'reference' : 'wasm';
  const provers = new Map<ProfileId, GuestProver>();

  const proverOf = async (profile: ProfileId): Promise<GuestProver> => {
    const known = provers.get(profile);
    if (known !== undefined) return known;
    const accepted = ACCEPTED_KEYS.find((k) => k.profile === profile);
    if (accepted === undefined) throw new Error(`this build has no verification key for profile ${profile}`);
    const prover = await createGuestProver(loadGuest().wasm, { profile, proofType: accepted.proofType, backend });
    const digest = Buffer.from(prover.vk.digest).toString('hex');
    if (digest !== accepted.digest)
      throw new Error(`the prover's key ${digest} is not this build's ${accepted.digest}`);
    provers.set(profile, prover);
    return prover;
  };

  return async (job: ProveJob, onProgress: (progress: Progress) => void): Promise<ProveResult> => {
    const start = performance.now();
    const meter = new ProgressMeter(onProgress);
    meter.begin();
    const prover = await proverOf(job.profile);
    meter.step('key');
    const result = await proveGuest(prover, job.input, () => job.headerRlp, {
      limits: { budget: memory.segmentCells },
      onStep: meter.step,
      onSegments: (count) => meter.segments(count),
    });
    if (!result.ok) return result;
    const isExpected = encodeClaim(job.expected).every((byte, i) => byte === result.claim[i]);
    if (!isExpected) {
      const { blockHash } = decodeClaim(result.claim);
      return {
        ok: false,
        code: 'claimMismatch',
        detail: `the machine's claim is not the guest's (block ${blockHash})`,
      };
    }
    const stats = {
      ...result.size,
      provingMs: Math.round(performance.now() - start),
      stages: meter.stages,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      backend: backendId,
    };
    return { ok: true, proof: result.proof, stats };
  };
}
