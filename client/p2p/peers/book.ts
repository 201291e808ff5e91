/** Who did what wrong: scores that heal, bans that expire, budgets per peer, counters that say why. */
import { Budget, type Rate } from './budget.ts';
import { BAN_POINTS, FAULT_POINTS, type Fault } from './faults.ts';

/** Points are halved in this time. */
const HALF_LIFE_MS = 10 * 60_000;
const BAN_MS = 60 * 60_000;
/** Peers and bans that are remembered; the oldest are forgotten first. */
const MAX_REMEMBERED = 4096;

/** What one peer may ask of this node. */
export const PEER_RATES = {
  /** a block is up to five: its header, proof, body, receipts and diff */
  requests: { capacity: 400, perSecond: 200 },
  servedBytes: { capacity: 512 << 20, perSecond: 32 << 20 },
  messages: { capacity: 256, perSecond: 8 },
  /** gossip that has come before, from this peer or another: above all that a peer may send anew */
  duplicates: { capacity: 1024, perSecond: 64 },
  proofChecks: { capacity: 64, perSecond: 4 },
  transactionMessages: { capacity: 512, perSecond: 32 },
  transactionChecks: { capacity: 2048, perSecond: 128 },
} as const satisfies Record<string, Rate>;
export type BudgetName = keyof typeof PEER_RATES;

export type PeerBookModules = {
  /** Unix milliseconds */
  readonly now: () => number;
  /** A peer has crossed the line: to be disconnected. */
  readonly onBan: (peer: string, reason: Fault) => void;
  readonly onFault: (peer: string, fault: Fault, detail: string) => void;
};

type Entry = {
  points: number;
  chargedAt: number;
  readonly faults: Map<Fault, number>;
  readonly budgets: { readonly [N in BudgetName]: Budget };
};

/** Bounded in peers and bans (`MAX_REMEMBERED`): identities cost nothing and must not fill the memory. */
export class PeerBook {
  readonly #modules: PeerBookModules;
  readonly #rates: Readonly<Record<BudgetName, Rate>>;
  /** in the order of their last use */
  readonly #entries = new Map<string, Entry>();
  readonly #bans = new Map<string, { readonly reason: Fault; readonly until: number }>();
  readonly #totals = new Map<Fault, number>();

  constructor(modules: PeerBookModules, rates: Readonly<Record<BudgetName, Rate>> = PEER_RATES) {
    this.#modules = modules;
    this.#rates = rates;
  }

  /** @param detail for the log: which rule, which bytes */
  charge(peer: string, fault: Fault, detail: string): void {
    const entry = this.#entry(peer);
    const now = this.#modules.now();
    entry.points = healed(entry, now) + FAULT_POINTS[fault];
    entry.chargedAt = now;
    entry.faults.set(fault, (entry.faults.get(fault) ?? 0) + 1);
    this.#totals.set(fault, (this.#totals.get(fault) ?? 0) + 1);
    this.#modules.onFault(peer, fault, detail);
    if (entry.points < BAN_POINTS || this.isBanned(peer)) return;
    this.#bans.set(peer, { reason: fault, until: now + BAN_MS });
    forgetOldest(this.#bans);
    this.#modules.onBan(peer, fault);
  }

  /** 0 … -100 and below */
  score(peer: string): number {
    const entry = this.#entries.get(peer);
    return entry === undefined ? 0 : 0 - healed(entry, this.#modules.now());
  }

  faults(peer: string): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#entries.get(peer)?.faults ?? []);
  }

  /** Faults by code, charged to anyone. */
  totals(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#totals);
  }

  /** Takes from a peer's budget; false where it has used it up. */
  spend(peer: string, budget: BudgetName, amount = 1): boolean {
    return this.#entry(peer).budgets[budget].take(amount);
  }

  isBanned(peer: string): boolean {
    const ban = this.#bans.get(peer);
    if (ban === undefined) return false;
    if (ban.until > this.#modules.now()) return true;
    this.#bans.delete(peer);
    const entry = this.#entries.get(peer);
    if (entry !== undefined) entry.points = 0;
    return false;
  }

  bans(): readonly { readonly id: string; readonly reason: Fault; readonly until: number }[] {
    return [...this.#bans].filter(([id]) => this.isBanned(id)).map(([id, ban]) => ({ id, ...ban }));
  }

  #entry(peer: string): Entry {
    const known = this.#entries.get(peer);
    if (known !== undefined) {
      this.#entries.delete(peer);
      this.#entries.set(peer, known);
      return known;
    }
    const { now } = this.#modules;
    const budget = (name: BudgetName): Budget => new Budget(this.#rates[name], now);
    const entry: Entry = {
      points: 0,
      chargedAt: now(),
      faults: new Map(),
      budgets: {
        requests: budget('requests'),
        servedBytes: budget('servedBytes'),
        messages: budget('messages'),
        duplicates: budget('duplicates'),
        proofChecks: budget('proofChecks'),
        transactionMessages: budget('transactionMessages'),
        transactionChecks: budget('transactionChecks'),
      },
    };
    this.#entries.set(peer, entry);
    forgetOldest(this.#entries);
    return entry;
  }
}

function healed({ points, chargedAt }: Entry, now: number): number {
  if (points === 0) return 0;
  const left = points * 0.5 ** (Math.max(0, now - chargedAt) / HALF_LIFE_MS);
  return left < 0.5 ? 0 : left;
}

function forgetOldest(map: Map<string, unknown>): void {
  if (map.size <= MAX_REMEMBERED) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
