/**
 * What becomes of `transactions` messages: each transaction that is not known is judged by the node's pool, within the
 * sender's budget and that of all. A message is forwarded if all of it entered the pool or was there, and something was
 * new; the good part of any other is announced by this node itself.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Logger } from '../../log.ts';
import type { Verdict } from '../host/host.ts';
import type { Judgement, NetworkPorts, TransactionCounters } from '../interface.ts';
import type { PeerBook } from '../peers/book.ts';
import { Budget, type Rate } from '../peers/budget.ts';
import { faultOf, reasonOf } from '../proofs/blame.ts';
import { decodeTransactions, hex } from '../proofs/messages.ts';

/** Checks for all peers together: a recovered signature each, some tenths of a millisecond. */
const CHECKS: Rate = { capacity: 4096, perSecond: 512 };

export type TransactionGossipModules = {
  readonly ports: Pick<NetworkPorts, 'hasTransaction' | 'takeTransaction'>;
  readonly book: PeerBook;
  readonly log: Logger;
  /** Unix milliseconds */
  readonly now: () => number;
};

type Counts = Omit<TransactionCounters, 'announced' | 'announcing'>;

/** Judges messages, and counts what became of each transaction in them. */
export class TransactionGossip {
  readonly #modules: TransactionGossipModules;
  readonly #checks: Budget;
  readonly #counts: { -readonly [K in keyof Counts]: number } = {
    ...{ taken: 0, known: 0, ignored: 0, rejected: 0, unread: 0 },
  };

  constructor(modules: TransactionGossipModules) {
    this.#modules = modules;
    this.#checks = new Budget(CHECKS, modules.now);
  }

  counters(): Counts {
    return { ...this.#counts };
  }

  /** The verdict on a `transactions` message. */
  async onTransactions(bytes: Uint8Array, from: string): Promise<Verdict> {
    const { book } = this.#modules;
    if (!book.spend(from, 'transactionMessages')) {
      book.charge(from, 'tooManyMessages', 'transactions');
      return 'ignore';
    }
    let transactions: readonly Uint8Array[];
    try {
      transactions = decodeTransactions(bytes);
    } catch (error) {
      book.charge(from, faultOf(error) ?? 'malformedMessage', `transactions: ${reasonOf(error)}`);
      return 'reject';
    }
    let fresh = 0;
    let isWhole = true;
    for (const [i, raw] of transactions.entries()) {
      const outcome = await this.#take(raw, from);
      if (outcome === 'unread') {
        // No fault: a node that forwards a burst is honest. What is left out will be said again.
        this.#counts.unread += transactions.length - i;
        return 'ignore';
      }
      this.#counts[outcome]++;
      // The rest is not read: whoever has let this through has checked nothing.
      if (outcome === 'rejected') return 'reject';
      if (outcome === 'taken') fresh++;
      if (outcome === 'ignored') isWhole = false;
    }
    return isWhole && fresh > 0 ? 'accept' : 'ignore';
  }

  async #take(raw: Uint8Array, from: string): Promise<keyof Counts> {
    const { ports, book, log } = this.#modules;
    const hash = hex(keccak_256(raw));
    if (ports.hasTransaction(hash)) return 'known';
    if (!book.spend(from, 'transactionChecks') || !this.#checks.take(1)) return 'unread';
    const judgement = await ports.takeTransaction(raw).catch((error: unknown): Judgement => {
      log.error({ transaction: hash, reason: reasonOf(error) }, 'a transaction failed in this node');
      return { verdict: 'ignore', code: 'internal' };
    });
    if (judgement.verdict === 'accept') return 'taken';
    if (judgement.verdict === 'ignore') return 'ignored';
    book.charge(from, judgement.fault ?? 'invalidTransaction', `transaction ${hash}: ${judgement.code}`);
    return 'rejected';
  }
}
