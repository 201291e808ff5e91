import { CHALLENGE_BITS } from './log2.ts';
import { type Round, roundBits } from './round.ts';

/** What the accounting needs to know of a key: maxima over everything that the key allows. */
export type ArgumentShape = {
  /** log2 of the fractions of one segment's local sum, padding included. */
  readonly logLocalFractions: number;
  /** log2 of the fractions of all global sums of a block together, padding included. */
  readonly logGlobalFractions: number;
  /** Highest power of β in a message plus one: the longest message, bus id included. */
  readonly maxTuple: number;
  /** Largest degree of a constraint or of a message's fields and count. */
  readonly maxDegree: number;
  /** Largest degree of an expression about a slice of lanes, in the values that it reads. */
  readonly maxSliceDegree: number;
  readonly maxConstraintsPerChip: number;
  readonly maxInstances: number;
  readonly maxLogHeight: number;
  /** Most segments of a block. */
  readonly maxSegments: number;
};

/** Bits ground before the challenges of the local sum, and before the global challenge of the block. */
export type LogupGrinding = { readonly local: number; readonly global: number };

/** log2 of `numerator` / |E|. */
const over = (numerator: number): number => Math.log2(numerator) - CHALLENGE_BITS;

/** Degree in Z of a column: the zerocheck's first round works over a subgroup of 16 elements (`poly/interpolate.ts`). */
export const SKIP_DEGREE = 15;

/** Claims about fractions that a challenge joins: numerators and denominators of both sums. */
const FRACTION_CLAIMS = 4;

/** Collisions of BLAKE3's 256-bit digests; also the bound on what its keyed state gives to Fiat–Shamir. */
const HASH: Round = { name: 'hash', logError: -128, grindBits: 0 };

/**
 * Challenges before the opening.
 *
 * LogUp (ePrint 2022/1530; 2023/1284): N fractions with denominators α + Σ β^k t_k have a common numerator of total
 * degree below N · maxTuple in (α, β), which is not zero unless the messages balance. The out-of-domain samples leave
 * one table per commitment; the list of the interface commitment is charged all the same, for the global sum is over
 * all segments of the block and its challenge is drawn once.
 * @param logInterfaceList log2 of the list size of the interface commitment
 */
export function argumentRounds(shape: ArgumentShape, grind: LogupGrinding, logInterfaceList: number): Round[] {
  const round = (name: string, logError: number, grindBits = 0): Round => ({ name, logError, grindBits });
  const tuple = Math.log2(shape.maxTuple);
  return [
    round('logup.local', shape.logLocalFractions + tuple - CHALLENGE_BITS, grind.local),
    round('logup.global', shape.logGlobalFractions + tuple + logInterfaceList - CHALLENGE_BITS, grind.global),
    round('gkr.lambda', over(FRACTION_CLAIMS - 1)),
    round('gkr.sumcheck', over(2)),
    round('gkr.merge', over(1)),
    round('zerocheck.point', over(shape.maxLogHeight)),
    round('zerocheck.lambda', over(Math.max(1, shape.maxConstraintsPerChip - 1))),
    round('zerocheck.mu', over(FRACTION_CLAIMS + shape.maxInstances - 1)),
    round('zerocheck.skip', over(SKIP_DEGREE * (shape.maxDegree + 1))),
    round('zerocheck.sumcheck', over(shape.maxDegree + 1)),
    round('slices.sumcheck', over(shape.maxSliceDegree + 1)),
    HASH,
  ];
}

/** Least grinding that brings both sums to `targetBits`. */
export function logupGrinding(shape: ArgumentShape, targetBits: number, logInterfaceList: number): LogupGrinding {
  const rounds = argumentRounds(shape, { local: 0, global: 0 }, logInterfaceList);
  const missing = (name: string): number => {
    const round = rounds.find((r) => r.name === name)!;
    return Math.max(0, Math.ceil(targetBits - roundBits(round)));
  };
  return { local: missing('logup.local'), global: missing('logup.global') };
}
