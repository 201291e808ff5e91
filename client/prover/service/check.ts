/** The guest's first run on an executed block: does it claim what execution found? */
import { type ChainSpec, chainSpecHash, encodeChainSpec } from '../guest/chain-spec.ts';
import { encodeGuestInput } from '../guest/input.ts';
import { loadGuest } from '../guest/load.ts';
import { createValidator, type Validation, type Validator } from '../guest/validate.ts';
import type { BlockClaim, Hash } from '../interface.ts';

/** A block with what its validation needs. */
export type CheckedBlock = {
  readonly chainSpec: ChainSpec;
  readonly parentHash: Hash;
  readonly blockHash: Hash;
  readonly blockRlp: Uint8Array;
  readonly witness: {
    readonly state: readonly Uint8Array[];
    readonly codes: readonly Uint8Array[];
    readonly headers: readonly Uint8Array[];
  };
};

export type CheckResult =
  | { readonly ok: true; readonly claim: BlockClaim; readonly ms: number }
  /** the guest rejects the block */
  | {
      readonly ok: false;
      readonly kind: 'rejected';
      readonly rule: string;
      readonly reason: string;
      readonly ms: number;
    }
  /** the guest accepts, and claims something else */
  | {
      readonly ok: false;
      readonly kind: 'otherClaim';
      readonly reason: string;
      readonly claim: BlockClaim;
      readonly ms: number;
    };

/** Bytes for the guest, natively or in the zkVM. */
export function guestInputOf(block: CheckedBlock): Uint8Array {
  const { blockRlp, witness } = block;
  return encodeGuestInput({ chainSpec: encodeChainSpec(block.chainSpec), blockRlp, ...witness });
}

/** Compiles the guest once; the returned function runs it natively on a block and compares the claim. */
export async function createBlockCheck(): Promise<(block: CheckedBlock) => CheckResult> {
  const validate: Validator = await createValidator(loadGuest());
  return (block) => compare(validate(guestInputOf(block)), block);
}

function compare(validation: Validation, block: CheckedBlock): CheckResult {
  if (!validation.ok) return { ...validation, kind: 'rejected' };
  const { claim, ms } = validation;
  const expected = {
    chainId: block.chainSpec.chainId,
    chainSpecHash: chainSpecHash(block.chainSpec),
    parentHash: block.parentHash,
    blockHash: block.blockHash,
  } as const;
  for (const field of ['chainId', 'chainSpecHash', 'parentHash', 'blockHash'] as const) {
    if (claim[field] !== expected[field]) {
      const reason = `${field}: execution has ${expected[field]}, the guest claims ${claim[field]}`;
      return { ok: false, kind: 'otherClaim', reason, claim, ms };
    }
  }
  return { ok: true, claim, ms };
}
