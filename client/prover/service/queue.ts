import type { BlockClaim, ProfileId, Progress, ProveJob, ProveResult, Prover } from '../interface.ts';
import { checkTransition, isLasting, type Job, type JobFailure } from './job.ts';
import type { ProofInfo } from './job-store.ts';

export type QueueOptions = {
  readonly profile: ProfileId;
  /** A job that takes longer fails. */
  readonly deadlineMs: number;
  /** Jobs that may wait for their first attempt; further ones fail and are taken up when nothing else waits. */
  readonly maxBacklog: number;
  /** How long a job that failed for the nth time rests before it is tried again. */
  readonly retryAfterMs: (attempts: number) => number;
};

/** A proof that the own verifier accepted, and what is kept with it. */
export type MadeProof = { readonly proof: Uint8Array; readonly info: ProofInfo };

/** Where jobs and proofs outlive the process. Keys are block hashes. */
export type JobStore = {
  readonly get: (blockHash: Uint8Array) => Job | undefined;
  readonly all: () => AsyncIterable<readonly [blockHash: Uint8Array, job: Job]>;
  /** Stores the job, and with it the proof where there is one, whole or not at all. */
  readonly put: (blockHash: Uint8Array, job: Job, made?: MadeProof) => Promise<void>;
  readonly drop: (blockHash: Uint8Array) => Promise<void>;
};

/** What the queue needs of the node. `now` is ms since 1970. */
export type QueueModules = {
  readonly store: JobStore;
  readonly prover: Prover;
  /** Whether a proof of this block would still be worth something; jobs of others are dropped. */
  readonly isWanted: (blockHash: Uint8Array, number: bigint) => boolean;
  /** Who proves what; undefined: nobody else does. */
  readonly sharing?: WorkSharing | undefined;
  /**
   * The prover's input for a block, from its block and witness alone; or why the guest does not take it; `unavailable`:
   * nobody has the block or its witness now.
   */
  readonly jobInput: (
    blockHash: Uint8Array,
  ) => Promise<
    | ({ readonly ok: true } & Omit<ProveJob, 'profile'>)
    | { readonly ok: false; readonly code: JobFailure; readonly reason: string }
    | 'unavailable'
  >;
  /** Verifies a fresh proof as a stranger would; what is kept with it, or why it must not be kept. */
  readonly accept: (
    proof: Uint8Array,
    expected: BlockClaim,
  ) => Promise<
    | { readonly ok: true; readonly info: Omit<ProofInfo, 'provingTimeMs' | 'provedAt' | 'backend'> }
    | { readonly ok: false; readonly reason: string }
  >;
  readonly now: () => number;
  readonly onChange: (blockHash: Uint8Array, job: Job, info?: ProofInfo) => void;
  readonly onProgress: (blockHash: Uint8Array, number: bigint, progress: Progress) => void;
  /** Told of an error that stopped the queue. */
  readonly onError: (error: unknown) => void;
};

/** How several provers share work; none may depend on it. Times are ms since 1970. */
export type WorkSharing = {
  /** Until when another prover says it works on a block. */
  readonly claimedUntil: (blockHash: Uint8Array) => number | undefined;
  /**
   * Says that this node proves a block, until `signal` ends, and waits until others could have said the same.
   * @param onYield the block is another's after all
   */
  readonly claim: (
    blockHash: Uint8Array,
    o: { readonly signal: AbortSignal; readonly onYield: () => void },
  ) => Promise<void>;
};

type Waiting = {
  readonly blockHash: Uint8Array;
  readonly number: bigint;
  /** How often its block or witness was not to be had, and until when it is not asked for again, in ms since 1970. */
  readonly unavailable?: { readonly times: number; readonly until: number };
};
type Resting = Waiting & { /** ms since 1970 */ readonly until: number };
type Current = Waiting & { readonly startedAt: number; readonly stop: AbortController; progress: Progress | undefined };

