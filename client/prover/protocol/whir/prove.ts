import type { Backend, Commitment, Committed, Opening } from '../../backends/interface.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { type WhirLayer, type WhirParams, whirLayers } from '../../soundness/whir.ts';
import { LABELS } from '../../transcript/labels.ts';
import { joined, type ProverTranscript } from '../../transcript/prover-transcript.ts';
import { entryWords, foldedAnswers, logDomainOf, pathDepth } from './claims.ts';
import { proveGrinding } from './grind.ts';
import type { CommitmentShape, Weight, WeightTerm } from './shape.ts';
import { foldRounds } from './verify.ts';

const FOLD_LABELS = {
  message: LABELS.foldRound,
  grind: LABELS.foldGrind,
  challenge: LABELS.foldChallenge,
} as const;

/** A commitment to open. */
export type OpenedTable = CommitmentShape & { readonly data: Committed };

/** The prover's side of `readOod`: values of a committed table outside the domain. */
export async function proveOod(
  backend: Backend,
  tr: ProverTranscript,
  of: Committed | Opening,
  samples: number,
  labels: {
    readonly point: 'mainOod' | 'blockOod' | 'layerOod';
    readonly answer: 'mainAnswer' | 'blockAnswer' | 'layerAnswer';
  },
): Promise<{ readonly weight: Weight; readonly value: Ext }[]> {
  const answers: { weight: Weight; value: Ext }[] = [];
  for (let s = 0; s < samples; s++) {
    const y = tr.sampleExt(labels.point);
    const value = await backend.evaluatePower(of, y);
    tr.sendExts(labels.answer, [value]);
    answers.push({ weight: { kind: 'power', y }, value });
  }
  return answers;
}

/**
 * The prover's side of `verifyOpening`. The commitments stay usable.
 * @param tables commitments over one domain, joined column behind column, zero-padded to 2^logSize entries
 */
export async function proveOpening(
  backend: Backend,
  tr: ProverTranscript,
  params: WhirParams,
  logSize: number,
  tables: readonly OpenedTable[],
  initial: readonly WeightTerm[],
  claim: Ext,
): Promise<void> {
  const opening = await backend.startOpening(
    tables.map((t) => t.data),
    logSize,
    initial.map(({ weight, by }) => ({ ...weight, by })),
  );
  const own: Commitment[] = [];
  try {
    await openLayers(backend, tr, params, logSize, tables, opening, claim, own);
  } finally {
    for (const c of own) backend.free(c.data);
    backend.free(opening);
  }
}

async function openLayers(
  backend: Backend,
  tr: ProverTranscript,
  params: WhirParams,
  logSize: number,
  tables: readonly OpenedTable[],
  opening: Opening,
  claim: Ext,
  own: Commitment[],
): Promise<void> {
  let value = claim;
  let current = tables;
  const fold = async (rounds: number, grindBits: number): Promise<readonly Ext[]> => {
    const run = await backend.fold(opening, { rounds, grindBits, labels: FOLD_LABELS }, value, tr.state());
    const folded = tr.replay(run, (channel) => foldRounds(channel, rounds, grindBits, value));
    value = folded.value;
    return folded.point;
  };
  const layers = whirLayers(params, logSize);
  for (const [i, layer] of layers.entries()) {
    const next = layers[i + 1];
    const challenges = await fold(layer.logColumns, layer.grindFoldBits);
    let committed: Commitment | undefined;
    const extra: { weight: Weight; value: Ext }[] = [];
    if (next === undefined) tr.sendFields('finalTable', await backend.foldedTable(opening));
    else {
      committed = await backend.commitFolded(opening, next);
      own.push(committed);
      tr.send('layerCap', committed.cap);
      extra.push(
        ...(await proveOod(backend, tr, opening, next.oodSamples, { point: 'layerOod', answer: 'layerAnswer' })),
      );
    }
    await proveGrinding(backend, tr, 'queryGrind', layer.grindQueryBits);
    const { indices, rows } = await openQueries(backend, tr, layer, i, current);
    if (next === undefined || committed === undefined) {
      await fold(params.finalLogSize, 0);
      return;
    }
    for (const { y, value: answer } of foldedAnswers(layer, i, indices, rows, challenges))
      extra.push({ weight: { kind: 'power', y: Fp5.from(y) }, value: answer });
    const gamma = tr.sampleExt('combine');
    let by = gamma;
    const weights = extra.map((e) => {
      const weight = { ...e.weight, by };
      value = Fp5.add(value, Fp5.mul(by, e.value));
      by = Fp5.mul(by, gamma);
      return weight;
    });
    await backend.addWeights(opening, weights);
    current = [{ ...committed, columns: 2 ** next.logColumns }];
  }
}

async function openQueries(
  backend: Backend,
  tr: ProverTranscript,
  layer: WhirLayer,
  layerIndex: number,
  tables: readonly OpenedTable[],
): Promise<{ readonly indices: readonly number[]; readonly rows: readonly Uint32Array[] }> {
  const indices = tr.sampleIndices('query', layer.queries, logDomainOf(layer));
  const rows: Uint32Array[] = [];
  for (const { data, cap, columns } of tables) {
    const opened = await backend.openRows(data, indices);
    tr.sendOpenings({ indices, rowWords: columns * entryWords(layerIndex), depth: pathDepth(layer, cap) }, opened);
    rows.push(joined(opened.map((o) => o.row)));
  }
  return { indices, rows };
}
