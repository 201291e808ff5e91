import { getExt } from '../../field/ext-vec.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqAt, eqProducts, eqTable } from '../../poly/eq.ts';
import { SKIP_LOG } from '../../poly/interpolate.ts';

/**
 * A weight that an inner product with the committed table is claimed for, in a form that the verifier can evaluate
 * at one point. `column`: the entries from `offset` on, weighted by L ⊗ eq(high); `power`: entry i weighted by y^i.
 */
export type Weight =
  | {
      readonly kind: 'column';
      readonly offset: number;
      readonly logHeight: number;
      /** Lagrange basis on the four lowest row bits. */
      readonly lagrange: readonly Ext[];
      /** Point of the other row bits, most significant first. */
      readonly high: readonly Ext[];
    }
  | { readonly kind: 'power'; readonly y: Ext };

/** `by` · weight; `since`: how many variables were bound before the weight was added. */
export type WeightTerm = { readonly weight: Weight; readonly by: Ext; readonly since: number };

type ColumnWeight = Extract<Weight, { kind: 'column' }>;

/** Multilinear extension of the weights y^i at a point. */
function powerWeightAt(y: Ext, point: readonly Ext[]): Ext {
  let result = Fp5.ONE;
  let power = y;
  for (let i = point.length - 1; i >= 0; i--) {
    const r = point[i]!;
    result = Fp5.mul(result, Fp5.add(Fp5.sub(Fp5.ONE, r), Fp5.mul(r, power)));
    power = Fp5.mul(power, power);
  }
  return result;
}

/** A column's weight without its place: multilinear extension of L ⊗ eq(high) at the last coordinates of a point. */
function rowWeightAt({ logHeight, lagrange, high }: ColumnWeight, point: readonly Ext[]): Ext {
  const low = eqTable(point.slice(point.length - SKIP_LOG));
  const skip = lagrange.reduce((acc, l, k) => Fp5.add(acc, Fp5.mul(l, getExt(low, k))), Fp5.ZERO);
  return Fp5.mul(eqAt(high, point.slice(point.length - logHeight, point.length - SKIP_LOG)), skip);
}

/**
 * Σ by · weight at the point of all bound variables. Columns with the same rows' weight (the same arrays) share its value,
 * and neighbours most of their places' products.
 */
export function termsAt(terms: readonly WeightTerm[], bound: readonly Ext[]): Ext {
  let result = Fp5.ZERO;
  const places = eqProducts(bound);
  let like: ColumnWeight | undefined;
  let rows = Fp5.ZERO;
  for (const { weight, by, since } of terms) {
    if (weight.kind === 'power') {
      result = Fp5.add(result, Fp5.mul(by, powerWeightAt(weight.y, bound.slice(since))));
      continue;
    }
    if (since !== 0) throw new Error('columns are claimed before any variable is bound');
    if (like?.high !== weight.high || like.lagrange !== weight.lagrange || like.logHeight !== weight.logHeight) {
      like = weight;
      rows = rowWeightAt(weight, bound);
    }
    const place = places.at(weight.offset, bound.length - weight.logHeight);
    result = Fp5.add(result, Fp5.mul(Fp5.mul(by, place), rows));
  }
  return result;
}

/**
 * A commitment as the verifier sees it: digests, and the number of columns over the common domain. A tree of a proof is
 * committed by its root, the key's by a level of 2^k digests, so that the paths of a proof end there.
 */
export type CommitmentShape = { readonly cap: Uint32Array; readonly columns: number };
