import { EXT_WORDS, getExt, packExt } from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { rootOfUnity } from '../../field/roots.ts';
import { DIGEST_WORDS } from '../../hash/blake3.ts';
import { CAP_LOG, checkPath } from '../../hash/merkle-path.ts';
import { eqTable } from '../../poly/eq.ts';
import { mleExt } from '../../poly/evaluate.ts';
import { type WhirLayer, type WhirParams, whirLayers } from '../../soundness/whir.ts';
import { Rejection, type VerifierTranscript } from '../../transcript/transcript.ts';
import { expectEqual, nextClaim } from '../sumcheck/verify.ts';
import { type CommitmentShape, type Weight, type WeightTerm, weightAt } from './shape.ts';

/** Digests in the cap of a layer's tree. */
export const capNodes = (layer: WhirLayer): number => 2 ** Math.min(CAP_LOG, layer.logRows + layer.logInvRate);

/** Words of one row of a tree: base entries in layer 0, extension entries later. */
const rowWords = (columns: number, layerIndex: number): number => columns * (layerIndex === 0 ? 1 : EXT_WORDS);

/** Out-of-domain samples of a commitment and the claims about them, read right after its cap. */
export function readOod(
  tr: VerifierTranscript,
  samples: number,
  labels: {
    readonly point: 'mainOod' | 'interfaceOod' | 'layerOod';
    readonly answer: 'mainAnswer' | 'interfaceAnswer' | 'layerAnswer';
  },
): { readonly weight: Weight; readonly value: Ext }[] {
  return Array.from({ length: samples }, () => {
    const y = tr.sampleExt(labels.point);
    return { weight: { kind: 'power', y }, value: tr.readExt(labels.answer) };
  });
}

/**
 * The opening argument (WHIR, ePrint 2024/1586) for one inner product claim: Σ_i W(i) · table(i) = `claim`, where the
 * table is that of the commitments joined column behind column, zero-padded to 2^logSize, and W = Σ by · weight.
 * Per layer: fold its columns by sumcheck, commit the folded table at a smaller rate, sample out of domain, query the
 * layer, batch. The last table is sent in clear and its sumcheck goes on to the end.
 */
export function verifyOpening(
  tr: VerifierTranscript,
  params: WhirParams,
  logSize: number,
  commitments: readonly CommitmentShape[],
  initial: readonly WeightTerm[],
  claim: Ext,
): void {
  const terms: WeightTerm[] = [...initial];
  const bound: Ext[] = [];
  let value = claim;
  let current: readonly CommitmentShape[] = commitments;
  const fold = (grindBits: number): Ext => {
    const sent = tr.readExts('foldRound', 2);
    tr.grind('foldGrind', grindBits);
    const r = tr.sampleExt('foldChallenge');
    value = nextClaim(value, sent, r);
    bound.push(r);
    return r;
  };
  const layers = whirLayers(params, logSize);
  layers.forEach((layer, i) => {
    const next = layers[i + 1];
    const challenges = Array.from({ length: layer.logColumns }, () => fold(layer.grindFoldBits));
    const finalTable = next === undefined ? tr.readExts('finalTable', 2 ** params.finalLogSize) : undefined;
    const nextCommitment: CommitmentShape[] = [];
    const extra: { weight: Weight; value: Ext }[] = [];
    if (next !== undefined) {
      nextCommitment.push({
        cap: tr.readWords('layerCap', capNodes(next) * DIGEST_WORDS),
        columns: 2 ** next.logColumns,
      });
      extra.push(...readOod(tr, next.oodSamples, { point: 'layerOod', answer: 'layerAnswer' }));
    }
    tr.grind('queryGrind', layer.grindQueryBits);
    const answers = readQueries(tr, layer, i, current, challenges);
    if (finalTable !== undefined) {
      const packed = packExt(finalTable);
      for (const { y, value: answer } of answers) {
        const at = finalTable.reduceRight((acc, c) => Fp5.add(Fp5.scale(acc, y), c), Fp5.ZERO);
        expectEqual('whir', 'finalQuery', at, answer);
      }
      const rest = Array.from({ length: params.finalLogSize }, () => fold(0)).slice();
      const weight = terms.reduce(
        (acc, t) => Fp5.add(acc, Fp5.mul(t.by, weightAt(t.weight, bound.slice(t.since)))),
        Fp5.ZERO,
      );
      expectEqual('whir', 'finalValue', Fp5.mul(weight, mleExt(packed, rest)), value);
      return;
    }
    for (const { y, value: answer } of answers)
      extra.push({ weight: { kind: 'power', y: Fp5.from(y) }, value: answer });
    const gamma = tr.sampleExt('combine');
    let by = gamma;
    for (const e of extra) {
      value = Fp5.add(value, Fp5.mul(by, e.value));
      terms.push({ weight: e.weight, by, since: bound.length });
      by = Fp5.mul(by, gamma);
    }
    current = nextCommitment;
  });
}

/** The folded table's values at the queried points of a layer, from its opened rows. */
function readQueries(
  tr: VerifierTranscript,
  layer: WhirLayer,
  layerIndex: number,
  commitments: readonly CommitmentShape[],
  challenges: readonly Ext[],
): { readonly y: number; readonly value: Ext }[] {
  const logDomain = layer.logRows + layer.logInvRate;
  const depth = Math.max(0, logDomain - CAP_LOG);
  const root = rootOfUnity(logDomain);
  const eqs = eqTable(challenges);
  return tr.sampleIndices('query', layer.queries, logDomain).map((index) => {
    let column = 0;
    let value = Fp5.ZERO;
    for (const { cap, columns } of commitments) {
      const row = tr.readFields('queryRows', rowWords(columns, layerIndex));
      const path = tr.readWords('queryPaths', depth * DIGEST_WORDS);
      if (!checkPath(cap, index, row, path))
        throw new Rejection('whir', 'merklePath', `layer ${layerIndex}: row ${index} is not under the committed cap`);
      for (let j = 0; j < columns; j++, column++) {
        const e = getExt(eqs, column);
        value = Fp5.add(value, layerIndex === 0 ? Fp5.scale(e, row[j]!) : Fp5.mul(e, getExt(row, j)));
      }
    }
    return { y: Fp.pow(root, index), value };
  });
}
