import { type WhirLayer, type WhirParams, whirLayers } from './whir.ts';

const WORD_BYTES = 4;
const EXT_BYTES = 5 * WORD_BYTES;
const DIGEST_BYTES = 32;
/** log2 of the digests that a commitment consists of. */
const CAP_LOG = 6;

/** Expected number of different values among `draws` uniform ones of `size`. */
const distinct = (size: number, draws: number): number => -size * Math.expm1(draws * Math.log1p(-1 / size));

/** Bytes of one multiproof: different rows, and the digests that the paths need and cannot compute. */
function openingBytes(logLeaves: number, rowBytes: number, queries: number): number {
  let bytes = distinct(2 ** logLeaves, queries) * rowBytes;
  for (let level = logLeaves; level > CAP_LOG; level--)
    bytes += (2 * distinct(2 ** (level - 1), queries) - distinct(2 ** level, queries)) * DIGEST_BYTES;
  return bytes;
}

/** Expected bytes of the proof of one opening of a table of 2^m base elements in one tree, in the codec's form. */
export function whirProofBytes(params: WhirParams, m: number): number {
  const layers = whirLayers(params, m);
  const layerBytes = (l: WhirLayer, index: number): number => {
    const logLeaves = l.logRows + l.logInvRate;
    const rowBytes = 2 ** l.logColumns * (index === 0 ? WORD_BYTES : EXT_BYTES);
    const cap = 2 ** Math.min(CAP_LOG, logLeaves) * DIGEST_BYTES;
    const nonces = WORD_BYTES * ((l.grindFoldBits > 0 ? l.logColumns : 0) + (l.grindQueryBits > 0 ? 1 : 0));
    const sumcheck = 2 * EXT_BYTES * l.logColumns;
    return cap + l.oodSamples * EXT_BYTES + sumcheck + nonces + openingBytes(logLeaves, rowBytes, l.queries);
  };
  return layers.reduce((sum, l, i) => sum + layerBytes(l, i), EXT_BYTES * 2 ** params.finalLogSize);
}
