/**
 * One verifier challenge of a protocol. The round-by-round error of a protocol is the largest error over its rounds,
 * each reduced by the grinding done directly before that challenge and by no other.
 */
export type Round = {
  /** Which challenge this is, e.g. `whir.fold[1][0]`. */
  readonly name: string;
  /** log2 of the probability that a false statement turns into one that may be accepted; without grinding. */
  readonly logError: number;
  /** Bits of grinding directly before the challenge. */
  readonly grindBits: number;
};

/** Security bits of one round. */
export const roundBits = (r: Round): number => r.grindBits - r.logError;

/** The round with the fewest bits. Assumes at least one round. */
export function weakestRound(rounds: readonly Round[]): Round {
  return rounds.reduce((a, b) => (roundBits(b) < roundBits(a) ? b : a));
}

/** Bits of a protocol: the minimum over its rounds. */
export const protocolBits = (rounds: readonly Round[]): number => roundBits(weakestRound(rounds));
