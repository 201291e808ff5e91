import { ClientError } from '../../errors.ts';
import type { LogupGrinding } from './argument.ts';
import { chooseWhir, type Goal, type TableShape } from './choose.ts';
import type { WhirParams } from './whir.ts';

export type { WhirParams, WhirRound } from './whir.ts';

/**
 * A profile is part of the verification key, never something a proof may choose. `P100` is the default; `P100Half`
 * commits at rate 1/2 (half the encoding work, larger proofs); `P100Unique` rests on unique decoding alone.
 */
export type SoundnessProfile = 'P100' | 'P100Half' | 'P128' | 'P100Unique';

/** A goal of security, and the parameters chosen to reach it. */
export type Profile = Goal & {
  /** Rate of the key's tree and of a block's: those that a closing opens together. Segments' own trees have `logInvRate`. */
  readonly closingLogInvRate: number;
  /** Ground before the LogUp challenges; a test computes that it suffices at `LIMITS` and that less would not. */
  readonly logup: LogupGrinding;
};

const NO_GRINDING: LogupGrinding = { local: 0, global: 0 };

/** A challenge costs at most 2^maxGrindFoldBits compressions, a set of queries 2^grindQueryBits, on average. */
export const PROFILES: Readonly<Record<SoundnessProfile, Profile>> = {
  P100: { ...johnson(100, 2, 8, 18), grindFirstQueryBits: 20, closingLogInvRate: 2, logup: NO_GRINDING },
  P100Half: { ...johnson(100, 1, 8, 16), closingLogInvRate: 1, logup: NO_GRINDING },
  P128: { ...johnson(128, 2, 20, 20), closingLogInvRate: 2, logup: { local: 10, global: 20 } },
  P100Unique: {
    regime: 'unique',
    targetBits: 100,
    logInvRate: 1,
    closingLogInvRate: 1,
    maxGrindFoldBits: 0,
    grindFirstQueryBits: 16,
    grindQueryBits: 16,
    logup: NO_GRINDING,
  },
};

function johnson(targetBits: number, logInvRate: number, maxGrindFoldBits: number, grindQueryBits: number): Goal {
  return {
    regime: 'johnson',
    targetBits,
    logInvRate,
    maxGrindFoldBits,
    grindFirstQueryBits: grindQueryBits,
    grindQueryBits,
  };
}

/** log2 of the smallest and largest table for which parameters exist. */
export const MIN_LOG_TABLE = 6;
export const MAX_LOG_TABLE = 26;

/** Columns start at multiples of this many entries of the stacked table; so a slot's number is below 2^(m − 4). */
export const LOG_SLOT = 4;

/** Most segments of a block (`interfaces.md`: the list of segment proofs is capped at this). */
export const MAX_SEGMENTS = 1024;

/** Most out-of-domain values that one opening joins: those of every tree of a closing. */
const MAX_OOD_VALUES = 1024;

/**
 * log2 of the highest power that joins the claims of an opening of 2^m entries: τ^slot, out-of-domain values above the
 * last slot, and in a closing σ^segment, all of it as one total degree.
 */
export const logSlotDegree = (m: number): number =>
  Math.log2(2 ** Math.max(0, m - LOG_SLOT) + MAX_OOD_VALUES + MAX_SEGMENTS);

/** Columns (as log2) of a table that is cut freely: 64, fewer where the table is small. */
const logColumnsOf = (m: number): number => Math.min(6, Math.max(2, m - 6));

/**
 * Parameters for one tree of 2^m entries, 6 ≤ m ≤ 26.
 * @throws ClientError `logTableOutOfRange`
 */
export function whirParams(profile: SoundnessProfile, m: number): WhirParams {
  if (!(m >= MIN_LOG_TABLE && m <= MAX_LOG_TABLE))
    throw new ClientError(
      'logTableOutOfRange',
      `a tree has 2^${MIN_LOG_TABLE} to 2^${MAX_LOG_TABLE} entries, got ${m} variables`,
      { expected: [MIN_LOG_TABLE, MAX_LOG_TABLE], actual: m },
    );
  const logColumns = logColumnsOf(m);
  return chosenWhir(profile, PROFILES[profile].logInvRate, { logRows: m - logColumns, logColumns });
}

/**
 * log2 of the fewest and most rows and columns of a closing's table: within, every profile is reached and every code fits
 * the field's domain. Fewer columns are zero-padded.
 */
export const CLOSING_LOG_ROWS = { min: 6, max: 21 } as const;
export const CLOSING_LOG_COLUMNS = { min: 2, max: 10 } as const;

const isWithin = (n: number, { min, max }: { readonly min: number; readonly max: number }): boolean =>
  n >= min && n <= max;

/** Whether a closing's table may have this shape. */
export const isClosingShape = ({ logRows, logColumns }: TableShape): boolean =>
  isWithin(logRows, CLOSING_LOG_ROWS) &&
  isWithin(logColumns, CLOSING_LOG_COLUMNS) &&
  logRows + logColumns <= MAX_LOG_TABLE;

/** All shapes that a closing's table may have. */
export function* closingShapes(): Generator<TableShape> {
  for (let logRows = CLOSING_LOG_ROWS.min; logRows <= CLOSING_LOG_ROWS.max; logRows++)
    for (let logColumns = CLOSING_LOG_COLUMNS.min; logColumns <= CLOSING_LOG_COLUMNS.max; logColumns++)
      if (isClosingShape({ logRows, logColumns })) yield { logRows, logColumns };
}

/**
 * Parameters for a closing's table: 2^logColumns columns (empty ones included) of 2^logRows rows.
 * @throws ClientError `logTableOutOfRange`
 */
export function closingParams(profile: SoundnessProfile, table: TableShape): WhirParams {
  const { logRows, logColumns } = table;
  if (!isClosingShape(table))
    throw new ClientError('logTableOutOfRange', `no closing has 2^${logColumns} columns of 2^${logRows} rows`, {
      expected: [CLOSING_LOG_COLUMNS, CLOSING_LOG_ROWS],
      actual: [logColumns, logRows],
    });
  return chosenWhir(profile, PROFILES[profile].closingLogInvRate, table);
}

/** The search over radii takes longer than an opening's verification: done once for each of the few hundred tables. */
function chosenWhir(profile: SoundnessProfile, logInvRate: number, { logRows, logColumns }: TableShape): WhirParams {
  const key = `${profile}/${logInvRate}/${logRows}/${logColumns}`;
  const known = chosen.get(key);
  if (known !== undefined) return known;
  const goal = { ...PROFILES[profile], logInvRate };
  const params = chooseWhir(goal, { logRows, logColumns }, logSlotDegree(logRows + logColumns));
  chosen.set(key, params);
  return params;
}

const chosen = new Map<string, WhirParams>();
