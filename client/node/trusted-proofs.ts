import { proofKey } from '../execution/store/blocks.ts';
import type { Store } from '../execution/store/store.ts';
import { ACCEPTED_KEYS } from '../prover/verifier/accepted-keys.ts';
import type { RevokedKeys } from '../prover/verifier/revoked-keys.ts';

/** Stored proofs, as far as they count here: of types that this node takes, under keys that are not revoked. */
export class TrustedProofs {
  readonly proofTypes: readonly number[];
  readonly #store: Store;
  readonly #revoked: RevokedKeys;

  /** @param proofTypes those that this node takes, none of a revoked key of this build among them */
  constructor(store: Store, proofTypes: readonly number[], revoked: RevokedKeys) {
    this.#store = store;
    this.proofTypes = proofTypes;
    this.#revoked = revoked;
  }

  get(blockHash: Uint8Array, proofType: number): Uint8Array | undefined {
    if (!this.proofTypes.includes(proofType)) return undefined;
    const proof = this.#store.get('proofs', proofKey(blockHash, proofType));
    return proof === undefined || this.#revoked.isNamedBy(proof) ? undefined : proof;
  }

  has(blockHash: Uint8Array, proofType: number): boolean {
    // A type of this build names one key: proofs are read only where one of another release may have been left behind.
    if (this.#revoked.unknown.length > 0) return this.get(blockHash, proofType) !== undefined;
    return this.proofTypes.includes(proofType) && this.#store.has('proofs', proofKey(blockHash, proofType));
  }

  /** Whether a block has a proof of any type that counts. */
  isProven(blockHash: Uint8Array): boolean {
    return this.proofTypes.some((proofType) => this.has(blockHash, proofType));
  }

  /** Whether a block has proofs of which none counts any more: their keys are revoked, or their types not taken now. */
  isDistrusted(blockHash: Uint8Array): boolean {
    const isStored = KNOWN_TYPES.some((proofType) => this.#store.has('proofs', proofKey(blockHash, proofType)));
    return isStored && !this.isProven(blockHash);
  }
}

const KNOWN_TYPES = ACCEPTED_KEYS.map(({ proofType }) => proofType);
