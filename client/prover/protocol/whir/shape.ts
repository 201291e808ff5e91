import { getExt } from '../../field/ext-vec.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqAt, eqTable } from '../../poly/eq.ts';
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

/** Multilinear extension of a weight at a point of as many coordinates as its table has variables. */
export function weightAt(weight: Weight, point: readonly Ext[]): Ext {
  if (weight.kind === 'power') {
    let result = Fp5.ONE;
    let power = weight.y;
    for (let i = point.length - 1; i >= 0; i--) {
      const r = point[i]!;
      result = Fp5.mul(result, Fp5.add(Fp5.sub(Fp5.ONE, r), Fp5.mul(r, power)));
      power = Fp5.mul(power, power);
    }
    return result;
  }
  const prefix = point.length - weight.logHeight;
  const block = Math.floor(weight.offset / 2 ** weight.logHeight);
  let result = Fp5.ONE;
  for (let i = 0; i < prefix; i++) {
    const bit = Math.floor(block / 2 ** (prefix - 1 - i)) % 2;
    result = Fp5.mul(result, bit === 1 ? point[i]! : Fp5.sub(Fp5.ONE, point[i]!));
  }
  const rowPoint = point.slice(prefix);
  const high = eqAt(weight.high, rowPoint.slice(0, rowPoint.length - SKIP_LOG));
  const low = eqTable(rowPoint.slice(rowPoint.length - SKIP_LOG));
  const skip = weight.lagrange.reduce((acc, l, k) => Fp5.add(acc, Fp5.mul(l, getExt(low, k))), Fp5.ZERO);
  return Fp5.mul(result, Fp5.mul(high, skip));
}

/** A commitment as the verifier sees it: cap digests and the number of columns over the common domain. */
export type CommitmentShape = { readonly cap: Uint32Array; readonly columns: number };
