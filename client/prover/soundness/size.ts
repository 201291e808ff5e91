import { type WhirLayer, type WhirParams, whirLayers } from './whir.ts';

const NONCE_BYTES = 4;
/** 31 bits: the rest of the last byte of a message is left out of account. */
const FIELD_BYTES = 31 / 8;
const EXT_BYTES = 5 * FIELD_BYTES;
const DIGEST_BYTES = 32;

/** Expected number of different values among `draws` uniform ones of `size`. */
const distinct = (size: number, draws: number): number => -size * Math.expm1(draws * Math.log1p(-1 / size));

/** Bytes of one multiproof up to 2^capLog digests: different rows, and the digests that the paths need and cannot compute. */
function openingBytes(logLeaves: number, rowBytes: number, queries: number, capLog: number): number {
  let bytes = distinct(2 ** logLeaves, queries) * rowBytes;
  for (let level = logLeaves; level > capLog; level--)
    bytes += (2 * distinct(2 ** (level - 1), queries) - distinct(2 ** level, queries)) * DIGEST_BYTES;
  return bytes;
}

/** A tree that an opening starts from: the columns of its rows, and the digests that it is committed by. */
export type OpenedTree = { readonly columns: number; readonly capLog: number };

/**
 * Expected bytes of the proof of one opening of a table of 2^m base elements.
 * @param trees what the first table was committed in; their commitments and samples are not counted
 */
export function whirProofBytes(params: WhirParams, m: number, trees: readonly OpenedTree[]): number {
  const layers = whirLayers(params, m);
  const layerBytes = (l: WhirLayer, index: number): number => {
    const logLeaves = l.logRows + l.logInvRate;
    const nonces = NONCE_BYTES * ((l.grindFoldBits > 0 ? l.logColumns : 0) + (l.grindQueryBits > 0 ? 1 : 0));
    const sumcheck = 2 * EXT_BYTES * l.logColumns;
    if (index === 0)
      return trees.reduce(
        (sum, t) => sum + openingBytes(logLeaves, t.columns * FIELD_BYTES, l.queries, t.capLog),
        sumcheck + nonces,
      );
    const rows = openingBytes(logLeaves, 2 ** l.logColumns * EXT_BYTES, l.queries, 0);
    return DIGEST_BYTES + l.oodSamples * EXT_BYTES + sumcheck + nonces + rows;
  };
  const last = 2 * EXT_BYTES * params.finalLogSize + EXT_BYTES * 2 ** params.finalLogSize;
  return layers.reduce((sum, l, i) => sum + layerBytes(l, i), last);
}
