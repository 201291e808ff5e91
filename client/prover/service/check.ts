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

/** Whether the guest claims what execution found; `ms` is its native run. */
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

/** A check as plain bytes and values, which can be sent to another thread. */
export type CheckRequest = {
  /** `guestInputOf` the block */
  readonly input: Uint8Array;
  /** what execution found */
  readonly expected: Pick<BlockClaim, 'chainId' | 'chainSpecHash' | 'parentHash' | 'blockHash'>;
};

/** What the guest is given, and what it must claim; copies the witness into one input. */
export function checkRequestOf(block: CheckedBlock): CheckRequest {
  const { chainSpec, parentHash, blockHash } = block;
  return {
    input: guestInputOf(block),
    expected: { chainId: chainSpec.chainId, chainSpecHash: chainSpecHash(chainSpec), parentHash, blockHash },
  };
}

/** Compiles the guest once; the returned function runs it natively and compares the claim, in the calling thread. */
export async function createCheck(): Promise<(request: CheckRequest) => CheckResult> {
  const validate: Validator = await createValidator(loadGuest());
  return ({ input, expected }) => compare(validate(input), expected);
}

/** `createCheck` on blocks. */
export async function createBlockCheck(): Promise<(block: CheckedBlock) => CheckResult> {
  const check = await createCheck();
  return (block) => check(checkRequestOf(block));
}

function compare(validation: Validation, expected: CheckRequest['expected']): CheckResult {
  if (!validation.ok) return { ...validation, kind: 'rejected' };
  const { claim, ms } = validation;
  for (const field of ['chainId', 'chainSpecHash', 'parentHash', 'blockHash'] as const) {
    if (claim[field] !== expected[field]) {
      const reason = `${field}: execution has ${expected[field]}, the guest claims ${claim[field]}`;
      return { ok: false, kind: 'otherClaim', reason, claim, ms };
    }
  }
  return { ok: true, claim, ms };
}
