/**
 * Who says that it is proving what. A claim asks others not to prove the same block meanwhile; it is a hint that saves
 * work, and must never be able to stop a block from being proven:
 * - it counts for 45 seconds from its arrival; its prover renews it for as long as it works, up to a limit from the first
 *   one on; after that no stranger's claim on the same block counts: a block is delayed once;
 * - a stranger's claim counts for three minutes at most with its renewals: identities cost nothing; longer ones only for
 *   a prover that has kept more than it broke;
 * - claims are signed, so that nobody breaks them in another's name;
 * - clocks may differ by an hour: time is measured here, from the arrival on; a prover's own clock, in its claim's expiry,
 *   only says which of its claims is the later one.
 * Two provers that begin at the same time: the one with the lower sha256(block hash ‖ key) goes on. A prover that hears
 * a claim on what it goes on with says its own again, for whoever made that one has not heard it. If it was at work for
 * long before, it goes on whatever the order: who says his claim again though he must have heard ours, goes before us.
 * Claims may come before their block: they are kept until it does.
 */
import type { Hash } from '../../prover/interface.ts';
import type { Verdict } from '../host/host.ts';
import { CLAIM_SECONDS, type ProvingClaim } from '../interface.ts';
import type { PeerBook } from '../peers/book.ts';
import { Budget, type Rate } from '../peers/budget.ts';
import { faultOf, reasonOf } from './blame.ts';
import { sha256 } from './descriptor.ts';
import { decodeProvingClaim, encodeProvingClaim, hex, type SignedProvingClaim, unhex } from './messages.ts';

/** Seconds. An ended claim is remembered so long: no other one on its block counts meanwhile. */
export const REMEMBERED_SECONDS = 600;
/** From a prover's first claim on a block to the end of its last renewal. */
export const RENEWED_SECONDS = 1800;
export const STRANGER_RENEWED_SECONDS = 180;
/** So long after a claim another one on the same block was made without knowing of it. */
export const TIE_SECONDS = 10;
/** A renewal that adds less says nothing new. */
const LEAST_RENEWAL_SECONDS = 5;
/** A broken claim is forgiven after this time: provers are restarted. */
const BROKEN_SECONDS = 600;
/** Between two answers to claims on one block. */
const ANSWER_SECONDS = 2;
/** A prover that has not renewed its claim for so long, twice when it was due, has left the block to whoever else claims it. */
const SILENT_SECONDS = 30;
/** So long after an answer went out, whoever is still heard has had it: above the way there and back. */
const PERSIST_SECONDS = 2.5;
/** Claims on blocks that are not known here, and those on one of them. */
const MAX_EARLY = 256;
const MAX_EARLY_PER_BLOCK = 4;
/** An honest prover's clock and this node's differ by less. */
const MAX_CLOCK_ERROR_SECONDS = 3600;
const MAX_CLAIMS = 1024;
/** Signatures that are checked, for all peers together: a millisecond or two each, and identities cost nothing. */
const CHECKS: Rate = { capacity: 128, perSecond: 32 };
const MAX_CLAIMS_PER_PROVER = 4;
const MAX_PROVERS = 1024;
const DOMAIN = new TextEncoder().encode('zkl1-proving-claim-v1');

export type ClaimModules = {
  readonly genesisHash: Hash;
  /** this node's public key and its signature */
  readonly identity: { readonly publicKey: Uint8Array; readonly sign: (message: Uint8Array) => Promise<Uint8Array> };
  readonly verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
  readonly isProvable: (blockHash: Hash) => boolean;
  /** Another prover claims what this node goes on proving: the claim that should be said to it. */
  readonly onContested: (own: ProvingClaim) => void;
  readonly book: PeerBook;
  /** Unix milliseconds */
  readonly now: () => number;
};

