import type { BusScope, NodeId } from '../../air/dag.ts';
import { type ExtVec, extVec, getExt, mulAddInto, packExt, setExt, subInto } from '../../field/ext-vec.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { type BitProducts, eqAt, eqProducts } from '../../poly/eq.ts';
import { SKIP_LOG } from '../../poly/interpolate.ts';
import { blockWeight, type FractionLayout, type LogupChallenges } from '../logup/shape.ts';
import type { InstanceShape } from '../shape.ts';

/** constant + Σ weight · value of a node. */
export type LinearForm = {
  readonly constant: Ext;
  readonly terms: readonly { readonly node: NodeId; readonly weight: Ext }[];
};

/** One scope's fractions, and what GKR ended with: numerators p and denominators q of the whole vector at `point`. */
export type ScopeClaims = {
  readonly challenges: LogupChallenges;
  readonly layout: FractionLayout;
  readonly point: readonly Ext[];
  readonly p: Ext;
  readonly q: Ext;
};

/** The two points of the zerocheck: constraints and local messages at the first, global messages at the second. */
export const SCOPES = ['local', 'global'] as const satisfies readonly BusScope[];

/** Powers of μ that all instances share: those of the numerators and of the denominators of each scope. */
const SHARED_POWERS = 2 * SCOPES.length;

/** How many powers of μ join a segment's claims: the shared ones, then one for the constraints of each instance. */
export const muPowers = (instances: number): number => SHARED_POWERS + instances;

/** Power of μ that weighs a scope's numerators; `scope` is a place in `SCOPES`. */
export const numeratorWeight = (mu: readonly Ext[], scope: number): Ext => mu[2 * scope]!;
/** Power of μ that weighs a scope's denominators. */
export const denominatorWeight = (mu: readonly Ext[], scope: number): Ext => mu[2 * scope + 1]!;
/** Power of μ that weighs an instance's constraints. */
export const constraintWeight = (mu: readonly Ext[], instance: number): Ext => mu[SHARED_POWERS + instance]!;

/** What the whole sum comes to: constraints to zero, fractions to what GKR ended with, less α for every denominator. */
export const joinedClaim = (mu: readonly Ext[], scopes: readonly ScopeClaims[]): Ext =>
  scopes.reduce((acc, { p, q, challenges }, s) => {
    const numerators = Fp5.mul(numeratorWeight(mu, s), p);
    const denominators = Fp5.mul(denominatorWeight(mu, s), Fp5.sub(q, challenges.alpha));
    return Fp5.add(acc, Fp5.add(numerators, denominators));
  }, Fp5.ZERO);

class FormBuilder {
  private constant = Fp5.ZERO;
  private readonly weights = new Map<NodeId, Ext>();

  add(node: NodeId, weight: Ext): void {
    this.weights.set(node, Fp5.add(this.weights.get(node) ?? Fp5.ZERO, weight));
  }

  addConstant(weight: Ext): void {
    this.constant = Fp5.add(this.constant, weight);
  }

  build(): LinearForm {
    return { constant: this.constant, terms: [...this.weights].map(([node, weight]) => ({ node, weight })) };
  }
}

/**
 * What the zerocheck sums over the rows of one instance, as a linear form over the values of its chip's nodes, per
 * scope: μ_i Σ λ^c C_c + μ_p Σ e_t p_t + μ_q Σ e_t (q_t − α) for the local scope, with own μ_p and μ_q and without the
 * constraints for the global one. e_t is the weight of the interaction's block in the fraction vector; μ_p and μ_q are
 * the same in all instances, since GKR's claims are about the sum over all of them.
 */
export function instanceForms(
  shape: InstanceShape,
  instance: number,
  lambda: Ext,
  mu: readonly Ext[],
  scopes: readonly ScopeClaims[],
): LinearForm[] {
  return scopes.map((scope, s) => {
    const form = new FormBuilder();
    if (s === 0) {
      let weight = constraintWeight(mu, instance);
      for (const c of shape.chip.constraints) {
        form.add(c.node, weight);
        weight = Fp5.mul(weight, lambda);
      }
    }
    for (const block of scope.layout.own[instance]!) {
      const t = shape.chip.interactions[block.interaction]!;
      const e = blockWeight(scope.point, block.offset, shape.logHeight);
      const numerator = Fp5.mul(e, numeratorWeight(mu, s));
      const denominator = Fp5.mul(e, denominatorWeight(mu, s));
      form.add(t.count, t.direction === 'send' ? numerator : Fp5.neg(numerator));
      form.addConstant(Fp5.scale(denominator, t.bus.index));
      t.fields.forEach((node, k) => {
        form.add(node, Fp5.mul(denominator, scope.challenges.betas[k]!));
      });
    }
    return form.build();
  });
}

