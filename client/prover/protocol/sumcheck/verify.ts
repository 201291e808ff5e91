import { type Ext, Fp5 } from '../../field/fp5.ts';
import { interpolateIntegers } from '../../poly/interpolate.ts';
import type { Label } from '../../transcript/labels.ts';
import { Rejection } from '../../transcript/rejection.ts';
import type { Channel } from '../../transcript/transcript.ts';

/** What is left of a sum after all its variables are bound: the polynomial's claimed value at `point`. */
export type SumcheckClaim = { readonly point: readonly Ext[]; readonly value: Ext };

/**
 * A round polynomial of degree d is sent as its values at 0, 2, 3, …, d; the value at 1 follows from the claim
 * s(0) + s(1), so that a degree-3 round is one compression.
 */
export const sentNodes = (degree: number): number[] => [0, ...Array.from({ length: degree - 1 }, (_, i) => i + 2)];

/** The claim about the next round: s(r), from the sent values and the claim about s(0) + s(1). */
export function nextClaim(claim: Ext, sent: readonly Ext[], r: Ext): Ext {
  return interpolateIntegers([sent[0]!, Fp5.sub(claim, sent[0]!), ...sent.slice(1)], r);
}

/**
 * `rounds` rounds of degree `degree` from the claim. The value of the returned claim is for the caller to check:
 * nothing is verified before that.
 */
export function verifySumcheck(
  tr: Channel,
  o: {
    readonly rounds: number;
    readonly degree: number;
    readonly claim: Ext;
    readonly message: Label;
    readonly challenge: Label;
  },
): SumcheckClaim {
  const point: Ext[] = [];
  let value = o.claim;
  for (let j = 0; j < o.rounds; j++) {
    const sent = tr.readExts(o.message, o.degree);
    const r = tr.sampleExt(o.challenge);
    value = nextClaim(value, sent, r);
    point.push(r);
  }
  return { point, value };
}

/** Rejects unless a sumcheck's last claim is what the polynomial really is at its point. */
export function expectEqual(stage: string, code: string, expected: Ext, actual: Ext): void {
  if (!Fp5.eq(expected, actual)) throw new Rejection(stage, code, `${stage}: the claimed value does not hold`);
}
