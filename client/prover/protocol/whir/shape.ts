import {
  dotExt,
  type ExtVec,
  extLength,
  extVec,
  getExt,
  mulInto,
  packExt,
  scaleInto,
  setExt,
} from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqAt, eqProducts, eqTable, rangeProduct } from '../../poly/eq.ts';
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

/**
 * Neighbouring columns of one height as the verifier takes them, all at once: the column at offset o, for each of `count`
 * from `offset` on, counts with ratio^(o / 2^logHeight).
 */
export type ColumnRun = Omit<ColumnWeight, 'kind'> & {
  readonly kind: 'columns';
  readonly count: number;
  readonly ratio: Ext;
};

/** The 64 columns of a lane from `offset` on, column k counts with weights[k]. */
export type LaneWeight = Omit<ColumnWeight, 'kind'> & { readonly kind: 'lane'; readonly weights: ExtVec };

/** What the verifier evaluates: the prover's terms, or runs and lanes in place of columns. */
export type VerifierTerm = Omit<WeightTerm, 'weight'> & { readonly weight: Weight | ColumnRun | LaneWeight };

/** Multilinear extension of the weights y^i at a point. */
function powerWeightAt(y: Ext, point: readonly Ext[]): Ext {
  if (Fp5.eq(y, Fp5.from(y[0]))) return basePowerWeightAt(y[0], point);
  let result = Fp5.ONE;
  let power = y;
  for (let i = point.length - 1; i >= 0; i--) {
    const r = point[i]!;
    result = Fp5.mul(result, Fp5.add(Fp5.sub(Fp5.ONE, r), Fp5.mul(r, power)));
    power = Fp5.mul(power, power);
  }
  return result;
}

/** The same for a point of the base field, such as those of queries. */
function basePowerWeightAt(y: number, point: readonly Ext[]): Ext {
  const result = packExt([Fp5.ONE]);
  const factor = extVec(1);
  let power = y;
  for (let i = point.length - 1; i >= 0; i--) {
    setExt(factor, 0, point[i]!);
    scaleInto(factor, 0, factor, 0, Fp.sub(power, 1));
    factor[0] = Fp.add(factor[0]!, 1);
    mulInto(result, 0, result, 0, factor, 0);
    power = Fp.mul(power, power);
  }
  return getExt(result, 0);
}

/** A column's weight without its place: multilinear extension of L ⊗ eq(high) at the last coordinates of a point. */
function rowWeightAt({ logHeight, lagrange, high }: Omit<ColumnWeight, 'kind'>, point: readonly Ext[]): Ext {
  const low = eqTable(point.slice(point.length - SKIP_LOG));
  const skip = lagrange.reduce((acc, l, k) => Fp5.add(acc, Fp5.mul(l, getExt(low, k))), Fp5.ZERO);
  return Fp5.mul(eqAt(high, point.slice(point.length - logHeight, point.length - SKIP_LOG)), skip);
}

/**
 * Σ by · weight at the point of all bound variables. Columns with the same rows' weight (the same arrays) share its value,
 * and neighbours most of their places' products.
 */
export function termsAt(terms: readonly VerifierTerm[], bound: readonly Ext[]): Ext {
  let result = Fp5.ZERO;
  const places = eqProducts(bound);
  /** Of the columns of lanes: several terms are about one. */
  const lanePlaces = new Map<number, ExtVec>();
  const lanePlace = ({ offset, logHeight, weights }: LaneWeight, bits: number): Ext => {
    const known = lanePlaces.get(offset);
    const own = known ?? extVec(extLength(weights));
    if (known === undefined) {
      for (let k = 0; k < extLength(own); k++) places.into(own, k, offset + k * 2 ** logHeight, bits);
      lanePlaces.set(offset, own);
    }
    return dotExt(weights, own);
  };
  let like: ColumnWeight | ColumnRun | LaneWeight | undefined;
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
    const bits = bound.length - weight.logHeight;
    const place =
      weight.kind === 'column'
        ? places.at(weight.offset, bits)
        : weight.kind === 'lane'
          ? lanePlace(weight, bits)
          : rangeProduct(bound.slice(0, bits), weight.ratio, weight.offset / 2 ** weight.logHeight, weight.count);
    result = Fp5.add(result, Fp5.mul(Fp5.mul(by, place), rows));
  }
  return result;
}

/**
 * A commitment as the verifier sees it: digests, and the number of columns over the common domain. A tree of a proof is
 * committed by its root, the key's by a level of 2^k digests, so that the paths of a proof end there.
 */
export type CommitmentShape = { readonly cap: Uint32Array; readonly columns: number };
