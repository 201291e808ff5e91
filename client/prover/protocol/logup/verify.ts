import type { ExtraMessage } from '../../air/check.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { Rejection } from '../../transcript/rejection.ts';
import type { Channel } from '../../transcript/transcript.ts';
import { expectEqual, type SumcheckClaim } from '../sumcheck/verify.ts';
import { denominator, type LogupChallenges } from './shape.ts';

/** Sum of all fractions, as numerator over denominator. */
export type Root = { readonly p: Ext; readonly q: Ext };

/** "The fraction vector's numerators are p and its denominators q at `point`." */
export type GkrClaim = { readonly root: Root; readonly point: readonly Ext[]; readonly p: Ext; readonly q: Ext };

/** Numerators, then denominators, of a layer with its top variable at 0 and at 1 and the others at a point. */
type Halves = readonly [p0: Ext, p1: Ext, q0: Ext, q1: Ext];

/**
 * Reduces the sum of 2^log fractions to one evaluation of numerators and denominators, layer by layer from the root;
 * children of x are (0, x) and (1, x) (ePrint 2023/1284, with λ batching the two products).
 */
export function verifyGkr(tr: Channel, log: number): GkrClaim {
  const [rootP, rootQ] = tr.readExts('gkrRoot', 2);
  const root = { p: rootP!, q: rootQ! };
  if (Fp5.isZero(root.q))
    throw new Rejection('logup', 'zeroDenominator', 'the sum of fractions has a zero denominator');
  let halves: Halves | undefined;
  let point: readonly Ext[] = [];
  for (let k = 0; k < log; k++) {
    const lambda = tr.sampleExt('gkrLambda');
    const join = (p: Ext, q: Ext): Ext => Fp5.add(p, Fp5.mul(lambda, q));
    const layer: SumcheckClaim =
      halves === undefined
        ? { point, value: join(root.p, root.q) }
        : layerRounds(tr, point, join(halves[0], halves[2]), join(halves[1], halves[3]));
    halves = tr.readExts('gkrChildren', 4) as unknown as Halves;
    const [p0, p1, q0, q1] = halves;
    const parent = join(Fp5.add(Fp5.mul(p0, q1), Fp5.mul(p1, q0)), Fp5.mul(q0, q1));
    expectEqual('logup', 'gkrLayer', parent, layer.value);
    point = layer.point;
  }
  if (halves === undefined) return { root, point, ...root };
  const s = tr.sampleExt('gkrChild');
  const [p0, p1, q0, q1] = halves;
  const between = (at0: Ext, at1: Ext): Ext => Fp5.add(at0, Fp5.mul(s, Fp5.sub(at1, at0)));
  return { root, point: [s, ...point], p: between(p0, p1), q: between(q0, q1) };
}

/**
 * The rounds of one layer: from the values at X = 0 and X = 1 of t(X) = Σ_x eq(point, x) · g(X, x), g of degree 2 in each
 * variable, to the claimed value of g at one point. The sum over x loses the factor of eq in each variable when it is
 * bound, so that rounds are quadratics t alone. Sent is what the claim does not say about one: its leading coefficient,
 * and from the second round on the difference t(1) − t(0) before it.
 */
function layerRounds(tr: Channel, point: readonly Ext[], at0: Ext, at1: Ext): SumcheckClaim {
  const [first] = tr.readExts('gkrRound', 1);
  const bound = [tr.sampleExt('gkrPoint')];
  let value = boundQuadratic(at0, Fp5.ZERO, Fp5.sub(at1, at0), first!, bound[0]!);
  for (const z of point) {
    const [difference, leading] = tr.readExts('gkrRound', 2);
    const r = tr.sampleExt('gkrPoint');
    value = boundQuadratic(value, z, difference!, leading!, r);
    bound.push(r);
  }
  return { point: bound, value };
}

/**
 * t(r) for the quadratic t with the given t(1) − t(0) and leading coefficient and with (1 − z) · t(0) + z · t(1) = `claim`:
 * claim + (r − z) · difference + r (r − 1) · leading. No z is excepted.
 */
export function boundQuadratic(claim: Ext, z: Ext, difference: Ext, leading: Ext, r: Ext): Ext {
  const line = Fp5.add(claim, Fp5.mul(Fp5.sub(r, z), difference));
  return Fp5.add(line, Fp5.mul(Fp5.mul(r, Fp5.sub(r, Fp5.ONE)), leading));
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
