import { type Ext, Fp5 } from '../field/fp5.ts';
import { SKIP_SIZE } from '../poly/interpolate.ts';

/**
 * Contents of a fixed column. A closed form also gives its multilinear extension, so that the verifier computes the
 * opening itself; `committed` contents are committed once per verification key and opened in the block's closing.
 */
export type FixedColumn =
  | {
      readonly kind: 'closedForm';
      /** Cell of row r, canonical. */
      readonly value: (row: number) => number;
      /** Multilinear extension at a point, most significant row bit first. */
      readonly mle: (point: readonly Ext[]) => Ext;
      /** What `evaluateClosedForm` computes, where there is a shorter way than sixteen evaluations of `mle`. */
      readonly opening?: (low: readonly Ext[], high: readonly Ext[]) => Ext;
    }
  | { readonly kind: 'committed'; readonly value: (row: number) => number };

/** A fixed column that the verifier evaluates itself: nothing is committed for it. */
export type ClosedForm = Extract<FixedColumn, { kind: 'closedForm' }>;

/**
 * A closed form at the zerocheck's point: `low` weighs the 16 values of the four lowest row bits, `high` is the point
 * of the others, most significant first.
 */
export function evaluateClosedForm(column: ClosedForm, low: readonly Ext[], high: readonly Ext[]): Ext {
  if (column.opening !== undefined) return column.opening(low, high);
  let result = Fp5.ZERO;
  for (let k = 0; k < SKIP_SIZE; k++) {
    const bits = [8, 4, 2, 1].map((b) => ((k & b) !== 0 ? Fp5.ONE : Fp5.ZERO));
    result = Fp5.add(result, Fp5.mul(low[k]!, column.mle([...high, ...bits])));
  }
  return result;
}
