import { keccak_256 } from '@noble/hashes/sha3.js';
import type { BlockClaim, Expected, Hash, ProfileId, Progress, Prover } from '../interface.ts';
import type { KeyData } from '../verifier/key.ts';
import { type CheckedBlock, type CheckResult, guestInputOf } from './check.ts';
import type { Job } from './job.ts';
import { jobStore, newJobChange, type ProofInfo, type ServiceChange, type ServiceTables } from './job-store.ts';
import { type JobStore, ProvingQueue, type QueueModules, type QueueStatus, type WorkSharing } from './queue.ts';
import type { Verified } from './verifier-process.ts';

/** The key proofs are made under, and the queue's limits: ms for one job, jobs that may wait. */
export type ProvingOptions = {
  readonly key: KeyData;
  readonly deadlineMs: number;
  readonly maxBacklog: number;
};

/** A block as its job needs it. */
export type JobBlock = CheckedBlock & { readonly headerRlp: Uint8Array };

/** Who hears of jobs that changed state, of progress, and of errors that stopped something. */
export type ProvingEvents = {
  readonly onJob: (blockHash: Uint8Array, job: Job, info?: ProofInfo) => void;
  readonly onProgress: (blockHash: Uint8Array, number: bigint, progress: Progress) => void;
  readonly onError: (error: unknown) => void;
};

/** What proving needs of the node. Times are ms since 1970. */
export type ProvingModules = {
  readonly tables: ServiceTables;
  readonly prover: Prover;
  readonly verify: (proofType: number, proof: Uint8Array, expected: Expected) => Promise<Verified>;
  /** The guest's native run. */
  readonly check: (block: CheckedBlock) => Promise<CheckResult>;
  /** undefined where the block or its witness is not there, and no peer has it */
  readonly block: (blockHash: Uint8Array) => JobBlock | undefined | Promise<JobBlock | undefined>;
  /** Whether a proof of this block would be worth something: canonical or waiting for one, and not proven by a peer. */
  readonly isWanted: (blockHash: Uint8Array, number: bigint) => boolean;
  readonly canonicalHash: (number: bigint) => Uint8Array | undefined;
  readonly sharing?: WorkSharing | undefined;
  readonly now: () => number;
};

/** The queue, and what is proven: profile and proof type of the key. */
export type ProvingStatus = QueueStatus & { readonly profile: ProfileId; readonly proofType: number };

/** Claims of blocks that were checked on import and not proven yet; others are checked again. */
const MAX_KEPT_CLAIMS = 256;
/** Jobs of older blocks that are stored at once. */
const BACKFILL_BATCH = 256;
const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 3_600_000;

/** A node's proving: jobs of its canonical blocks, one proof type, until each has a proof or a reason. */
export class ProvingService {
  readonly #options: ProvingOptions;
  readonly #modules: ProvingModules;
  readonly #jobs: JobStore;
  readonly #queue: ProvingQueue;
  readonly #onError: ProvingEvents['onError'];
  readonly #claims = new Map<Hash, BlockClaim>();
  #isClosed = false;
  #backfill: Promise<void> | undefined;

  constructor(options: ProvingOptions, modules: ProvingModules, events: ProvingEvents) {
    this.#options = options;
    this.#modules = modules;
    this.#onError = events.onError;
    const { key, deadlineMs, maxBacklog } = options;
    const { prover, isWanted, sharing, now } = modules;
    this.#jobs = jobStore(modules.tables, key.proofType);
    this.#queue = new ProvingQueue(
      { profile: key.profile, deadlineMs, maxBacklog, retryAfterMs },
      {
        ...{ store: this.#jobs, prover, isWanted, sharing, now },
        jobInput: (blockHash) => this.#jobInput(blockHash),
        accept: (proof, expected) => this.#accept(proof, expected),
        onChange: events.onJob,
        onProgress: events.onProgress,
        onError: events.onError,
      },
    );
  }

  /**
   * Takes up what an earlier process left; then, without being waited for, queues canonical blocks from a height on
   * that have no job yet.
   */
  async start(from: bigint | undefined, head: bigint): Promise<void> {
    await this.#queue.resume();
    if (from !== undefined) this.#backfill = this.#queueOlder(from, head).catch(this.#onError);
  }

