/**
 * A proving job of one block and its life: `queued → proving → proved | failed`; a failed job may be queued again,
 * and one that was being proven when the process ended starts over.
 */
import { ClientError } from '../../errors.ts';
import type { BackendId, BlockClaim, Hash } from '../interface.ts';

export type Job =
  | { readonly state: 'queued'; readonly number: bigint; readonly attempts: number }
  | { readonly state: 'proving'; readonly number: bigint; readonly attempts: number }
  | { readonly state: 'failed'; readonly number: bigint; readonly attempts: number; readonly reason: string }
  | { readonly state: 'proved'; readonly number: bigint; readonly attempts: number; readonly proof: ProofInfo };

/** What is known of a stored proof besides its bytes. */
export type ProofInfo = {
  readonly proofType: number;
  readonly vkHash: Hash;
  readonly claim: BlockClaim;
  readonly provingTimeMs: number;
  /** ms since 1970 */
  readonly provedAt: number;
  readonly backend: BackendId;
};

/** State → the states that may follow it. */
const NEXT: Readonly<Record<Job['state'], readonly Job['state'][]>> = {
  queued: ['proving', 'failed'],
  proving: ['proved', 'failed', 'queued'],
  failed: ['queued'],
  proved: [],
};

/** @throws JobError `illegalTransition` */
export function checkTransition(from: Job['state'] | undefined, to: Job['state']): void {
  const allowed = from === undefined ? to === 'queued' : NEXT[from].includes(to);
  if (!allowed)
    throw new JobError('illegalTransition', `a job cannot go from ${from ?? 'nothing'} to ${to}`, { from, to });
}

export function encodeJob(job: Job): Uint8Array {
  const text = JSON.stringify(job, (_, value: unknown) =>
    typeof value === 'bigint' ? { bigint: value.toString() } : value,
  );
  return new TextEncoder().encode(text);
}

/** The inverse of `encodeJob`. */
export function decodeJob(bytes: Uint8Array): Job {
  return JSON.parse(new TextDecoder().decode(bytes), (_, value: unknown) =>
    value !== null && typeof value === 'object' && 'bigint' in value ? BigInt(String(value.bigint)) : value,
  ) as Job;
}

export type JobErrorCode = 'illegalTransition';
export class JobError extends ClientError<JobErrorCode> {}
