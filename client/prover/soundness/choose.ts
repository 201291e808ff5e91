import { ClientError } from '../../errors.ts';
import type { CodeShape, Proximity, Regime } from './proximity.ts';
import { logBatchError, logFoldError, logOodError, radii, type WhirParams, type WhirRound } from './whir.ts';

/** What a parameter set has to reach, and with what means. */
export type Goal = {
  readonly regime: Regime;
  readonly targetBits: number;
  /** Rate of the first code is 2^−logInvRate. */
  readonly logInvRate: number;
  /** Most bits ground before one folding challenge. */
  readonly maxGrindFoldBits: number;
  /** Bits ground before the queries to the first commitments, whose rows and paths are the longest. */
  readonly grindFirstQueryBits: number;
  /** Bits ground before the queries to later ones. */
  readonly grindQueryBits: number;
};

/** Table committed: 2^logColumns columns of 2^logRows rows. */
export type TableShape = { readonly logRows: number; readonly logColumns: number };

/** Variables that one later commitment folds. */
const FOLD = 4;
/** The last table has at most 2^8 entries. */
const MAX_FINAL_LOG_SIZE = 8;
/** A table with fewer variables left is sent in clear instead of committed. */
const MIN_COMMITTED = 6;
/** Kept free of every bound, so that the last bit of a logarithm decides nothing. */
const SLACK = 1e-6;

/** Folds after the first one, for a table that has `variables` left. */
function laterFolds(variables: number): number {
  const needed = Math.ceil((variables - MAX_FINAL_LOG_SIZE) / FOLD);
  return Math.max(needed, variables >= MIN_COMMITTED ? 1 : 0);
}

/**
 * Rates: the first fold of k variables shrinks the domain by 2^4 (at most; by less where k < 5), later ones by 2.
 * A larger first shrink makes the second commitment cheap: 5/16 of the words of the first.
 */
function rates(logColumns: number, logInvRate: number, count: number): number[] {
  const first = logInvRate + Math.max(1, logColumns - 4);
  return Array.from({ length: count }, (_, i) => first + i * (FOLD - 1));
}

type LayerChoice = {
  readonly oodSamples: number;
  readonly grindFoldBits: number;
  readonly grindQueryBits: number;
  readonly queries: number;
};

/** The fewest queries, then the least grinding, that reach the goal on one table. */
function chooseLayer(
  goal: Goal,
  grindQueryBits: number,
  code: CodeShape,
  logTable: number,
  logBatchDegree: number,
): LayerChoice {
  const allowed = -(goal.targetBits + SLACK);
  let best: LayerChoice | undefined;
  for (const p of radii(goal.regime, code)) {
    if (logBatchError(p, logBatchDegree) > allowed) continue;
    const choice = {
      oodSamples: oodSamples(p, logTable, allowed),
      grindFoldBits: Math.max(0, Math.ceil(logFoldError(p) - allowed)),
      grindQueryBits,
      queries: Math.ceil((allowed + grindQueryBits) / p.logAgreement),
    };
    if (choice.grindFoldBits > goal.maxGrindFoldBits) continue;
    if (best === undefined || choice.queries < best.queries) best = choice;
  }
  if (best === undefined)
    throw new ClientError(
      'soundnessOutOfReach',
      `no radius gives ${goal.targetBits} bits for a table of 2^${logTable} entries at rate 2^-${code.logInvRate}`,
      { expected: goal.targetBits, logTable, logInvRate: code.logInvRate },
    );
  return best;
}

function oodSamples(p: Proximity, logTable: number, allowed: number): number {
  let samples = p.logListSize > 0 ? 1 : 0;
  while (samples > 0 && logOodError(p, logTable, samples) > allowed) samples++;
  return samples;
}

/**
 * Parameters for a table of the given shape, with every round of the opening at `targetBits` or more.
 * @param logBatchDegree log2 of the highest power of the challenge that joins the claims
 * @throws ClientError `soundnessOutOfReach`
 */
export function chooseWhir(goal: Goal, table: TableShape, logBatchDegree: number): WhirParams {
  const variables = table.logRows;
  const count = laterFolds(variables);
  const codes = rates(table.logColumns, goal.logInvRate, count).map((logInvRate, i) => ({
    logInvRate,
    logTable: variables - FOLD * i,
    logRows: variables - FOLD * (i + 1),
  }));
  const { logRows, logInvRate } = { ...table, ...goal };
  const code = { logRows, logInvRate };
  const first = chooseLayer(goal, goal.grindFirstQueryBits, code, logRows + table.logColumns, logBatchDegree);
  let before = first;
  const rounds = codes.map((code): WhirRound => {
    const own = chooseLayer(
      goal,
      goal.grindQueryBits,
      code,
      code.logTable,
      Math.log2(before.queries + MAX_OOD_SAMPLES),
    );
    const round = {
      fold: FOLD,
      logInvRate: code.logInvRate,
      queries: before.queries,
      oodSamples: own.oodSamples,
      grindFoldBits: own.grindFoldBits,
      grindQueryBits: before.grindQueryBits,
    };
    before = own;
    return round;
  });
  return {
    logRows,
    logInvRate,
    oodSamples: first.oodSamples,
    grindInitialBits: first.grindFoldBits,
    rounds,
    finalQueries: before.queries,
    finalGrindBits: before.grindQueryBits,
    finalLogSize: variables - FOLD * count,
  };
}

/** Samples joined with the queries of one round: enough for any table. */
const MAX_OOD_SAMPLES = 4;
