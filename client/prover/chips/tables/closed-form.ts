import type { FixedColumn } from '../../air/fixed.ts';
import { getExt } from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqTable } from '../../poly/eq.ts';

type ClosedForm = Extract<FixedColumn, { kind: 'closedForm' }>;

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
});

export const closedForm = (value: (row: number) => number, mle: (point: readonly Ext[]) => Ext): ClosedForm => ({
  kind: 'closedForm',
  value,
  mle,
});
