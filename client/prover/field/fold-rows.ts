import { addScaledInto, type ExtVec, extLength, extVec, mulAddInto } from './ext-vec.ts';

/**
 * Σ_c weights[c] · row[c] of each of `count` rows, which stand one behind the other and have as many entries as there are
 * weights: base elements, or elements of E.
 */
export type FoldRows = (rows: Uint32Array, count: number, weights: ExtVec, entries: 'base' | 'ext') => ExtVec;

/** One row after the other. */
export const foldRows: FoldRows = (rows, count, weights, entries) => {
  const columns = extLength(weights);
  const out = extVec(count);
  for (let r = 0, at = 0; r < count; r++)
    for (let c = 0; c < columns; c++, at++)
      if (entries === 'base') addScaledInto(out, r, weights, c, rows[at]!);
      else mulAddInto(out, r, out, r, weights, c, rows, at);
  return out;
};
