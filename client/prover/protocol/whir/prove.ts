import { buildTree, capOf, type MerkleTree, pathOf } from '../../backends/reference/merkle.ts';
import { encode } from '../../backends/reference/ntt.ts';
import {
  addInto,
  addScaledInto,
  EXT_WORDS,
  type ExtVec,
  extVec,
  getExt,
  mulExtInto,
  mulInto,
  scaleInto,
  setExt,
  subInto,
} from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { rootOfUnity } from '../../field/roots.ts';
import { eqTable, foldTop } from '../../poly/eq.ts';
import { evaluateUnivariate } from '../../poly/evaluate.ts';
import { type WhirLayer, type WhirParams, whirLayers } from '../../soundness/whir.ts';
import type { ProverTranscript } from '../../transcript/transcript.ts';
import { nextClaim } from '../sumcheck/verify.ts';
import type { Weight, WeightTerm } from './shape.ts';

/** A committed table: `columns` columns of 2^logRows entries, each a polynomial by its coefficients. */
export type Committed = {
  readonly columns: number;
  readonly wordsPerEntry: number;
  /** Row-major codeword, one row per domain point. */
  readonly codeword: Uint32Array;
  readonly tree: MerkleTree;
  readonly cap: Uint32Array;
};

/** Commits to `table` (entries of `wordsPerEntry` words, column behind column) over the domain of the layer. */
export function commitTable(
  table: Uint32Array,
  wordsPerEntry: number,
  layer: Pick<WhirLayer, 'logRows' | 'logInvRate'>,
): Committed {
  const rows = 2 ** layer.logRows;
  const columns = table.length / wordsPerEntry / rows;
  const width = columns * wordsPerEntry;
  const coefficients = new Uint32Array(rows * width);
  for (let c = 0; c < columns; c++)
    for (let r = 0; r < rows; r++)
      for (let w = 0; w < wordsPerEntry; w++)
        coefficients[r * width + c * wordsPerEntry + w] = table[(c * rows + r) * wordsPerEntry + w]!;
  const codeword = encode(coefficients, width, layer.logRows, layer.logInvRate);
  const tree = buildTree(codeword, width, layer.logRows + layer.logInvRate);
  return { columns, wordsPerEntry, codeword, tree, cap: capOf(tree) };
}

/** Σ entries[i] · y^i of a base table. */
export function evaluateBaseTable(table: Uint32Array, y: Ext): Ext {
  let sum = Fp5.ZERO;
  for (let i = table.length - 1; i >= 0; i--) {
    sum = Fp5.mul(sum, y);
    sum = [Fp.add(sum[0], table[i]!), sum[1], sum[2], sum[3], sum[4]];
  }
  return sum;
}

/** weights += by · weight, as a dense table. */
export function addWeight(weights: ExtVec, weight: Weight, by: Ext): void {
  if (weight.kind === 'power') {
    const t = extVec(1);
    setExt(t, 0, by);
    for (let i = 0; i < weights.length / EXT_WORDS; i++) {
      addInto(weights, i, weights, i, t, 0);
      mulExtInto(t, 0, weight.y, t, 0);
    }
    return;
  }
  const high = eqTable(weight.high, by);
  const size = weight.lagrange.length;
  const t = extVec(1);
  for (let x = 0; x < high.length / EXT_WORDS; x++)
    weight.lagrange.forEach((l, k) => {
      mulExtInto(t, 0, l, high, x);
      addInto(weights, weight.offset + x * size + k, weights, weight.offset + x * size + k, t, 0);
    });
}

/** Values at 0 and 2 of the round polynomial of Σ weights · table. */
function round(weights: ExtVec, table: ExtVec): [Ext, Ext] {
  const half = weights.length / EXT_WORDS / 2;
  const sums = extVec(2);
  const t = extVec(3);
  for (let i = 0; i < half; i++) {
    mulInto(t, 0, weights, i, table, i);
    addInto(sums, 0, sums, 0, t, 0);
    atTwo(t, 1, weights, i, half);
    atTwo(t, 2, table, i, half);
    mulInto(t, 0, t, 1, t, 2);
    addInto(sums, 1, sums, 1, t, 0);
  }
  return [getExt(sums, 0), getExt(sums, 1)];
}

