import type { ClosedForm } from '../../air/fixed.ts';
import { addScaledInto, extLength, extVec, getExt, mulAddInto, packExt } from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqTable } from '../../poly/eq.ts';

/** Σ 2^i · bit_i for bits given most significant first: the multilinear extension of the number itself. */
export const numberOf = (bits: readonly Ext[]): Ext => bits.reduce((acc, b) => Fp5.add(Fp5.add(acc, acc), b), Fp5.ZERO);

/** A column of 2^n cells given one by one; its extension costs 2^n products, so n is small. */
export const smallTable = (values: readonly number[]): ClosedForm => ({
  kind: 'closedForm',
  value: (row) => values[row]!,
  mle: (point) => {
    const eq = eqTable(point);
    return values.reduce((acc, v, r) => Fp5.add(acc, Fp5.scale(getExt(eq, r), Fp.fromInt(v))), Fp5.ZERO);
  },
  opening: (low, high) => {
    const eq = eqTable(high);
    const part = extVec(1);
    const weights = packExt(low);
    const sum = extVec(1);
    for (let block = 0; block < extLength(eq); block++) {
      part.fill(0);
      for (let k = 0; k < low.length; k++)
        addScaledInto(part, 0, weights, k, Fp.fromInt(values[block * low.length + k]!));
      mulAddInto(sum, 0, sum, 0, part, 0, eq, block);
    }
    return getExt(sum, 0);
  },
});

/**
 * A column by a formula. *Assumes* that `mle` is the multilinear extension of `value`, row bits most significant first.
 */
export const closedForm = (value: (row: number) => number, mle: (point: readonly Ext[]) => Ext): ClosedForm => ({
  kind: 'closedForm',
  value,
  mle,
});
