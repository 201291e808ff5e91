import { addInto, EXT_WORDS, extVec, getExt } from '../../field/ext-vec.ts';
import { type FoldRows, foldRows as foldRowsPlain } from '../../field/fold-rows.ts';
import { Fp } from '../../field/fp.ts';
import type { Ext } from '../../field/fp5.ts';
import { rootOfUnity } from '../../field/roots.ts';
import { DIGEST_WORDS } from '../../hash/blake3.ts';
import { eqTable } from '../../poly/eq.ts';
import type { WhirLayer } from '../../soundness/whir.ts';

/** Words of one entry of a layer's rows: base elements in layer 0, extension elements later. */
export const entryWords = (layerIndex: number): number => (layerIndex === 0 ? 1 : EXT_WORDS);

/** log2 of a layer's domain, which queries are drawn from. */
export const logDomainOf = (layer: Pick<WhirLayer, 'logRows' | 'logInvRate'>): number =>
  layer.logRows + layer.logInvRate;

/** Digests of a path from a row of a layer to the cap of its tree, which has 2^k digests of 8 words. */
export const pathDepth = (layer: Pick<WhirLayer, 'logRows' | 'logInvRate'>, cap: Uint32Array): number =>
  logDomainOf(layer) - Math.log2(cap.length / DIGEST_WORDS);

/** "The folded table, as a polynomial, has this value at the base point y." */
export type Answer = { readonly y: number; readonly value: Ext };

/**
 * What opened rows say about the folded table: Σ_c eq(challenges, c) · row[c] at each queried point.
 * @param rows by commitment: one row for each index, one behind the other; the columns of the commitments stand side by side
 */
export function foldedAnswers(
  layer: WhirLayer,
  layerIndex: number,
  indices: readonly number[],
  rows: readonly Uint32Array[],
  challenges: readonly Ext[],
  foldRows: FoldRows = foldRowsPlain,
): Answer[] {
  const root = rootOfUnity(logDomainOf(layer));
  const eqs = eqTable(challenges);
  const values = extVec(indices.length);
  let column = 0;
  for (const opened of rows) {
    const end = column + opened.length / indices.length / entryWords(layerIndex);
    const weights = eqs.subarray(EXT_WORDS * column, EXT_WORDS * end);
    const parts = foldRows(opened, indices.length, weights, layerIndex === 0 ? 'base' : 'ext');
    for (let q = 0; q < indices.length; q++) addInto(values, q, values, q, parts, q);
    column = end;
  }
  return indices.map((index, q) => ({ y: Fp.pow(root, index), value: getExt(values, q) }));
}
