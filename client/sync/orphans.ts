/**
 * Announced blocks whose parents are not stored yet, with their bodies: gossip brings a block once, and what was fetched
 * up to its parent is followed by it at once, not by another question.
 */
import type { Hash } from '../prover/interface.ts';

export type Orphan = {
  readonly hash: Hash;
  readonly parentHash: Hash;
  readonly headerRlp: Uint8Array;
  readonly seal: Uint8Array;
  /** rlp([transactions, ommers, withdrawals?]), unchecked; at most 512 KiB */
  readonly body: Uint8Array;
  /** who announced it, and pays for a header or body that breaks a rule */
  readonly from: string;
};

/** The latest; each may have the body that an announcement may have. */
export const MAX_ORPHANS = 8;

/** Bounded in blocks (`MAX_ORPHANS`). */
export class Orphans {
  /** in the order of their coming */
  readonly #held = new Map<Hash, Orphan>();

  add(orphan: Orphan): void {
    if (this.#held.has(orphan.hash)) return;
    this.#held.set(orphan.hash, orphan);
    const [oldest] = this.#held.keys();
    if (this.#held.size > MAX_ORPHANS && oldest !== undefined) this.#held.delete(oldest);
  }

  /** Blocks that follow one that is stored now; they are held no longer. */
  takeChildren(parentHash: Hash): readonly Orphan[] {
    const children = [...this.#held.values()].filter((orphan) => orphan.parentHash === parentHash);
    for (const { hash } of children) this.#held.delete(hash);
    return children;
  }
}