/** `since`, `until`: by this node's clock; `said`: the expiry, by the prover's */
type Held = {
  readonly prover: string;
  readonly since: number;
  readonly until: number;
  readonly said: number;
  /** the one that this one came before by order */
  readonly over: Pick<Held, 'prover' | 'since'> | undefined;
  /** it goes before this node's own claim, whatever the order */
  readonly isAhead: boolean;
  broken: boolean;
};
/** `answered`: when another's claim was answered last; `rivals`: when each was first, in Unix seconds */
type Own = {
  readonly since: number;
  readonly until: number;
  readonly rivals: Map<string, number>;
  answered: number;
  isAnswering: boolean;
};
type Early = { readonly claim: SignedProvingClaim; readonly at: number };
/** `brokenAt`: Unix seconds */
type Record = { kept: number; brokenAt: number[] };

/** Others' claims, of which one counts for each block and proof type, and this node's own. */
export class Claims {
  readonly #modules: ClaimModules;
  readonly #checks: Budget;
  /** block and type → the one claim that counts, kept after its expiry so that no second one does; oldest first */
  readonly #claims = new Map<string, Held>();
  readonly #provers = new Map<string, Record>();
  /** this node's own claims: from the first on one block to the end of the last */
  readonly #own = new Map<string, Own>();
  /** block and type → claims that came before it, in the order of their coming */
  readonly #early = new Map<string, Early[]>();

  /** @param checks what is beyond this rate is ignored */
  constructor(modules: ClaimModules, checks = CHECKS) {
    this.#modules = modules;
    this.#checks = new Budget(checks, modules.now);
  }