  /** The job of a block that becomes canonical, for the batch that stores it; `imported` follows. */
  jobOf(blockHash: Uint8Array, number: bigint): ServiceChange {
    return newJobChange(blockHash, this.#options.key.proofType, this.#queue.newJob(number));
  }

  /**
   * The block and its job are stored.
   * @param check the guest's first run; undefined where it gave no answer: it runs again before the block is proven
   */
  imported(blockHash: Uint8Array, check: CheckResult | undefined): void {
    if (check?.ok === true) {
      const oldest = this.#claims.keys().next();
      if (this.#claims.size >= MAX_KEPT_CLAIMS && oldest.done !== true) this.#claims.delete(oldest.value);
      this.#claims.set(check.claim.blockHash, check.claim);
    }
    this.#queue.wake(blockHash);
  }

  /** Queues a block by hand. */
  request(blockHash: Uint8Array, number: bigint): Promise<void> {
    return this.#queue.request(blockHash, number);
  }

  /** A proof of some block has come from a peer: its job, if it has one, is given up. */
  recheck(): void {
    this.#queue.recheck();
  }

  /** The canonical chain has changed: drops the job of a block that left it, queues those that joined it. */
  async onNewHead(adopted: readonly { readonly hash: Uint8Array; readonly number: bigint }[]): Promise<void> {
    this.#queue.recheck();
    await this.queueWanted(adopted);
  }

  /** Queues blocks that have no job and whose proof is wanted. */
  async queueWanted(blocks: readonly { readonly hash: Uint8Array; readonly number: bigint }[]): Promise<void> {
    for (const { hash, number } of blocks) {
      if (this.#jobs.get(hash) !== undefined || !this.#modules.isWanted(hash, number)) continue;
      await this.#modules.tables.write([this.jobOf(hash, number)]);
      this.#queue.wake(hash);
    }
  }

  /** A snapshot; nothing in it follows later changes but the running job's progress. */
  status(): ProvingStatus {
    const { profile, proofType } = this.#options.key;
    return { ...this.#queue.status(), profile, proofType };
  }

  /** Aborts the running job, which starts over with the next process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#queue.stop();
    await this.#backfill;
  }

  async #queueOlder(from: bigint, head: bigint): Promise<void> {
    let found: { readonly hash: Uint8Array; readonly change: ServiceChange }[] = [];
    const flush = async (): Promise<void> => {
      await this.#modules.tables.write(found.map((f) => f.change));
      for (const { hash } of found) this.#queue.wake(hash);
      found = [];
    };
    for (let number = from > 1n ? from : 1n; number <= head && !this.#isClosed; number++) {
      const hash = this.#modules.canonicalHash(number);
      if (hash !== undefined && this.#jobs.get(hash) === undefined && this.#modules.isWanted(hash, number))
        found.push({ hash, change: this.jobOf(hash, number) });
      if (found.length === BACKFILL_BATCH) await flush();
    }
    if (!this.#isClosed) await flush();
  }

  async #jobInput(blockHash: Uint8Array): ReturnType<QueueModules['jobInput']> {
    const block = await this.#modules.block(blockHash);
    if (block === undefined) return 'unavailable';
    const expected = this.#claims.get(block.blockHash) ?? (await this.#checked(block));
    if (typeof expected === 'string') return { ok: false, code: 'guestRejects', reason: expected };
    return { ok: true, input: guestInputOf(block), headerRlp: block.headerRlp, expected };
  }

  /** The guest's claim, or why it makes none. */
  async #checked(block: JobBlock): Promise<BlockClaim | string> {
    const check = await this.#modules.check(block);
    return check.ok ? check.claim : check.reason;
  }

  async #accept(proof: Uint8Array, expected: BlockClaim): ReturnType<QueueModules['accept']> {
    const { proofType, digest } = this.#options.key;
    const { result, ms } = await this.#modules.verify(proofType, proof, expected);
    if (!result.ok) return { ok: false, reason: `${result.stage}/${result.code}: ${result.detail}` };
    const { claim } = result;
    if (claim.newPayloadRequestRoot !== expected.newPayloadRequestRoot)
      return {
        ok: false,
        reason: `newPayloadRequestRoot: expected ${expected.newPayloadRequestRoot}, got ${claim.newPayloadRequestRoot}`,
      };
    this.#claims.delete(claim.blockHash);
    const info = {
      ...{ proofType, claim, vkHash: `0x${digest}` as const },
      proofHash: `0x${Buffer.from(keccak_256(proof)).toString('hex')}` as const,
      proofSize: proof.length,
      verifyingTimeMs: Math.round(ms),
    };
    return { ok: true, info };
  }
}

/** 10 s, then twice as long each time, at most an hour. */
function retryAfterMs(attempts: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 20));
}
