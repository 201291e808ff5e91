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
 * Reduces the sums of several vectors of 2^log fractions to one evaluation of numerators and denominators of each, layer by
 * layer from the roots; children of x are (0, x) and (1, x) (ePrint 2023/1284, with λ batching the products). Layers as far
 * from their roots have the same size and share their rounds; a shorter vector ends before.
 */
export function verifyGkr(tr: Channel, logs: readonly number[]): GkrClaim[] {
  const words = tr.readExts('gkrRoot', 2 * logs.length);
  const roots = logs.map((_, v): Root => ({ p: words[2 * v]!, q: words[2 * v + 1]! }));
  if (roots.some((root) => Fp5.isZero(root.q)))
    throw new Rejection('logup', 'zeroDenominator', 'the sum of fractions has a zero denominator');
  const claims = roots.map((root): GkrClaim => ({ root, point: [], ...root }));
  const halves: Halves[] = [];
  let point: readonly Ext[] = [];
  for (let k = 0; k < Math.max(...logs); k++) {
    const lambda = tr.sampleExt('gkrLambda');
    const vectors = [...logs.keys()].filter((v) => logs[v]! > k);
    const joined = (values: (v: number) => readonly [p: Ext, q: Ext]): Ext => joinVectors(lambda, vectors, values);
    const layer: SumcheckClaim =
      k === 0
        ? { point, value: joined((v) => [roots[v]!.p, roots[v]!.q]) }
        : layerRounds(
            tr,
            point,
            joined((v) => [halves[v]![0], halves[v]![2]]),
            joined((v) => [halves[v]![1], halves[v]![3]]),
          );
    const children = tr.readExts('gkrChildren', 4 * vectors.length);
    vectors.forEach((v, i) => {
      halves[v] = children.slice(4 * i, 4 * i + 4) as unknown as Halves;
    });
    expectEqual(
      'logup',
      'gkrLayer',
      joined((v) => parentOf(halves[v]!)),
      layer.value,
    );
    point = layer.point;
    for (const v of vectors) {
      if (logs[v] !== k + 1) continue;
      const s = tr.sampleExt('gkrChild');
      const [p0, p1, q0, q1] = halves[v]!;
      const between = (at0: Ext, at1: Ext): Ext => Fp5.add(at0, Fp5.mul(s, Fp5.sub(at1, at0)));
      claims[v] = { root: roots[v]!, point: [s, ...point], p: between(p0, p1), q: between(q0, q1) };
    }
  }
  return claims;
}

/** Σ λ^(2v) · (p_v + λ q_v). */
function joinVectors(lambda: Ext, vectors: readonly number[], values: (v: number) => readonly [p: Ext, q: Ext]): Ext {
  return vectors.reduce((acc, v) => {
    const [p, q] = values(v);
    return Fp5.add(acc, Fp5.mul(Fp5.pow(lambda, BigInt(2 * v)), Fp5.add(p, Fp5.mul(lambda, q))));
  }, Fp5.ZERO);
}

/** The sum of two fractions. */
const parentOf = ([p0, p1, q0, q1]: Halves): readonly [p: Ext, q: Ext] => [
  Fp5.add(Fp5.mul(p0, q1), Fp5.mul(p1, q0)),
  Fp5.mul(q0, q1),
];

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
