/** Keys that whoever runs this trusts no more: a flaw was found in what they stand for, and no release is out yet. */
import type { Hash, VerifyResult } from '../interface.ts';
import { ACCEPTED_KEYS } from './accepted-keys.ts';
import { vkHashOf } from './codec.ts';
import type { KeyData } from './key.ts';

type Key = Pick<KeyData, 'proofType' | 'digest'>;

/** What is known of revoked keys, by their digests and by what proofs say of themselves. */
export class RevokedKeys {
  /** As they were given, in small letters, each once. */
  readonly hashes: readonly Hash[];
  /** Types of this build whose key is revoked: a type names one key, so that a proof of it need not be looked at. */
  readonly proofTypes: readonly number[];
  /** Revoked, and no key of this build: of another release, or mistyped. */
  readonly unknown: readonly Hash[];

  /** @param hashes digests, as `vkHash` of `eth_getBlockProof` gives them */
  constructor(hashes: readonly Hash[], keys: readonly Key[] = ACCEPTED_KEYS) {
    this.hashes = [...new Set(hashes.map((hash) => hash.toLowerCase() as Hash))];
    this.proofTypes = keys.filter(({ digest }) => this.has(`0x${digest}`)).map(({ proofType }) => proofType);
    this.unknown = this.hashes.filter((hash) => !keys.some(({ digest }) => hash === `0x${digest}`));
  }

  has(vkHash: Hash): boolean {
    return this.hashes.includes(vkHash);
  }

  /** Whether a proof says that it was made under a revoked key; bytes that are no proof say nothing. */
  isNamedBy(proof: Uint8Array): boolean {
    const vkHash = this.hashes.length === 0 ? undefined : vkHashOf(proof);
    return vkHash !== undefined && this.has(vkHash);
  }

  /** The verdict on a proof under a revoked key, whatever else it says; undefined for others. */
  rejection(proof: Uint8Array): Extract<VerifyResult, { readonly ok: false }> | undefined {
    if (!this.isNamedBy(proof)) return undefined;
    const detail = `verification key ${vkHashOf(proof)} is revoked`;
    return { ok: false, stage: 'statement', code: REVOKED_KEY, detail };
  }
}

/** Code of the verdict on proofs under revoked keys. */
export const REVOKED_KEY = 'revokedKey';
export const NO_REVOKED_KEYS = new RevokedKeys([]);
