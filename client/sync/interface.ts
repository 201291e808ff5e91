/** What the rest of the node may know of synchronisation. */
import type { Hash } from '../prover/interface.ts';

/** `full` executes every block; `proof` never executes: it verifies proofs and applies state diffs. */
export type SyncMode = 'full' | 'proof';

/** Data that a block could not be imported without. */
export type Missing = 'body' | 'proof' | 'receipts' | 'stateDiff';

export type SyncState =
  /** nobody is known to be ahead */
  | { readonly kind: 'idle' }
  /** a peer is ahead: its headers are asked for, or its chain is none that this node follows */
  | { readonly kind: 'looking' }
  | { readonly kind: 'importing'; readonly number: bigint; readonly hash: Hash }
  /** no peer has what the next block needs */
  | { readonly kind: 'waiting'; readonly number: bigint; readonly hash: Hash; readonly missing: Missing };

/** `zkl1_syncStatus` */
export type SyncStatus = {
  readonly mode: SyncMode;
  readonly state: SyncState;
  readonly head: { readonly number: bigint; readonly hash: Hash };
  /** the highest canonical block up to which every block has a verified proof of an accepted type */
  readonly provenHead: { readonly number: bigint; readonly hash: Hash };
  /** the highest head that a connected peer has named, or this node's own */
  readonly highest: bigint;
  /** height of the head when this node began to follow */
  readonly startedAt: bigint;
  /** types of proofs that this node takes (`--proofs.accept`, `--proofs.min-bits`) */
  readonly acceptedProofTypes: readonly number[];
  /** keys that the operator has revoked (`--proofs.revoke`) */
  readonly revokedKeys: readonly Hash[];
  /** blocks that came by proofs of those keys and are not proven again; the state above them rests on them */
  readonly distrusted: { readonly blocks: number; readonly first: bigint; readonly last: bigint } | undefined;
  /** proofs that were verified since the start, whatever the outcome */
  readonly verified: bigint;
  /** blocks of this store that came by a diff, and by execution */
  readonly applied: bigint;
  readonly executed: bigint;
  /** how often a further block of a sealer at one height was not taken; since the start */
  readonly siblingsRefused: bigint;
};

export type SyncOptions = {
  readonly mode: SyncMode;
  /** what a proof-syncing node does about a block that nobody has a proof of (`--proofs.fallback`) */
  readonly fallback: 'wait' | 'execute';
  /** how long it waits before it executes */
  readonly fallbackAfterMs: number;
  /** blocks whose data is fetched and whose proofs are verified at once; twice as many bodies where blocks are executed */
  readonly window: number;
  /** how often peers' heads are looked at when nothing wakes the loop */
  readonly pollMs: number;
  /** how deep a fork may lie below the head (`--reorg.depth`) */
  readonly reorgDepth: number;
};

export const DEFAULT_SYNC: Omit<SyncOptions, 'mode'> = {
  fallback: 'wait',
  fallbackAfterMs: 30_000,
  window: 4,
  pollMs: 2_000,
  reorgDepth: 64,
};