/** Counts of jobs by what they wait for, and the one under way. */
export type QueueStatus = {
  readonly current: (Waiting & { readonly startedAt: number; readonly progress: Progress | undefined }) | undefined;
  /** blocks that wait for their first attempt */
  readonly queued: number;
  /** failed ones that are tried again when nothing else waits */
  readonly resting: number;
  /** of the queued ones, those that other provers say they are proving */
  readonly claimed: number;
  /** since the start: jobs that were given up or dropped because another's proof came, or never was wanted again */
  readonly dropped: number;
  /** since the start: jobs that were given up at their beginning because another prover had begun at the same time */
  readonly yielded: number;
};

/**
 * Proves queued blocks one after another, the oldest first; failed ones again when nothing else waits.
 * Execution and import never wait for it.
 */
export class ProvingQueue {
  readonly #options: QueueOptions;
  readonly #modules: QueueModules;
  #waiting: Waiting[] = [];
  #resting: Resting[] = [];
  #current: Current | undefined;
  #running: Promise<void> | undefined;
  #alarm: NodeJS.Timeout | undefined;
  #dropped = 0;
  #yielded = 0;
  readonly #stop = new AbortController();

  constructor(options: QueueOptions, modules: QueueModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Takes up the jobs that an earlier process left. */
  async resume(): Promise<void> {
    for await (const [blockHash, job] of this.#modules.store.all()) {
      const { number, attempts } = job;
      if (job.state === 'proving') await this.#move(blockHash, { state: 'queued', number, attempts });
      if (job.state === 'proving' || job.state === 'queued') this.#waiting.push({ blockHash, number });
      if (job.state === 'failed') this.#rest({ blockHash, number }, job);
    }
    this.#run();
  }

  /** The record of a block that becomes canonical, to be stored in one batch with it; `wake` follows. */
  newJob(number: bigint): Job {
    const job = { number, attempts: 0 };
    if (this.#waiting.length < this.#options.maxBacklog) return { ...job, state: 'queued' };
    const reason = `${this.#waiting.length} blocks waited already`;
    return { ...job, state: 'failed', code: 'backlogFull', reason, at: this.#modules.now() };
  }

  /** A block's new job is stored. */
  wake(blockHash: Uint8Array): void {
    const job = this.#modules.store.get(blockHash);
    if (job === undefined) return;
    const waiting = { blockHash, number: job.number };
    if (job.state === 'queued' && !this.#holds(blockHash)) this.#waiting.push(waiting);
    if (job.state === 'failed') this.#rest(waiting, job);
    this.#modules.onChange(blockHash, job);
    this.#run();
  }

  /** Queues a block by hand; does nothing where it is queued, being proven or proven. */
  async request(blockHash: Uint8Array, number: bigint): Promise<void> {
    const job = this.#modules.store.get(blockHash);
    if (job !== undefined && job.state !== 'failed') return;
    this.#resting = this.#resting.filter((w) => !isSame(w.blockHash, blockHash));
    await this.#move(blockHash, { state: 'queued', number, attempts: job?.attempts ?? 0 });
    this.#waiting.push({ blockHash, number });
    this.#run();
  }

  /** What is wanted may have changed: a job that runs for a block that nobody wants proven now is given up. */
  recheck(): void {
    const current = this.#current;
    if (current !== undefined && !this.#modules.isWanted(current.blockHash, current.number)) current.stop.abort();
    this.#dropUnwanted().catch(this.#modules.onError);
  }

  /** Counts are of this moment; `current` goes on changing. */
  status(): QueueStatus {
    const claimed = this.#waiting.filter((block) => this.#claimedUntil(block) !== undefined).length;
    const [queued, resting] = [this.#waiting.length, this.#resting.length];
    return { current: this.#current, queued, resting, claimed, dropped: this.#dropped, yielded: this.#yielded };
  }

  /** Aborts the running job, which starts over with the next process. */
  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#alarm);
    await this.#running;
  }

  #holds(blockHash: Uint8Array): boolean {
    return this.#waiting.some((w) => isSame(w.blockHash, blockHash));
  }

  #rest(waiting: Waiting, job: Job & { readonly state: 'failed' }): void {
    if (isLasting(job.code)) return;
    const pause = job.attempts === 0 ? 0 : this.#options.retryAfterMs(job.attempts);
    this.#resting.push({ ...waiting, until: job.at + pause });
  }

  #run(): void {
    if (this.#running !== undefined || this.#stop.signal.aborted) return;
    const ended = (): void => {
      this.#running = undefined;
      if (this.#waiting.some((block) => this.#heldUntil(block) === undefined)) this.#run();
    };
    // A job that cannot be stored stops the queue: the next request, or the next process, takes it up again.
    this.#running = this.#proveAll().then(ended, (error: unknown) => {
      this.#running = undefined;
      this.#modules.onError(error);
    });
  }

  async #proveAll(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const next = this.#next();
      if (next === undefined) return;
      if (this.#modules.isWanted(next.blockHash, next.number)) await this.#proveOne(next);
      else await this.#drop(next.blockHash);
    }
  }

  async #drop(blockHash: Uint8Array): Promise<void> {
    this.#dropped++;
    await this.#modules.store.drop(blockHash);
  }

  /** Drops what waits and is not wanted any more, so that it neither counts nor is listened for. */
  async #dropUnwanted(): Promise<void> {
    const { isWanted } = this.#modules;
    const unwanted = this.#waiting.filter(({ blockHash, number }) => !isWanted(blockHash, number));
    this.#waiting = this.#waiting.filter((block) => !unwanted.includes(block));
    for (const { blockHash } of unwanted) await this.#drop(blockHash);
  }

