import type { BlockClaim, ProfileId, Progress, ProveResult, Prover } from '../interface.ts';
import { checkTransition, type Job, type ProofInfo } from './job.ts';

export type QueueOptions = {
  readonly profile: ProfileId;
  /** A job that takes longer fails. */
  readonly deadlineMs: number;
  /** A job that failed this often is not tried again by itself. */
  readonly maxAttempts: number;
};

/** Where jobs and proofs outlive the process. Keys are block hashes. */
export type JobStore = {
  readonly get: (blockHash: Uint8Array) => Job | undefined;
  readonly all: () => AsyncIterable<readonly [blockHash: Uint8Array, job: Job]>;
  /** Stores the job, and with it the proof where there is one, whole or not at all. */
  readonly put: (blockHash: Uint8Array, job: Job, proof?: Uint8Array) => Promise<void>;
};

export type QueueModules = {
  readonly store: JobStore;
  readonly prover: Prover;
  /** The prover's input for a block, from its block and witness alone. */
  readonly jobInput: (blockHash: Uint8Array) => Promise<{ readonly input: Uint8Array; readonly expected: BlockClaim }>;
  /** Verifies a fresh proof as a stranger would; what is kept with it, or why it must not be kept. */
  readonly accept: (
    proof: Uint8Array,
    expected: BlockClaim,
  ) =>
    | { readonly ok: true; readonly info: Omit<ProofInfo, 'provingTimeMs' | 'provedAt' | 'backend'> }
    | { readonly ok: false; readonly reason: string };
  readonly now: () => number;
  readonly onChange: (blockHash: Uint8Array, job: Job) => void;
  readonly onProgress: (blockHash: Uint8Array, progress: Progress) => void;
  /** Told of an error that stopped the queue. */
  readonly onError: (error: unknown) => void;
};

type Waiting = { readonly blockHash: Uint8Array; readonly number: bigint };

/**
 * Proves queued blocks one after another, the oldest first; failed ones again when nothing else waits.
 * Execution and import never wait for it.
 */
export class ProvingQueue {
  readonly #options: QueueOptions;
  readonly #modules: QueueModules;
  #waiting: Waiting[] = [];
  #retry: Waiting[] = [];
  #running: Promise<void> | undefined;
  readonly #stop = new AbortController();

  constructor(options: QueueOptions, modules: QueueModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Takes up the jobs that an earlier process left. */
  async resume(): Promise<void> {
    for await (const [blockHash, job] of this.#modules.store.all()) {
      if (job.state === 'proving')
        await this.#move(blockHash, { state: 'queued', number: job.number, attempts: job.attempts });
      if (job.state === 'proving' || job.state === 'queued') this.#waiting.push({ blockHash, number: job.number });
      if (job.state === 'failed' && job.attempts < this.#options.maxAttempts)
        this.#retry.push({ blockHash, number: job.number });
    }
    this.#run();
  }

  /** Queues a block; does nothing where it is queued, being proven or proven. */
  async request(blockHash: Uint8Array, number: bigint): Promise<void> {
    const job = this.#modules.store.get(blockHash);
    if (job !== undefined && job.state !== 'failed') return;
    this.#retry = this.#retry.filter((w) => !isSame(w.blockHash, blockHash));
    await this.#move(blockHash, { state: 'queued', number, attempts: job?.attempts ?? 0 });
    this.#waiting.push({ blockHash, number });
    this.#run();
  }

  get backlog(): number {
    return this.#waiting.length + this.#retry.length;
  }

  /** Aborts the running job, which starts over with the next process. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #run(): void {
    if (this.#running !== undefined || this.#stop.signal.aborted) return;
    const ended = (): void => {
      this.#running = undefined;
      if (this.#waiting.length > 0) this.#run();
    };
    // A job that cannot be stored stops the queue: the next request, or the next process, takes it up again.
    this.#running = this.#proveAll().then(ended, (error: unknown) => {
      this.#running = undefined;
      this.#modules.onError(error);
    });
  }

  async #proveAll(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#waiting.sort((a, b) => (a.number < b.number ? -1 : 1));
      const next = this.#waiting.shift() ?? this.#retry.shift();
      if (next === undefined) return;
      await this.#proveOne(next);
    }
  }

  async #proveOne({ blockHash, number }: Waiting): Promise<void> {
    const job = this.#modules.store.get(blockHash);
    const attempts = (job?.attempts ?? 0) + 1;
    if (job?.state === 'failed') await this.#move(blockHash, { state: 'queued', number, attempts: job.attempts });
    await this.#move(blockHash, { state: 'proving', number, attempts });
    const outcome = await this.#attempt(blockHash);
    if (outcome.kind === 'stopped') {
      await this.#move(blockHash, { state: 'queued', number, attempts: attempts - 1 });
    } else if (outcome.kind === 'failed') {
      await this.#move(blockHash, { state: 'failed', number, attempts, reason: outcome.reason });
      if (attempts < this.#options.maxAttempts) this.#retry.push({ blockHash, number });
    } else {
      await this.#move(blockHash, { state: 'proved', number, attempts, proof: outcome.info }, outcome.proof);
    }
  }

  async #attempt(blockHash: Uint8Array): Promise<Outcome> {
    const { prover, jobInput, accept, now } = this.#modules;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.#options.deadlineMs);
    const signal = AbortSignal.any([this.#stop.signal, deadline.signal]);
    let expected: BlockClaim;
    let result: ProveResult;
    try {
      const job = await jobInput(blockHash);
      if (this.#stop.signal.aborted) return { kind: 'stopped' };
      expected = job.expected;
      const onProgress = (progress: Progress): void => this.#modules.onProgress(blockHash, progress);
      result = await prover.prove({ ...job, profile: this.#options.profile }, { signal, onProgress });
    } catch (error) {
      return { kind: 'failed', reason: `internal: ${error instanceof Error ? error.message : String(error)}` };
    } finally {
      clearTimeout(timer);
    }
    if (this.#stop.signal.aborted) return { kind: 'stopped' };
    if (!result.ok) {
      return {
        kind: 'failed',
        reason: deadline.signal.aborted
          ? `overdue after ${this.#options.deadlineMs} ms`
          : `${result.code}: ${result.detail}`,
      };
    }
    const accepted = accept(result.proof, expected);
    if (!accepted.ok) return { kind: 'failed', reason: `own proof rejected: ${accepted.reason}` };
    const { provingMs, backend } = result.stats;
    const info = { ...accepted.info, provingTimeMs: provingMs, provedAt: now(), backend };
    return { kind: 'proved', proof: result.proof, info };
  }

  async #move(blockHash: Uint8Array, job: Job, proof?: Uint8Array): Promise<void> {
    checkTransition(this.#modules.store.get(blockHash)?.state, job.state);
    await this.#modules.store.put(blockHash, job, proof);
    this.#modules.onChange(blockHash, job);
  }
}

type Outcome =
  | { readonly kind: 'proved'; readonly proof: Uint8Array; readonly info: ProofInfo }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'stopped' };

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
