import { P } from '../field/fp.ts';

/** log2(2^a + 2^b); −Infinity stands for 0. */
export function log2Add(a: number, b: number): number {
  const high = Math.max(a, b);
  if (high === Number.NEGATIVE_INFINITY) return high;
  return high + Math.log2(1 + 2 ** (Math.min(a, b) - high));
}

/** log2 of the sum of the 2^x. */
export const log2Sum = (xs: readonly number[]): number => xs.reduce(log2Add, Number.NEGATIVE_INFINITY);

/**
 * A challenge's min-entropy in bits: −log2 of the largest probability that one element of E is sampled with. Each of
 * the five coordinates is a uniform 48-bit number mod P, so no value is likelier than (1 + P/2^48)/P; the bias costs
 * less than 10^-4 bits.
 */
export const CHALLENGE_BITS = 5 * (Math.log2(P) - Math.log2(1 + P / 2 ** 48));