  /** Claims of others that count now. */
  live(): number {
    const now = this.#modules.now() / 1000;
    return [...this.#claims.values()].filter(({ until }) => until > now).length;
  }

  async sign(claim: ProvingClaim): Promise<Uint8Array> {
    const { genesisHash, identity } = this.#modules;
    const prover = identity.publicKey;
    const now = this.#modules.now() / 1000;
    for (const [key, { until }] of this.#own) if (until <= now) this.#own.delete(key);
    const key = keyOf(claim.blockHash, claim.proofType);
    const fresh = { since: now, rivals: new Map<string, number>(), answered: 0, isAnswering: false };
    this.#own.set(key, Object.assign(this.#own.get(key) ?? fresh, { until: claim.expiresAt }));
    const signature = await identity.sign(signedBytes(genesisHash, { ...claim, prover }));
    return encodeProvingClaim({ ...claim, prover, signature });
  }

  /** The verdict on a `proving_claim` message. */
  async onClaim(bytes: Uint8Array, from: string): Promise<Verdict> {
    const { book, genesisHash, verify, isProvable } = this.#modules;
    if (!book.spend(from, 'messages')) {
      book.charge(from, 'tooManyMessages', 'claim');
      return 'ignore';
    }
    let claim: SignedProvingClaim;
    try {
      claim = decodeProvingClaim(bytes);
    } catch (error) {
      book.charge(from, faultOf(error) ?? 'malformedMessage', `claim: ${reasonOf(error)}`);
      return 'reject';
    }
    const now = this.#modules.now() / 1000;
    const error = claim.expiresAt - CLAIM_SECONDS - now;
    if (error > MAX_CLOCK_ERROR_SECONDS) {
      book.charge(from, 'farFuture', `claim until ${claim.expiresAt}`);
      return 'reject';
    }
    // Old, or of a clock that is far behind: not to be known which.
    if (error < -MAX_CLOCK_ERROR_SECONDS) return 'ignore';
    if (!this.#checks.take(1)) return 'ignore';
    if (!verify(claim.prover, signedBytes(genesisHash, claim), claim.signature)) {
      book.charge(from, 'malformedMessage', 'claim: wrong signature');
      return 'reject';
    }
    if (!isProvable(claim.blockHash)) {
      this.#keepEarly(claim, now);
      return 'ignore';
    }
    this.#recall(claim.blockHash, claim.proofType);
    return this.#take(claim, now) ? 'accept' : 'ignore';
  }

  /** Until when a block is claimed by another prover, Unix seconds. */
  until(blockHash: Hash, proofType: number): number | undefined {
    this.#recall(blockHash, proofType);
    const held = this.#claims.get(keyOf(blockHash, proofType));
    return held !== undefined && held.until > this.#modules.now() / 1000 ? held.until : undefined;
  }

  /** Whether this node's own claim on a block goes before the one of another prover. */
  isOwnFirst(blockHash: Hash, proofType: number): boolean {
    const held = this.#claims.get(keyOf(blockHash, proofType));
    if (held === undefined) return true;
    return !held.isAhead && orderOf(blockHash, this.#ownKey()) < orderOf(blockHash, held.prover);
  }

  /** A proof of the block has come: its claim was kept, if it had not expired. */
  fulfilled(blockHash: Hash, proofType: number): void {
    const key = keyOf(blockHash, proofType);
    const held = this.#claims.get(key);
    if (held === undefined) return;
    this.#claims.delete(key);
    if (held.until > this.#modules.now() / 1000) this.#record(held.prover).kept++;
  }

  #take(claim: SignedProvingClaim, now: number): boolean {
    const key = keyOf(claim.blockHash, claim.proofType);
    const prover = Buffer.from(claim.prover).toString('hex');
    const held = this.#claims.get(key);
    const isRenewal = held?.prover === prover;
    const isLive = held !== undefined && held.until > now;
    const isBack = isLive && held.over?.prover === prover && now - held.since >= PERSIST_SECONDS;
    const isHeir = isLive && held.until - CLAIM_SECONDS + SILENT_SECONDS <= now;
    const isNext = held !== undefined && !isLive && this.#isTrusted(prover);
    const isFree = held === undefined || isRenewal || isBack || isHeir || isNext;
    if (!isFree && !winsTie(held, claim.blockHash, prover, now)) return false;
    if (isRenewal && (held.until <= now || claim.expiresAt < held.said + LEAST_RENEWAL_SECONDS)) return false;
    const contest = isRenewal ? undefined : this.#contest(key, claim.blockHash, prover, now);
    if (contest === 'ours') {
      this.#answer(key, claim, now);
      return false;
    }
    this.#settle(now);
    const { kept, brokenAt } = this.#record(prover);
    if (brokenAt.length > kept) return false;
    let live = 0;
    for (const each of this.#claims.values()) if (each.prover === prover && each.until > now) live++;
    if (!isRenewal && live >= MAX_CLAIMS_PER_PROVER) return false;
    const since = (isBack ? held.over?.since : isNext ? now : held?.since) ?? now;
    const over = isRenewal ? held.over : isBack || isNext ? undefined : held;
    const isAhead = isRenewal ? held.isAhead : contest === 'theirs';
    const until = Math.min(now + CLAIM_SECONDS, since + (kept > 0 ? RENEWED_SECONDS : STRANGER_RENEWED_SECONDS));
    if (isRenewal && until < held.until + LEAST_RENEWAL_SECONDS) return false;
    this.#claims.set(key, { prover, since, until, said: claim.expiresAt, over, isAhead, broken: false });
    return true;
  }

  /**
   * Who goes on where this node proves the block itself: `ours`, and whoever else says so will leave it and breaks nothing;
   * or `theirs`, though the order is for us, since they go on in spite of our answer. undefined: the order is for them, or
   * this node does not prove it.
   */
  #contest(key: string, blockHash: Hash, prover: string, now: number): 'ours' | 'theirs' | undefined {
    const own = this.#own.get(key);
    if (own === undefined || own.until <= now) return undefined;
    if (now - own.since >= TIE_SECONDS) return 'ours';
    if (orderOf(blockHash, prover) < orderOf(blockHash, this.#ownKey())) return undefined;
    const first = own.rivals.get(prover) ?? now;
    if (own.rivals.size < MAX_EARLY_PER_BLOCK) own.rivals.set(prover, first);
    return now - first >= PERSIST_SECONDS ? 'theirs' : 'ours';
  }

  /** Says this node's claim again, later than the last one: gossip drops what it has seen. */
  #answer(key: string, { blockHash, proofType }: ProvingClaim, now: number): void {
    const own = this.#own.get(key);
    if (own === undefined || own.until <= now || own.isAnswering) return;
    const wait = own.answered + ANSWER_SECONDS - now;
    if (wait > 0) {
      own.isAnswering = true;
      setTimeout(() => {
        own.isAnswering = false;
        this.#answer(key, { blockHash, proofType, expiresAt: 0 }, this.#modules.now() / 1000);
      }, wait * 1000).unref();
      return;
    }
    own.answered = now;
    const expiresAt = Math.max(own.until + 1, Math.ceil(now) + CLAIM_SECONDS);
    this.#modules.onContested({ blockHash, proofType, expiresAt });
  }

  #keepEarly(claim: SignedProvingClaim, now: number): void {
    for (const [key, early] of this.#early) {
      if (early.every(({ at }) => at + CLAIM_SECONDS <= now) || this.#early.size > MAX_EARLY) this.#early.delete(key);
      else break;
    }
    const key = keyOf(claim.blockHash, claim.proofType);
    const early = (this.#early.get(key) ?? []).slice(1 - MAX_EARLY_PER_BLOCK);
    this.#early.delete(key);
    this.#early.set(key, [...early, { claim, at: now }]);
  }

  /** Takes the claims that came before their block as if it had been there. */
  #recall(blockHash: Hash, proofType: number): void {
    const key = keyOf(blockHash, proofType);
    const early = this.#early.get(key);
    if (early === undefined || !this.#modules.isProvable(blockHash)) return;
    this.#early.delete(key);
    for (const { claim, at } of early) this.#take(claim, at);
  }

  #ownKey(): string {
    return Buffer.from(this.#modules.identity.publicKey).toString('hex');
  }

  /** Counts claims that ran out as broken, and forgets those that are long over and, of too many, the oldest. */
  #settle(now: number): void {
    for (const [key, held] of this.#claims) {
      if (held.until <= now && !held.broken) {
        held.broken = true;
        // A block that was proven without an announcement, or has left the chain, is nobody's broken word.
        const [blockHash] = key.split(' ') as [Hash];
        if (this.#modules.isProvable(blockHash)) this.#record(held.prover).brokenAt.push(held.until);
      }
      if (held.until + REMEMBERED_SECONDS <= now || this.#claims.size >= MAX_CLAIMS) this.#claims.delete(key);
    }
  }

  /** Whether a prover has kept more claims than it has broken lately: its word costs it something. */
  #isTrusted(prover: string): boolean {
    const { kept, brokenAt } = this.#record(prover);
    return kept > brokenAt.length;
  }

  #record(prover: string): Record {
    const record = this.#provers.get(prover) ?? { kept: 0, brokenAt: [] };
    const now = this.#modules.now() / 1000;
    record.brokenAt = record.brokenAt.filter((at) => at + BROKEN_SECONDS > now);
    this.#provers.delete(prover);
    this.#provers.set(prover, record);
    const [oldest] = this.#provers.keys();
    if (this.#provers.size > MAX_PROVERS && oldest !== undefined) this.#provers.delete(oldest);
    return record;
  }
}

/** "zkl1-proving-claim-v1" ‖ genesis hash ‖ block hash ‖ proof type u8 ‖ expiry u64 ‖ key */
function signedBytes(genesisHash: Hash, claim: Omit<SignedProvingClaim, 'signature'>): Uint8Array {
  const numbers = Buffer.alloc(9);
  numbers.writeUInt8(claim.proofType);
  numbers.writeBigUInt64LE(BigInt(claim.expiresAt), 1);
  return Buffer.concat([DOMAIN, unhex(genesisHash), unhex(claim.blockHash), numbers, claim.prover]);
}

/** Whether a claim that comes so soon after another that neither prover knew of the other's goes before it. */
function winsTie({ prover: holder, since }: Held, blockHash: Hash, prover: string, now: number): boolean {
  return now - since < TIE_SECONDS && orderOf(blockHash, prover) < orderOf(blockHash, holder);
}

function orderOf(blockHash: Hash, prover: string): string {
  return hex(sha256(Buffer.from(blockHash.slice(2) + prover, 'hex')));
}

function keyOf(blockHash: Hash, proofType: number): string {
  return `${blockHash} ${proofType}`;
}
