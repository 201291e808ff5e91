/**
 * Tells peers of the transactions that wait here, and again for as long as they wait: gossip may lose a message, and a
 * sealer may come later. Intervals grow, so that what nobody includes costs little; a message that nobody took is said
 * again soon.
 */
import { randomBytes } from 'node:crypto';
import type { Hash } from '../../prover/interface.ts';
import { Budget, type Rate } from '../peers/budget.ts';
import { encodeTransactions, MAX_TRANSACTION_BYTES, MAX_TRANSACTIONS } from '../proofs/messages.ts';

/** Milliseconds. */
export type RelayTiming = {
  /** between two looks at what is due: what comes meanwhile travels in one message */
  readonly tickMs: number;
  /** from the first announcement to the second; doubled each time */
  readonly firstRepeatMs: number;
  readonly longestRepeatMs: number;
};
export const RELAY_TIMING: RelayTiming = { tickMs: 50, firstRepeatMs: 3000, longestRepeatMs: 60_000 };

/**
 * Messages by which this node says what waits here: with what it forwards less than peers take of one another, however
 * large the transactions are that fill its pool.
 */
export const SAY_RATE: Rate = { capacity: 128, perSecond: 12 };
/** Messages of one tick, and the pause after a tick that used them all: below what peers allow each other. */
const MESSAGES_PER_TICK = 4;
const FULL_TICK_PAUSE_MS = 1000;

export type RelayModules = {
  /** The raw transaction while it waits for a block. */
  readonly waiting: (hash: Hash) => Uint8Array | undefined;
  /** @returns how many peers took the message */
  readonly publish: (message: Uint8Array) => Promise<number>;
  /** Unix milliseconds */
  readonly now: () => number;
};

type Entry = { dueAt: number; nextMs: number };

/** Announces each added transaction until it waits no more; this is looked up whenever it is due. */
export class TransactionRelay {
  readonly #timing: RelayTiming;
  readonly #modules: RelayModules;
  readonly #saying: Budget;
  /** no more than the pool holds: others are forgotten when they are due */
  readonly #entries = new Map<Hash, Entry>();
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  #isTicking = false;
  #isStopped = false;
  #announced = 0;

  constructor(timing: RelayTiming, modules: RelayModules) {
    this.#timing = timing;
    this.#modules = modules;
    this.#saying = new Budget(SAY_RATE, modules.now);
  }

  /** A transaction has entered the pool. */
  add(hash: Hash): void {
    if (this.#entries.has(hash)) return;
    this.#entries.set(hash, { dueAt: this.#modules.now(), nextMs: this.#timing.firstRepeatMs });
    this.#arm(this.#timing.tickMs);
  }

  counters(): { readonly announced: number; readonly announcing: number } {
    return { announced: this.#announced, announcing: this.#entries.size };
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #arm(pauseMs: number): void {
    const at = this.#modules.now() + pauseMs;
    if (this.#isStopped || this.#isTicking || at >= this.#wakesAt) return;
    clearTimeout(this.#timer);
    this.#wakesAt = at;
    this.#timer = setTimeout(() => {
      this.#wakesAt = Number.POSITIVE_INFINITY;
      void this.#tick();
    }, pauseMs).unref();
  }

  async #tick(): Promise<void> {
    this.#isTicking = true;
    let isFull = true;
    for (let messages = 0; messages < MESSAGES_PER_TICK && !this.#isStopped; messages++) {
      const { hashes, transactions } = this.#due();
      if (transactions.length === 0) {
        isFull = false;
        break;
      }
      if (!this.#saying.take(1)) break;
      const recipients = await this.#modules.publish(
        encodeTransactions(transactions, randomBytes(8).readBigUInt64LE()),
      );
      if (recipients > 0) this.#announced += transactions.length;
      for (const hash of hashes) this.#postpone(hash, recipients > 0);
    }
    this.#isTicking = false;
    if (this.#entries.size > 0) {
      const soon = isFull ? FULL_TICK_PAUSE_MS : this.#timing.tickMs;
      this.#arm(Math.max(soon, this.#nextDue() - this.#modules.now()));
    }
  }

  /** One message's worth of what is due. */
  #due(): { readonly hashes: readonly Hash[]; readonly transactions: readonly Uint8Array[] } {
    const now = this.#modules.now();
    const hashes: Hash[] = [];
    const transactions: Uint8Array[] = [];
    let bytes = 0;
    for (const [hash, { dueAt }] of this.#entries) {
      if (dueAt > now) continue;
      const raw = this.#modules.waiting(hash);
      if (raw === undefined) {
        this.#entries.delete(hash);
        continue;
      }
      if (transactions.length === MAX_TRANSACTIONS || bytes + raw.length > MAX_TRANSACTION_BYTES) break;
      bytes += raw.length;
      hashes.push(hash);
      transactions.push(raw);
    }
    return { hashes, transactions };
  }

  #postpone(hash: Hash, wasTaken: boolean): void {
    const entry = this.#entries.get(hash);
    if (entry === undefined) return;
    const { firstRepeatMs, longestRepeatMs } = this.#timing;
    entry.dueAt = this.#modules.now() + (wasTaken ? entry.nextMs : firstRepeatMs);
    if (wasTaken) entry.nextMs = Math.min(2 * entry.nextMs, longestRepeatMs);
  }

  #nextDue(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#entries.values()) next = Math.min(next, dueAt);
    return next;
  }
}
