/**
 * A proving job of one block and its life: `queued → proving → proved | failed`; a failed job may be queued again,
 * and one that was being proven when the process ended starts over. A job whose block is not canonical is deleted.
 */
import { ClientError } from '../../errors.ts';
import type { ProveErrorCode } from '../interface.ts';

type Common = {
  readonly number: bigint;
  /** how often proving was begun and came to an end */
  readonly attempts: number;
};
/** A job as it is stored, under its block's hash. */
export type Job = Common &
  (
    | { readonly state: 'queued' }
    | { readonly state: 'proving' }
    | { readonly state: 'proved' }
    | {
        readonly state: 'failed';
        readonly code: JobFailure;
        readonly reason: string /** ms since 1970 */;
        readonly at: number;
      }
  );

/** The prover's codes, and those of the service around it. */
export type JobFailure =
  | ProveErrorCode
  /** took longer than the deadline */
  | 'overdue'
  /** more blocks waited than the queue may hold */
  | 'backlogFull'
  /** nobody had the block and its witness */
  | 'unavailable'
  /** execution and guest disagree about the block */
  | 'guestRejects'
  /** the own verifier does not accept the proof */
  | 'ownProofRejected';

/** Failures that the same build on the same machine would only repeat: such a job waits for someone to ask for it. */
const LASTING: ReadonlySet<JobFailure> = new Set(['guestTrap', 'claimMismatch', 'tooLarge', 'guestRejects']);

/** Whether trying again by itself is pointless: see `LASTING`. */
export const isLasting = (code: JobFailure): boolean => LASTING.has(code);

/** State → the states that may follow it. */
const NEXT: Readonly<Record<Job['state'], readonly Job['state'][]>> = {
  queued: ['proving', 'failed'],
  proving: ['proved', 'failed', 'queued'],
  failed: ['queued'],
  proved: [],
};

/** @throws JobError `illegalTransition` */
export function checkTransition(from: Job['state'] | undefined, to: Job['state']): void {
  const allowed = from === undefined ? to === 'queued' || to === 'failed' : NEXT[from].includes(to);
  if (!allowed)
    throw new JobError('illegalTransition', `a job cannot go from ${from ?? 'nothing'} to ${to}`, { from, to });
}

/** The state machine was misused: a defect of the caller. */
export type JobErrorCode = 'illegalTransition';
/** Thrown by `checkTransition`. */
export class JobError extends ClientError<JobErrorCode> {}
