import { FIELD_BITS, type RoundError } from './error.ts';

/** What the accounting needs to know of a key; maxima over everything that the key allows. */
export type ArgumentShape = {
  /** log2 of the number of fractions of one segment's local sum. */
  readonly logLocalFractions: number;
  /** log2 of the number of fractions of all global sums of a block together. */
  readonly logGlobalFractions: number;
  /** Longest message, bus id included. */
  readonly maxTuple: number;
  readonly maxDegree: number;
  readonly maxConstraintsPerChip: number;
  readonly maxInstances: number;
  readonly maxLogHeight: number;
  /** Largest exponent of the opening's batching challenge. */
  readonly maxBatchExponent: number;
  /** Largest number of segments whose claims one closing opens together. */
  readonly maxSegments: number;
};

/** log2 of the size of the subgroup that the zerocheck's first round works over, as in `poly/interpolate.ts`. */
const SKIP_DEGREE = 15;

const over = (numerator: number): number => Math.log2(numerator) - FIELD_BITS;

/**
 * Errors of the rounds before the opening.
 *
 * LogUp (ePrint 2022/1530, Lemma 5; 2023/1284): the common numerator of N fractions with denominators
 * α + Σ β^k t_k is a polynomial of total degree below N · maxTuple in (α, β). After the out-of-domain samples the
 * main commitment stands for one table; the interface commitment's list still counts for the global sum.
 */
export function argumentErrors(
  shape: ArgumentShape,
  grind: { readonly local: number; readonly global: number },
  listSize: { readonly main: number; readonly interface: number },
): RoundError[] {
  const tuple = Math.log2(shape.maxTuple);
  const gkrRounds = Math.max(shape.logLocalFractions, shape.logGlobalFractions);
  return [
    {
      round: 'logup local',
      termsLog2: [shape.logLocalFractions + tuple - FIELD_BITS],
      grindBits: grind.local,
    },
    {
      round: 'logup global',
      termsLog2: [shape.logGlobalFractions + tuple + Math.log2(listSize.interface) - FIELD_BITS],
      grindBits: grind.global,
    },
    { round: `gkr layers (${gkrRounds})`, termsLog2: [over(3)], grindBits: 0 },
    { round: 'zerocheck lambda', termsLog2: [over(shape.maxConstraintsPerChip)], grindBits: 0 },
    { round: 'zerocheck mu', termsLog2: [over(5 * shape.maxInstances)], grindBits: 0 },
    { round: 'zerocheck point', termsLog2: [over(shape.maxLogHeight)], grindBits: 0 },
    { round: 'zerocheck skip', termsLog2: [over(SKIP_DEGREE * (shape.maxDegree + 1))], grindBits: 0 },
    { round: 'zerocheck rounds', termsLog2: [over(shape.maxDegree + 1)], grindBits: 0 },
    {
      round: 'opening batch',
      termsLog2: [over(shape.maxBatchExponent) + Math.log2(listSize.main)],
      grindBits: 0,
    },
    {
      round: 'closing batch',
      termsLog2: [over(shape.maxBatchExponent + shape.maxSegments) + Math.log2(listSize.interface)],
      grindBits: 0,
    },
    { round: 'hash collision', termsLog2: [-128], grindBits: 0 },
  ];
}