  #claimedUntil({ blockHash }: Waiting): number | undefined {
    const until = this.#modules.sharing?.claimedUntil(blockHash);
    return until !== undefined && until > this.#modules.now() ? until : undefined;
  }

  /** Until when a waiting block is not begun: another claims it, or what it needs was not to be had a moment ago. */
  #heldUntil(block: Waiting): number | undefined {
    const unavailable = block.unavailable?.until ?? 0;
    const until = Math.max(this.#claimedUntil(block) ?? 0, unavailable);
    return until > this.#modules.now() ? until : undefined;
  }

  /**
   * The oldest block that waits and that nobody else is proving; else the failed one that has rested longest; else an
   * alarm for when one has, or for when a block that is held may be begun.
   */
  #next(): Waiting | undefined {
    clearTimeout(this.#alarm);
    const free = this.#waiting.filter((block) => this.#heldUntil(block) === undefined);
    const oldest = takeLeast(free, (a, b) => a.number < b.number);
    if (oldest !== undefined) {
      this.#waiting.splice(this.#waiting.indexOf(oldest), 1);
      return oldest;
    }
    const held = this.#waiting.flatMap((block) => this.#heldUntil(block) ?? []);
    this.#wakeAt(Math.min(...held));
    const rested = takeLeast(
      this.#resting,
      (a, b) => a.until < b.until || (a.until === b.until && a.number < b.number),
    );
    if (rested === undefined) return undefined;
    const pause = rested.until - this.#modules.now();
    if (pause <= 0) return rested;
    this.#resting.push(rested);
    this.#wakeAt(Math.min(rested.until, ...held));
    return undefined;
  }

  /** @param at ms since 1970; infinite: not by itself */
  #wakeAt(at: number): void {
    clearTimeout(this.#alarm);
    if (at === Number.POSITIVE_INFINITY) return;
    const pause = Math.max(0, at - this.#modules.now());
    this.#alarm = setTimeout(() => this.#run(), Math.min(pause, MAX_TIMER_MS)).unref();
  }

  async #proveOne(block: Waiting): Promise<void> {
    const { blockHash, number } = block;
    const { store, now } = this.#modules;
    const job = store.get(blockHash);
    const attempts = (job?.attempts ?? 0) + 1;
    if (job?.state === 'failed') await this.#move(blockHash, { state: 'queued', number, attempts: job.attempts });
    await this.#move(blockHash, { state: 'proving', number, attempts });
    const current: Current = { ...block, startedAt: now(), stop: new AbortController(), progress: undefined };
    this.#current = current;
    const outcome = await this.#attempt(current);
    this.#current = undefined;
    const times = (block.unavailable?.times ?? 0) + 1;
    if (outcome.kind === 'stopped') {
      await this.#move(blockHash, { state: 'queued', number, attempts: attempts - 1 });
      // Dropped when its turn comes, or taken up by the next process.
      this.#waiting.push(block);
    } else if (outcome.kind === 'unavailable' && times < MOST_TIMES_UNAVAILABLE) {
      await this.#move(blockHash, { state: 'queued', number, attempts: attempts - 1 });
      this.#waiting.push({ blockHash, number, unavailable: { times, until: now() + unavailableRetryMs(times) } });
    } else if (outcome.kind === 'failed' || outcome.kind === 'unavailable') {
      const { code, reason } = outcome.kind === 'failed' ? outcome : UNAVAILABLE;
      const failed = { state: 'failed', number, attempts, code, reason, at: now() } as const;
      await this.#move(blockHash, failed);
      this.#rest(block, failed);
    } else {
      await this.#move(blockHash, { state: 'proved', number, attempts }, outcome);
    }
  }

  async #attempt(current: Current): Promise<Outcome> {
    const { prover, jobInput, accept, now, onProgress, sharing } = this.#modules;
    const { deadlineMs, profile } = this.#options;
    const { blockHash, number } = current;
    const stop = AbortSignal.any([this.#stop.signal, current.stop.signal]);
    const deadline = new AbortController();
    const ended = new AbortController();
    const timer = setTimeout(() => deadline.abort(), deadlineMs);
    const signal = AbortSignal.any([stop, deadline.signal]);
    try {
      const onYield = (): void => {
        this.#yielded++;
        current.stop.abort();
      };
      await sharing?.claim(blockHash, { signal: AbortSignal.any([signal, ended.signal]), onYield });
      if (stop.aborted) return { kind: 'stopped' };
      const input = await jobInput(blockHash);
      if (stop.aborted) return { kind: 'stopped' };
      if (input === 'unavailable') return { kind: 'unavailable' };
      if (!input.ok) return { kind: 'failed', code: input.code, reason: input.reason };
      const { ok: _, ...job } = input;
      const report = (progress: Progress): void => {
        current.progress = progress;
        onProgress(blockHash, number, progress);
      };
      const result: ProveResult = await prover.prove({ ...job, profile }, { signal, onProgress: report });
      if (stop.aborted) return { kind: 'stopped' };
      if (!result.ok && deadline.signal.aborted)
        return { kind: 'failed', code: 'overdue', reason: `not proven within ${Math.round(deadlineMs / 1000)} s` };
      if (!result.ok) return { kind: 'failed', code: result.code, reason: result.detail };
      const accepted = await accept(result.proof, job.expected);
      if (!accepted.ok) return { kind: 'failed', code: 'ownProofRejected', reason: accepted.reason };
      const { provingMs, backend } = result.stats;
      const info = { ...accepted.info, provingTimeMs: provingMs, provedAt: now(), backend };
      return { kind: 'proved', proof: result.proof, info };
    } catch (error) {
      if (stop.aborted) return { kind: 'stopped' };
      return { kind: 'failed', code: 'internal', reason: error instanceof Error ? error.message : String(error) };
    } finally {
      clearTimeout(timer);
      ended.abort();
    }
  }

  async #move(blockHash: Uint8Array, job: Job, made?: MadeProof): Promise<void> {
    checkTransition(this.#modules.store.get(blockHash)?.state, job.state);
    await this.#modules.store.put(blockHash, job, made);
    this.#modules.onChange(blockHash, job, made?.info);
  }
}

type Outcome =
  | ({ readonly kind: 'proved' } & MadeProof)
  | { readonly kind: 'failed'; readonly code: JobFailure; readonly reason: string }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'stopped' };

const UNAVAILABLE = {
  code: 'unavailable',
  reason: 'neither this node nor a peer has the block and its witness',
} as const;
/** Two minutes in all. */
const MOST_TIMES_UNAVAILABLE = 8;

/** 1 s, then twice as long each time: peers that import a block have its witness in a moment. */
function unavailableRetryMs(times: number): number {
  return 1000 * 2 ** (times - 1);
}

/** Longest time that `setTimeout` takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Removes and returns the least item of a list. */
function takeLeast<T>(list: T[], isLess: (a: T, b: T) => boolean): T | undefined {
  let at = 0;
  for (let i = 1; i < list.length; i++) if (isLess(list[i] as T, list[at] as T)) at = i;
  return list.splice(at, 1)[0];
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