/** What `formValues` takes of a scope: the powers of β, and products of eq with the scope's point. */
export type ScopePlaces = {
  readonly layout: FractionLayout;
  readonly point: readonly Ext[];
  readonly betas: ExtVec;
  readonly products: BitProducts;
};

/** What `formValues` needs of a scope; made once for all instances of a segment. */
export const scopePlaces = ({ challenges, layout, point }: ScopeClaims): ScopePlaces => ({
  layout,
  point,
  betas: packExt(challenges.betas),
  products: eqProducts(point),
});

/**
 * The values of `instanceForms` where the chip's nodes have these values, summed message by message instead of node by node:
 * one product for a field.
 */
export function formValues(
  { chip, logHeight }: InstanceShape,
  instance: number,
  lambda: Ext,
  mu: readonly Ext[],
  scopes: readonly ScopePlaces[],
  nodes: ExtVec,
): Ext[] {
  return scopes.map(({ betas, layout, point, products }, s) => {
    let value = Fp5.ZERO;
    if (s === 0) {
      const sum = extVec(1);
      const factor = packExt([lambda]);
      for (let c = chip.constraints.length - 1; c >= 0; c--)
        mulAddInto(sum, 0, nodes, chip.constraints[c]!.node, sum, 0, factor, 0);
      value = Fp5.mul(constraintWeight(mu, instance), getExt(sum, 0));
    }
    const numerators = extVec(1);
    const denominators = extVec(1);
    const message = extVec(1);
    const place = extVec(1);
    for (const block of layout.own[instance]!) {
      const t = chip.interactions[block.interaction]!;
      products.into(place, 0, block.offset, point.length - logHeight);
      setExt(message, 0, Fp5.from(t.bus.index));
      for (let k = 0; k < t.fields.length; k++) mulAddInto(message, 0, message, 0, betas, k, nodes, t.fields[k]!);
      mulAddInto(denominators, 0, denominators, 0, place, 0, message, 0);
      if (t.direction === 'receive') subInto(place, 0, ZERO, 0, place, 0);
      mulAddInto(numerators, 0, numerators, 0, place, 0, nodes, t.count);
    }
    value = Fp5.add(value, Fp5.mul(numeratorWeight(mu, s), getExt(numerators, 0)));
    return Fp5.add(value, Fp5.mul(denominatorWeight(mu, s), getExt(denominators, 0)));
  });
}

const ZERO = extVec(1);

/**
 * A point of the zerocheck for an instance of 2^logHeight rows: its last coordinates, split into those of the high row
 * bits and the four of the skipped ones. `full` has at least as many coordinates as the largest instance has row bits.
 */
export const instanceHigh = (full: readonly Ext[], logHeight: number): readonly Ext[] =>
  full.slice(full.length - logHeight, full.length - SKIP_LOG);

/**
 * By scope: what the values of an instance's forms are multiplied by in the claim behind the last round.
 * @param eqs by scope: its point's factor for the skipped row bits
 * @param point challenges of all rounds behind the skip; those in which the instance was idle multiply its claim
 */
export function instanceFactors(
  points: readonly (readonly Ext[])[],
  eqs: readonly Ext[],
  point: readonly Ext[],
  logHeight: number,
): Ext[] {
  const idleRounds = point.length - (logHeight - SKIP_LOG);
  const idle = point.slice(0, idleRounds).reduce((acc, r) => Fp5.mul(acc, r), Fp5.ONE);
  const own = point.slice(idleRounds);
  return points.map((p, s) => Fp5.mul(idle, Fp5.mul(eqs[s]!, eqAt(instanceHigh(p, logHeight), own))));
}