/** out[k] = value at 2 of the line through v[i] and v[half + i]. */
function atTwo(out: ExtVec, k: number, v: ExtVec, i: number, half: number): void {
  addInto(out, k, v, half + i, v, half + i);
  subInto(out, k, out, k, v, i);
}

/** The same for a base table. */
function baseRound(weights: ExtVec, table: Uint32Array): [Ext, Ext] {
  const half = table.length / 2;
  const sums = extVec(2);
  const t = extVec(1);
  for (let i = 0; i < half; i++) {
    const lo = table[i]!;
    const hi = table[half + i]!;
    if (lo === 0 && hi === 0) continue;
    addScaledInto(sums, 0, weights, i, lo);
    atTwo(t, 0, weights, i, half);
    addScaledInto(sums, 1, t, 0, Fp.sub(Fp.add(hi, hi), lo));
  }
  return [getExt(sums, 0), getExt(sums, 1)];
}

/** lo + r (hi − lo) of a base table, as extension elements. */
function foldBase(table: Uint32Array, r: Ext): ExtVec {
  const half = table.length / 2;
  const out = extVec(half);
  const basis = extVec(1);
  setExt(basis, 0, r);
  for (let i = 0; i < half; i++) {
    const lo = table[i]!;
    scaleInto(out, i, basis, 0, Fp.sub(table[half + i]!, lo));
    out[EXT_WORDS * i] = Fp.add(out[EXT_WORDS * i]!, lo);
  }
  return out;
}

/**
 * The prover's side of `verifyOpening`.
 * @param table the joined base table, zero-padded to 2^logSize entries
 */
export function proveOpening(
  tr: ProverTranscript,
  params: WhirParams,
  commitments: readonly Committed[],
  table: Uint32Array,
  initial: readonly WeightTerm[],
  claim: Ext,
): void {
  const logSize = Math.log2(table.length);
  let weights = extVec(table.length);
  for (const { weight, by } of initial) addWeight(weights, weight, by);
  let folded: ExtVec | undefined;
  let value = claim;
  let current = commitments;
  const fold = (grindBits: number): void => {
    const sent = folded === undefined ? baseRound(weights, table) : round(weights, folded);
    tr.sendExts('foldRound', sent);
    tr.grind('foldGrind', grindBits);
    const r = tr.sampleExt('foldChallenge');
    value = nextClaim(value, sent, r);
    folded = folded === undefined ? foldBase(table, r) : foldTop(folded, r);
    weights = foldTop(weights, r);
  };
  const layers = whirLayers(params, logSize);
  layers.forEach((layer, i) => {
    const next = layers[i + 1];
    for (let s = 0; s < layer.logColumns; s++) fold(layer.grindFoldBits);
    const rest = folded!;
    const extra: { weight: Weight; value: Ext }[] = [];
    let nextCommitment: Committed | undefined;
    if (next === undefined) tr.send('finalTable', rest);
    else {
      nextCommitment = commitTable(rest, EXT_WORDS, next);
      tr.send('layerCap', nextCommitment.cap);
      for (let s = 0; s < next.oodSamples; s++) {
        const y = tr.sampleExt('layerOod');
        const answer = evaluateUnivariate(rest, y);
        tr.sendExts('layerAnswer', [answer]);
        extra.push({ weight: { kind: 'power', y }, value: answer });
      }
    }
    tr.grind('queryGrind', layer.grindQueryBits);
    const logDomain = layer.logRows + layer.logInvRate;
    const root = rootOfUnity(logDomain);
    for (const index of tr.sampleIndices('query', layer.queries, logDomain)) {
      for (const c of current) {
        const width = c.columns * c.wordsPerEntry;
        tr.send('queryRows', c.codeword.subarray(index * width, (index + 1) * width));
        tr.send('queryPaths', pathOf(c.tree, index));
      }
      const y = Fp5.from(Fp.pow(root, index));
      if (next !== undefined) extra.push({ weight: { kind: 'power', y }, value: evaluateUnivariate(rest, y) });
    }
    if (nextCommitment === undefined) {
      for (let s = 0; s < params.finalLogSize; s++) fold(0);
      return;
    }
    const gamma = tr.sampleExt('combine');
    let by = gamma;
    for (const e of extra) {
      value = Fp5.add(value, Fp5.mul(by, e.value));
      addWeight(weights, e.weight, by);
      by = Fp5.mul(by, gamma);
    }
    current = [nextCommitment];
  });
}
