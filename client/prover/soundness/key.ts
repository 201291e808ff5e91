import { type ArgumentShape, argumentRounds, type LogupGrinding, logupGrinding } from './argument.ts';
import type { TableShape } from './choose.ts';
import {
  closingParams,
  closingShapes,
  logSlotDegree,
  MAX_LOG_TABLE,
  MAX_SEGMENTS,
  MIN_LOG_TABLE,
  PROFILES,
  type SoundnessProfile,
  whirParams,
} from './profiles.ts';
import { type Round, roundBits, weakestRound } from './round.ts';
import { analyseWhir, whirRounds } from './whir.ts';

/**
 * Maxima that every machine of ours keeps, each with room: a key may allow less, never more.
 * - fractions: a segment of 2^26 cells has fewer than 2^27 messages; the counts of a global bus sum to less than P < 2^31
 *   over all segments, and padding at most doubles what is there.
 * - a Keccak-f call has 202 fields.
 */
export const LIMITS: ArgumentShape = {
  logLocalFractions: 28,
  logGlobalFractions: 32,
  maxTuple: 256,
  maxDegree: 8,
  maxSliceDegree: 8,
  maxConstraintsPerChip: 8192,
  maxInstances: 256,
  maxLogHeight: 24,
  maxSegments: MAX_SEGMENTS,
};

/**
 * The first maximum that a key, a segment or a block exceeds, if any. *Soundness*: the bits of a profile hold within the
 * limits only, so the verifier must reject what is beyond them before it computes.
 */
export function limitExceeded(actual: Partial<ArgumentShape>, limits: ArgumentShape = LIMITS): string | undefined {
  const names = Object.keys(limits) as (keyof ArgumentShape)[];
  return names.find((name) => !((actual[name] ?? 0) <= limits[name]));
}

const logSizeOf = ({ logRows, logColumns }: TableShape): number => logRows + logColumns;

/**
 * log2 of the largest list of what is committed before the global challenge, over all shapes of a profile's closings,
 * where they are analysed.
 */
function logLargestList(profile: SoundnessProfile): number {
  let largest = 0;
  for (const table of closingShapes()) {
    const m = logSizeOf(table);
    const [first] = analyseWhir(PROFILES[profile].regime, closingParams(profile, table), m, logSlotDegree(m));
    largest = Math.max(largest, first!.proximity.logListSize);
  }
  return largest;
}

/** Grinding before the local challenges of a segment and before the global challenge. */
export const profileGrinding = (profile: SoundnessProfile): LogupGrinding => PROFILES[profile].logup;

/** The least grinding that brings both sums to a profile's target; the profile states it, since this takes a while. */
export const neededGrinding = (profile: SoundnessProfile, shape: ArgumentShape = LIMITS): LogupGrinding =>
  logupGrinding(shape, PROFILES[profile].targetBits, logLargestList(profile));

/** Every challenge of a block proof under a profile, openings of all segments' trees and of all closings included. */
export function profileRounds(profile: SoundnessProfile, shape: ArgumentShape = LIMITS): Round[] {
  const logList = logLargestList(profile);
  const rounds = argumentRounds(shape, profileGrinding(profile), logList);
  for (let m = MIN_LOG_TABLE; m <= MAX_LOG_TABLE; m++)
    for (const r of whirRounds(PROFILES[profile].regime, whirParams(profile, m), m, logSlotDegree(m)))
      rounds.push({ ...r, name: `2^${m}.${r.name}` });
  for (const table of closingShapes()) {
    const m = logSizeOf(table);
    for (const r of whirRounds(PROFILES[profile].regime, closingParams(profile, table), m, logSlotDegree(m)))
      rounds.push({ ...r, name: `2^${table.logRows} × 2^${table.logColumns}.${r.name}` });
  }
  return rounds;
}

/** Whole bits of provable security of a block proof under a profile: what `securityBits` reports. */
export const profileBits = (profile: SoundnessProfile, shape: ArgumentShape = LIMITS): number =>
  Math.floor(roundBits(weakestRound(profileRounds(profile, shape))));
