import { CHALLENGE_BITS, log2Add } from './log2.ts';
import {
  type CodeShape,
  johnsonProximity,
  MIN_MULTIPLICITY,
  type Proximity,
  type Regime,
  uniqueProximity,
} from './proximity.ts';
import { protocolBits, type Round } from './round.ts';

/**
 * Parameters of one opening (WHIR, ePrint 2024/1586, Construction 5.1, on interleaved codes). The committed table has
 * 2^m entries: 2^(m − logRows) columns of 2^logRows coefficients, each column encoded at rate 2^−logInvRate.
 */
export type WhirParams = {
  readonly logRows: number;
  readonly logInvRate: number;
  /** Out-of-domain samples of the commitment, taken before anything that must be bound to one codeword. */
  readonly oodSamples: number;
  /** Bits ground before each of the m − logRows challenges that fold the columns. */
  readonly grindInitialBits: number;
  /** One for each table committed while folding. */
  readonly rounds: readonly WhirRound[];
  /** Queries to the last commitment, made after the last table is sent in clear. */
  readonly finalQueries: number;
  /** Bits ground before `finalQueries`. */
  readonly finalGrindBits: number;
  /** log2 of the entries of the table sent in clear. */
  readonly finalLogSize: number;
};

/**
 * In this order: commit the folded table as 2^fold columns at rate 2^−logInvRate; `oodSamples`; grind
 * `grindQueryBits`; `queries` to the commitment *before* this one; combine; then `fold` sumcheck steps, each challenge
 * after its own `grindFoldBits`.
 */
export type WhirRound = {
  readonly fold: number;
  readonly logInvRate: number;
  readonly queries: number;
  readonly oodSamples: number;
  readonly grindFoldBits: number;
  readonly grindQueryBits: number;
};

/** One committed table with everything that is done to it. */
export type WhirLayer = CodeShape & {
  readonly logColumns: number;
  readonly oodSamples: number;
  readonly grindFoldBits: number;
  /** Queries made to this table, in the step after its folds. */
  readonly queries: number;
  readonly grindQueryBits: number;
};

/** The committed tables in order, for a first table of 2^m entries. */
export function whirLayers(params: WhirParams, m: number): WhirLayer[] {
  let logTable = params.logRows;
  const tables = [
    {
      logRows: params.logRows,
      logInvRate: params.logInvRate,
      logColumns: m - params.logRows,
      oodSamples: params.oodSamples,
      grindFoldBits: params.grindInitialBits,
    },
    ...params.rounds.map((r) => {
      logTable -= r.fold;
      return {
        logRows: logTable,
        logInvRate: r.logInvRate,
        logColumns: r.fold,
        oodSamples: r.oodSamples,
        grindFoldBits: r.grindFoldBits,
      };
    }),
  ];
  return tables.map((t, i) => {
    const next = params.rounds[i];
    return next === undefined
      ? { ...t, queries: params.finalQueries, grindQueryBits: params.finalGrindBits }
      : { ...t, queries: next.queries, grindQueryBits: next.grindQueryBits };
  });
}

/** log2 of ℓ²/2 · (2^m/|E|)^s: two codewords of a list share all s out-of-domain values (2024/1586, section 4). */
export const logOodError = (p: Proximity, logTable: number, samples: number): number =>
  2 * p.logListSize - 1 + samples * (logTable - CHALLENGE_BITS);

/** log2 of (3·ℓ + exceptional)/|E|: one folding challenge (Theorem 5.2 with weights of degree 1 in each variable). */
export const logFoldError = (p: Proximity): number =>
  log2Add(Math.log2(3) + p.logListSize, p.logExceptional) - CHALLENGE_BITS;

/** log2 of ℓ·degree/|E|: claims are joined by powers of one challenge, for every codeword of the list. */
export const logBatchError = (p: Proximity, logDegree: number): number => logDegree + p.logListSize - CHALLENGE_BITS;

/** Rounds of one layer at one radius. `logBatchDegree`: log2 of the highest power that joins claims on this table. */
export function layerRounds(layer: WhirLayer, index: number, p: Proximity, logBatchDegree: number): Round[] {
  const rounds: Round[] = [];
  const add = (name: string, logError: number, grindBits = 0): void => {
    rounds.push({ name: `whir.${name}[${index}]`, logError, grindBits });
  };
  if (p.logListSize > 0) add('ood', logOodError(p, layer.logRows + layer.logColumns, layer.oodSamples));
  add(index === 0 ? 'batch' : 'combine', logBatchError(p, logBatchDegree));
  if (layer.logColumns > 0) add('fold', logFoldError(p), layer.grindFoldBits);
  add('query', layer.queries * p.logAgreement, layer.grindQueryBits);
  return rounds;
}

/** All radii that the analysis may choose for a code; the protocol does not depend on the choice. */
export function* radii(regime: Regime, code: CodeShape): Generator<Proximity> {
  if (regime === 'unique') {
    yield uniqueProximity(code);
    return;
  }
  for (let multiplicity = MIN_MULTIPLICITY; multiplicity <= MAX_MULTIPLICITY; multiplicity++) {
    const p = johnsonProximity(code, multiplicity);
    if (p !== undefined) yield p;
  }
}

const MAX_MULTIPLICITY = 1024;

/** The radius that gives a layer the most bits, and the rounds there. */
function bestRadius(regime: Regime, layer: WhirLayer, index: number, logBatchDegree: number): LayerAnalysis {
  let best: LayerAnalysis | undefined;
  for (const proximity of radii(regime, layer)) {
    const rounds = layerRounds(layer, index, proximity, logBatchDegree);
    if (best === undefined || protocolBits(rounds) > protocolBits(best.rounds)) best = { proximity, rounds };
  }
  return best ?? { proximity: NO_DISTANCE, rounds: layerRounds(layer, index, NO_DISTANCE, logBatchDegree) };
}

/** The radius at which a layer's code is analysed, and the errors of its rounds there. */
export type LayerAnalysis = { readonly proximity: Proximity; readonly rounds: readonly Round[] };

/** A code too small for any radius: queries prove nothing. */
const NO_DISTANCE: Proximity = { logAgreement: 0, logListSize: CHALLENGE_BITS, logExceptional: CHALLENGE_BITS };

/**
 * Every layer of one opening of a table of 2^m entries, each at its best radius.
 * @param logBatchDegree log2 of the highest power of the challenge that joins the claims
 */
export function analyseWhir(regime: Regime, params: WhirParams, m: number, logBatchDegree: number): LayerAnalysis[] {
  return whirLayers(params, m).map((layer, i, all) => {
    const before = all[i - 1];
    const degree = before === undefined ? logBatchDegree : Math.log2(before.queries + layer.oodSamples);
    return bestRadius(regime, layer, i, degree);
  });
}

/** The challenges that bind the last table: it is sent in clear, so only the sumcheck's own error counts. */
const FINAL: Round = { name: 'whir.final', logError: Math.log2(3) - CHALLENGE_BITS, grindBits: 0 };

/** Every challenge of one opening; see `analyseWhir`. */
export const whirRounds = (regime: Regime, params: WhirParams, m: number, logBatchDegree: number): Round[] => [
  ...analyseWhir(regime, params, m, logBatchDegree).flatMap((layer) => layer.rounds),
  FINAL,
];
