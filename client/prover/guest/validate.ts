/** Stateless validation of a block by running the guest natively: the claim that a proof would make, without one. */
import type { BlockClaim } from '../interface.ts';
import { compileNative, runNative } from '../vm/native.ts';
import { claimOfPublicValues } from './claim.ts';
import type { Guest } from './module.ts';

/** What the guest's native run said, and how many ms it took. */
export type Validation =
  | { readonly ok: true; readonly claim: BlockClaim; readonly ms: number }
  /** `rule`: which kind of rule was broken; `reason`: the guest's own words */
  | { readonly ok: false; readonly rule: BrokenRule; readonly reason: string; readonly ms: number };

/** Codes of `zkvm.fail`: `validator/src/rejection.rs` and `zkvm/src/lib.rs`; 0 is a trap. */
export const BROKEN_RULES = {
  0: 'trap',
  1: 'input',
  2: 'chainSpec',
  3: 'blockEncoding',
  4: 'header',
  5: 'ommer',
  6: 'body',
  7: 'witness',
  8: 'transaction',
  9: 'systemContract',
  10: 'outcome',
  11: 'payload',
  253: 'advice',
  254: 'outOfMemory',
  255: 'panic',
} as const;
/** `unknown` for a code of the guest that has no name here. */
export type BrokenRule = (typeof BROKEN_RULES)[keyof typeof BROKEN_RULES] | 'unknown';

/** @param input bytes of `encodeGuestInput` */
export type Validator = (input: Uint8Array) => Validation;

/** Compiles the guest once; each validation runs in an instance of its own. */
export async function createValidator(guest: Guest): Promise<Validator> {
  const module = await compileNative(guest.wasm);
  return (input) => {
    const result = runNative(module, input);
    if (result.ok) return { ok: true, claim: claimOfPublicValues(result.publicValues), ms: result.ms };
    const rules: Readonly<Record<number, BrokenRule>> = BROKEN_RULES;
    return { ok: false, rule: rules[result.code] ?? 'unknown', reason: result.reason, ms: result.ms };
  };
}
