/** A chain of proofs: each block verified here is the child of the one before it. */
import type { Hash } from '../prover/interface.ts';
import { fetchBlockProof, type ProofRequest, type VerifiedBlock } from './block-proof.ts';
import { LightError } from './errors.ts';
import { call, type Endpoint } from './transport.ts';

export type FollowOptions = Omit<ProofRequest, 'block' | 'trustedHash'> & {
  /** first block; by default the node's newest one */
  readonly from?: bigint;
  /** ms between two looks for a proof that is not there; 1000 by default */
  readonly pollMs?: number;
  /** In place of waiting `pollMs`: returns when it is worth looking again. */
  readonly rest?: (pollMs: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Told of what delays the next block, once for each reason: it is tried again. */
  readonly onWait?: (number: bigint, error: LightError) => void;
  /** Told where the chain has been reorganised: following begins anew at this block. */
  readonly onReorg?: (number: bigint, expectedParent: Hash, actualParent: Hash) => void;
};

/** What passes by itself: the node is down or has not proven the block yet. */
const PASSING: ReadonlySet<LightError['code']> = new Set([
  ...(['unreachable', 'timeout', 'httpStatus', 'blockUnknown', 'notProven'] as const),
]);
const MAX_NUMBER_BYTES = 4096;

/**
 * Verified blocks, in order, until `signal` ends. Each one's parent is the block before it, so that who trusts one of them
 * has all before it; after a reorganisation the new branch is followed from its first block that is seen here.
 * @throws LightError for whatever a node cannot mend by waiting: a proof that does not verify, a seal that is nobody's
 */
export async function* followProofs(o: FollowOptions): AsyncGenerator<VerifiedBlock, void> {
  const { signal, pollMs = 1000, rest = pause, onWait, onReorg } = o;
  let next = o.from;
  let parent: Hash | undefined;
  let told = '';
  const hasEnded = (): boolean => signal?.aborted === true;
  while (!hasEnded()) {
    try {
      next ??= await newestNumber(o);
      const verified = await fetchBlockProof({ ...o, block: next });
      const { parentHash, hash } = verified.header;
      if (parent !== undefined && parentHash !== parent) onReorg?.(next, parent, parentHash);
      yield verified;
      parent = hash;
      next++;
      told = '';
    } catch (error) {
      if (hasEnded()) return;
      if (!(error instanceof LightError) || !PASSING.has(error.code)) throw error;
      const reason = `${next} ${error.code} ${String(error.detail.status)}`;
      if (reason !== told) onWait?.(next ?? 0n, error);
      told = reason;
      await rest(pollMs, signal);
    }
  }
}

/** The first block that the node can have a proof of, or its newest one. @throws LightError */
export async function newestNumber(endpoint: Endpoint): Promise<bigint> {
  const result = await call(endpoint, 'eth_blockNumber', [], MAX_NUMBER_BYTES);
  if (typeof result !== 'string' || !/^0x[0-9a-f]{1,16}$/.test(result))
    throw new LightError('responseMalformed', 'eth_blockNumber: expected a number of at most 8 bytes as 0x… hex');
  const number = BigInt(result);
  // Genesis has no proof: the first block that can have one comes after it.
  return number === 0n ? 1n : number;
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}
