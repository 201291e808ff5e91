/** What the page and its worker say to each other. */
import type { Backing, Hash } from '../index.ts';

/** What the user knows of the chain, and whom to ask. */
export type Settings = {
  readonly url: string;
  /** name of a known network, or the text of a genesis file with its `genesisHash` */
  readonly chain: { readonly network: string } | { readonly genesis: string };
  /** undefined: the newest block */
  readonly from: bigint | undefined;
  /** keys whose proofs are refused */
  readonly revoked: readonly Hash[];
};

export type Report =
  | {
      readonly kind: 'valid';
      readonly number: bigint;
      readonly hash: Hash;
      readonly backing: Backing;
      readonly sizeBytes: number;
      readonly verifyMs: number;
      readonly securityBits: number;
    }
  /** the proof, or what it came with, is wrong; `stage` and `rule` of the verifier, where it was its verdict */
  | {
      readonly kind: 'rejected';
      readonly number: bigint;
      readonly code: string;
      readonly stage?: string;
      readonly rule?: string;
      readonly detail: string;
    }
  /** nothing to verify now; it is tried again */
  | { readonly kind: 'waiting'; readonly detail: string }
  | { readonly kind: 'reorganised'; readonly number: bigint }
  /** the settings are wrong or what answers is no node; tried again only where `isFinal` is false */
  | { readonly kind: 'failed'; readonly detail: string; readonly isFinal: boolean };
