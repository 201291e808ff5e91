import type { ExtraMessage } from '../../air/check.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqAt } from '../../poly/eq.ts';
import { Rejection } from '../../transcript/rejection.ts';
import type { Channel } from '../../transcript/transcript.ts';
import { expectEqual, verifySumcheck } from '../sumcheck/verify.ts';
import { denominator, type LogupChallenges } from './shape.ts';

/** Sum of all fractions, as numerator over denominator. */
export type Root = { readonly p: Ext; readonly q: Ext };

/** "The fraction vector's numerators are p and its denominators q at `point`." */
export type GkrClaim = { readonly root: Root; readonly point: readonly Ext[]; readonly p: Ext; readonly q: Ext };

/**
 * Reduces the sum of 2^log fractions to one evaluation of numerators and denominators, layer by layer from the root;
 * children of x are (0, x) and (1, x) (ePrint 2023/1284, with λ batching the two products).
 */
export function verifyGkr(tr: Channel, log: number): GkrClaim {
  const [rootP, rootQ] = tr.readExts('gkrRoot', 2);
  const root = { p: rootP!, q: rootQ! };
  if (Fp5.isZero(root.q))
    throw new Rejection('logup', 'zeroDenominator', 'the sum of fractions has a zero denominator');
  let p = root.p;
  let q = root.q;
  let point: readonly Ext[] = [];
  for (let k = 0; k < log; k++) {
    const lambda = tr.sampleExt('gkrLambda');
    const inner = verifySumcheck(tr, {
      rounds: k,
      degree: 3,
      claim: Fp5.add(p, Fp5.mul(lambda, q)),
      message: 'gkrRound',
      challenge: 'gkrPoint',
    });
    const [p0, p1, q0, q1] = tr.readExts('gkrChildren', 4) as [Ext, Ext, Ext, Ext];
    const sum = Fp5.add(Fp5.add(Fp5.mul(p0, q1), Fp5.mul(p1, q0)), Fp5.mul(lambda, Fp5.mul(q0, q1)));
    expectEqual('logup', 'gkrLayer', Fp5.mul(eqAt(point, inner.point), sum), inner.value);
    const s = tr.sampleExt('gkrChild');
    p = Fp5.add(p0, Fp5.mul(s, Fp5.sub(p1, p0)));
    q = Fp5.add(q0, Fp5.mul(s, Fp5.sub(q1, q0)));
    point = [s, ...inner.point];
  }
  return { root, point, p, q };
}

/** Σ count / denominator of messages that the verifier adds itself. Rejects a zero denominator. */
export function publicFraction(c: LogupChallenges, messages: readonly ExtraMessage[]): Root {
  let sum: Root = { p: Fp5.ZERO, q: Fp5.ONE };
  for (const { bus, message, count } of messages) {
    const d = denominator(c, bus.index, message);
    if (Fp5.isZero(d))
      throw new Rejection('logup', 'zeroDenominator', `a public message on ${bus.id} has denominator zero`);
    sum = { p: Fp5.add(Fp5.mul(sum.p, d), Fp5.scale(sum.q, Fp.fromInt(count))), q: Fp5.mul(sum.q, d) };
  }
  return sum;
}

/** Rejects unless the segment's fractions and the verifier's own add up to zero. */
export function checkLocalBalance(root: Root, own: Root): void {
  const sum = Fp5.add(Fp5.mul(root.p, own.q), Fp5.mul(root.q, own.p));
  if (!Fp5.isZero(sum)) throw new Rejection('logup', 'localImbalance', 'the local buses do not balance');
}
