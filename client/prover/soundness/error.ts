import { P } from '../field/fp.ts';

/** log2 |E|, rounded down to a thousandth. */
export const FIELD_BITS = Math.floor(5 * Math.log2(P) * 1000) / 1000;

/**
 * The error of one round: the probability that a cheating prover gets past it, before grinding, as log2 terms that
 * are added, and the grinding that a prover must redo for each attempt at this round.
 */
export type RoundError = { readonly round: string; readonly termsLog2: readonly number[]; readonly grindBits: number };

/** Bits of security of one round: −log2 of the sum of its terms, plus its own grinding. */
export function roundBits(error: RoundError): number {
  const largest = Math.max(...error.termsLog2);
  const sum = error.termsLog2.reduce((acc, t) => acc + 2 ** (t - largest), 0);
  return -(largest + Math.log2(sum)) + error.grindBits;
}

/** Round-by-round security: the weakest round. */
export function securityBits(errors: readonly RoundError[]): number {
  return Math.min(...errors.map(roundBits));
}
