import { type Ext, Fp5 } from '../../field/fp5.ts';
import { DIGEST_WORDS } from '../../hash/blake3.ts';
import type { VerifierKernels } from '../../kernels/interface.ts';
import { evaluateAtBase, mleExt } from '../../poly/evaluate.ts';
import { type WhirLayer, type WhirParams, whirLayers } from '../../soundness/whir.ts';
import type { Channel } from '../../transcript/transcript.ts';
import type { VerifierTranscript } from '../../transcript/verifier-transcript.ts';
import { expectEqual, nextClaim, type SumcheckClaim } from '../sumcheck/verify.ts';
import { type Answer, entryWords, foldedAnswers, logDomainOf, pathDepth } from './claims.ts';
import { type CommitmentShape, termsAt, type VerifierTerm, type Weight } from './shape.ts';

/** Out-of-domain samples of a commitment and the claims about them, read right after its cap. */
export function readOod(
  tr: VerifierTranscript,
  samples: number,
  labels: {
    readonly point: 'mainOod' | 'blockOod' | 'layerOod';
    readonly answer: 'mainAnswer' | 'blockAnswer' | 'layerAnswer';
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
  kernels: VerifierKernels,
  tr: VerifierTranscript,
  params: WhirParams,
  logSize: number,
  commitments: readonly CommitmentShape[],
  initial: readonly VerifierTerm[],
  claim: Ext,
): void {
  const terms: VerifierTerm[] = [...initial];
  const bound: Ext[] = [];
  let value = claim;
  let current: readonly CommitmentShape[] = commitments;
  const fold = (rounds: number, grindBits: number): readonly Ext[] => {
    const folded = foldRounds(tr, rounds, grindBits, value);
    value = folded.value;
    bound.push(...folded.point);
    return folded.point;
  };
  const layers = whirLayers(params, logSize);
  layers.forEach((layer, i) => {
    const next = layers[i + 1];
    const challenges = fold(layer.logColumns, layer.grindFoldBits);
    const finalTable = next === undefined ? tr.readExtVec('finalTable', 2 ** params.finalLogSize) : undefined;
    const nextCommitment: CommitmentShape[] = [];
    const extra: { weight: Weight; value: Ext }[] = [];
    if (next !== undefined) {
      nextCommitment.push({
        cap: tr.readWords('layerCap', DIGEST_WORDS),
        columns: 2 ** next.logColumns,
      });
      extra.push(...readOod(tr, next.oodSamples, { point: 'layerOod', answer: 'layerAnswer' }));
    }
    tr.grind('queryGrind', layer.grindQueryBits);
    const answers = readQueries(kernels, tr, layer, i, current, challenges);
    if (finalTable !== undefined) {
      for (const { y, value: answer } of answers) {
        expectEqual('whir', 'finalQuery', evaluateAtBase(finalTable, y), answer);
      }
      const rest = fold(params.finalLogSize, 0);
      expectEqual('whir', 'finalValue', Fp5.mul(termsAt(terms, bound), mleExt(finalTable, rest)), value);
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
  kernels: VerifierKernels,
  tr: VerifierTranscript,
  layer: WhirLayer,
  layerIndex: number,
  commitments: readonly CommitmentShape[],
  challenges: readonly Ext[],
): Answer[] {
  const indices = tr.sampleIndices('query', layer.queries, logDomainOf(layer));
  const opened = commitments.map(({ cap, columns }) =>
    tr.readOpenings({ indices, rowWords: columns * entryWords(layerIndex), depth: pathDepth(layer, cap) }, cap),
  );
  const different = opened[0]!.indices;
  const rows = opened.map((o) => o.rows);
  const answers = foldedAnswers(layer, layerIndex, different, rows, challenges, kernels.foldRows);
  const byIndex = new Map(different.map((index, k) => [index, answers[k]!]));
  return indices.map((index) => byIndex.get(index)!);
}

/**
 * Rounds of the opening's sumcheck from `claim`: the values at 0 and 2, a nonce where bits are ground, a challenge. The
 * value that is left is for the caller to check.
 */
export function foldRounds(tr: Channel, rounds: number, grindBits: number, claim: Ext): SumcheckClaim {
  const point: Ext[] = [];
  let value = claim;
  for (let j = 0; j < rounds; j++) {
    const sent = tr.readExts('foldRound', 2);
    tr.grind('foldGrind', grindBits);
    const r = tr.sampleExt('foldChallenge');
    value = nextClaim(value, sent, r);
    point.push(r);
  }
  return { point, value };
}
