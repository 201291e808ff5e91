/** The prover's port: all that rpc, p2p, sync and the command line may import. */

/** 0x-prefixed 32-byte hash. */
export type Hash = `0x${string}`;

/** `P100` (default) and `P128`: bits of provable security, computed by `soundness/`. */
export type ProfileId = 'P100' | 'P128';
/** `webgpu` names a backend that this build does not have. */
export type BackendId = 'reference' | 'wasm' | 'webgpu';

/** What a proof claims; SSZ, 138 bytes, in this order. */
export type BlockClaim = {
  /** 0x7a01 */
  readonly schemaId: number;
  readonly chainId: bigint;
  readonly chainSpecHash: Hash;
  readonly parentHash: Hash;
  readonly blockHash: Hash;
  /** hash_tree_root of the consensus-specs NewPayloadRequest; zero before the Merge. */
  readonly newPayloadRequestRoot: Hash;
};

/** `stage` is what runs now; `done` of `total` is an estimate of the work behind, for a percentage. */
export type Progress = { readonly stage: string; readonly done: number; readonly total: number };

export type ProveJob = {
  /** bytes for the guest: block and witness */
  readonly input: Uint8Array;
  /** header of the block, which the proof carries */
  readonly headerRlp: Uint8Array;
  /** what the guest must claim */
  readonly expected: BlockClaim;
  readonly profile: ProfileId;
};
/**
 * What a proof took: rows of instruction chips, cells and messages of all tables with padding; `stages` in ms by step.
 */
export type ProveStats = {
  readonly segments: number;
  readonly instructions: number;
  readonly cells: number;
  readonly interactions: number;
  readonly provingMs: number;
  readonly stages: Readonly<Record<string, number>>;
  readonly peakRssBytes: number;
  readonly backend: BackendId;
};
/** Why there is no proof; `service/job.ts` says which of them a retry would only repeat. */
export type ProveErrorCode =
  | 'guestTrap'
  | 'claimMismatch'
  | 'tooLarge'
  | 'aborted'
  | 'backendDiverged'
  /** more memory was needed than is allowed, or than the system has */
  | 'outOfMemory'
  /** the prover's process ended by itself */
  | 'crashed'
  | 'internal';
/** A proof in its container format, or why there is none; `detail` is for people. */
export type ProveResult =
  | { readonly ok: true; readonly proof: Uint8Array; readonly stats: ProveStats }
  | { readonly ok: false; readonly code: ProveErrorCode; readonly detail: string };

/** Proves one job at a time; a second one throws. Whatever ends a job is its result; `signal` gives `aborted`. */
export type Prover = {
  prove(
    job: ProveJob,
    o: { readonly signal: AbortSignal; readonly onProgress?: (p: Progress) => void },
  ): Promise<ProveResult>;
};

/** What the caller knows of the chain; never taken from the proof. */
export type Expected = {
  readonly chainId: bigint;
  readonly chainSpecHash: Hash;
  readonly blockHash?: Hash;
  readonly parentHash?: Hash;
};
/**
 * What an accepted proof claims, and how many bits of provable security that has; else where and why it was rejected.
 */
export type VerifyResult =
  | { readonly ok: true; readonly claim: BlockClaim; readonly profile: ProfileId; readonly securityBits: number }
  | { readonly ok: false; readonly stage: string; readonly code: string; readonly detail: string };
