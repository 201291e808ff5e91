import { addScaledInto, EXT_WORDS, extVec, getExt, mulAddInto } from '../../field/ext-vec.ts';
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
): Answer[] {
  const root = rootOfUnity(logDomainOf(layer));
  const eqs = eqTable(challenges);
  const words = entryWords(layerIndex);
  return indices.map((index, q) => {
    let column = 0;
    const value = extVec(1);
    for (const opened of rows) {
      const columns = opened.length / indices.length / words;
      for (let j = q * columns; j < (q + 1) * columns; j++, column++)
        if (layerIndex === 0) addScaledInto(value, 0, eqs, column, opened[j]!);
        else mulAddInto(value, 0, value, 0, eqs, column, opened, j);
    }
    return { y: Fp.pow(root, index), value: getExt(value, 0) };
  });
}
