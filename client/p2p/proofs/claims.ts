/**
 * Who says that it is proving what. A claim asks others not to prove the same block meanwhile; it is a hint that saves
 * work, and must never be able to stop a block from being proven:
 * - it expires, and after it no other claim on the same block counts: a block is delayed once;
 * - a stranger's claim counts for a minute at most; longer ones only for a prover that has kept more than it broke;
 * - claims are signed, so that nobody breaks them in another's name.
 */
import type { Hash } from '../../prover/interface.ts';
import type { Verdict } from '../host/host.ts';
import type { ProvingClaim } from '../interface.ts';
import type { PeerBook } from '../peers/book.ts';
import { faultOf, reasonOf } from './blame.ts';
import { decodeProvingClaim, encodeProvingClaim, type SignedProvingClaim, unhex } from './messages.ts';

/** Seconds. */
export const MAX_CLAIM_SECONDS = 600;
export const STRANGER_SECONDS = 60;
const CLOCK_SKEW_SECONDS = 15;
const MAX_CLAIMS = 1024;
const MAX_CLAIMS_PER_PROVER = 4;
const MAX_PROVERS = 1024;
const DOMAIN = new TextEncoder().encode('zkl1-proving-claim-v1');

export type ClaimModules = {
  readonly genesisHash: Hash;
  /** this node's public key and its signature */
  readonly identity: { readonly publicKey: Uint8Array; readonly sign: (message: Uint8Array) => Promise<Uint8Array> };
  readonly verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
  readonly isProvable: (blockHash: Hash) => boolean;
  readonly book: PeerBook;
  /** Unix milliseconds */
  readonly now: () => number;
};

type Held = { readonly prover: string; readonly until: number; broken: boolean };
type Record = { kept: number; broken: number };

export class Claims {
  readonly #modules: ClaimModules;
  /** block and type → the one claim that counts, kept after its expiry so that no second one does; oldest first */
  readonly #claims = new Map<string, Held>();
  readonly #provers = new Map<string, Record>();

  constructor(modules: ClaimModules) {
    this.#modules = modules;
  }

  async sign(claim: ProvingClaim): Promise<Uint8Array> {
    const { genesisHash, identity } = this.#modules;
    const prover = identity.publicKey;
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
    if (claim.expiresAt > now + MAX_CLAIM_SECONDS + CLOCK_SKEW_SECONDS) {
      book.charge(from, 'farFuture', `claim until ${claim.expiresAt}`);
      return 'reject';
    }
    if (claim.expiresAt <= now) return 'ignore';
    if (!verify(claim.prover, signedBytes(genesisHash, claim), claim.signature)) {
      book.charge(from, 'malformedMessage', 'claim: wrong signature');
      return 'reject';
    }
    if (!isProvable(claim.blockHash)) return 'ignore';
    return this.#take(claim, now) ? 'accept' : 'ignore';
  }

  /** Until when a block is claimed by another prover, Unix seconds. */
  until(blockHash: Hash, proofType: number): number | undefined {
    const held = this.#claims.get(keyOf(blockHash, proofType));
    return held !== undefined && held.until > this.#modules.now() / 1000 ? held.until : undefined;
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
    if (this.#claims.has(key)) return false;
    this.#settle(now);
    const prover = Buffer.from(claim.prover).toString('hex');
    const { kept, broken } = this.#record(prover);
    if (broken > kept) return false;
    let live = 0;
    for (const held of this.#claims.values()) if (held.prover === prover && held.until > now) live++;
    if (live >= MAX_CLAIMS_PER_PROVER) return false;
    const most = now + (kept > 0 ? MAX_CLAIM_SECONDS : STRANGER_SECONDS);
    this.#claims.set(key, { prover, until: Math.min(claim.expiresAt, most), broken: false });
    return true;
  }

  /** Counts claims that ran out as broken, and forgets those that are long over and, of too many, the oldest. */
  #settle(now: number): void {
    for (const [key, held] of this.#claims) {
      if (held.until <= now && !held.broken) {
        held.broken = true;
        this.#record(held.prover).broken++;
      }
      if (held.until + MAX_CLAIM_SECONDS <= now || this.#claims.size >= MAX_CLAIMS) this.#claims.delete(key);
    }
  }

  #record(prover: string): Record {
    const record = this.#provers.get(prover) ?? { kept: 0, broken: 0 };
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

function keyOf(blockHash: Hash, proofType: number): string {
  return `${blockHash} ${proofType}`;
}
