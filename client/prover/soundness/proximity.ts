import { log2Add } from './log2.ts';

/**
 * How far from the code a committed word may be. `unique`: less than half the minimum distance. `johnson`: below the
 * Johnson bound, where a word may be near several codewords. Nothing beyond is used: the conjectures up to capacity
 * are refuted (ePrint 2025/2010, 2025/2046, 2025/2055).
 */
export type Regime = 'unique' | 'johnson';

/** Reed–Solomon code of 2^logRows coefficients on 2^(logRows + logInvRate) points, logRows ≥ 1. */
export type CodeShape = { readonly logRows: number; readonly logInvRate: number };

/** What is known of a code, interleaved any number of times, at one proximity radius δ. */
export type Proximity = {
  /** log2(1 − δ): a word farther than δ from the code passes one query with less than this. */
  readonly logAgreement: number;
  /** log2 of the most codewords within δ of one word. */
  readonly logListSize: number;
  /**
   * log2 of the most challenges α for which (1 − α)·f0 + α·f1 agrees with a codeword on some set of a 1 − δ fraction
   * of the points on which f0 and f1 do not both agree with codewords (mutual correlated agreement).
   */
  readonly logExceptional: number;
};

/** The smallest multiplicity for which BCHKS25, Theorem 4.6, is stated. */
export const MIN_MULTIPLICITY = 3;

/**
 * `unique`: δ = (1 − ρ)/2 − 1/n. At most n exceptional challenges: correlated agreement is ePrint 2020/654, Theorem
 * 4.1, and below half the minimum distance it is mutual (ePrint 2024/1586, Lemma 4.10).
 */
export function uniqueProximity({ logRows, logInvRate }: CodeShape): Proximity {
  const length = 2 ** (logRows + logInvRate);
  const delta = (1 - 2 ** -logInvRate) / 2 - 1 / length;
  return { logAgreement: Math.log2(1 - delta), logListSize: 0, logExceptional: logRows + logInvRate };
}

/**
 * `johnson`: δ = 1 − √ρ·(1 + 1/multiplicity) for ρ = (2^logRows − 1)/n, the rate of the source, whose code has one
 * coefficient more than its degree parameter. Undefined where this is not positive.
 *
 * Exceptional challenges: ePrint 2025/2055, Theorem 4.6, for lines, with m = ⌈√ρ/η⌉ as printed there; the authors
 * have called the missing factor 2 (m = ⌈√ρ/2η⌉, as in Theorem 1.5) a misprint, which would only lower the bound.
 * List size: counting pairs of codewords, which agree on at most ρ·n points, needs no property of the alphabet and so
 * holds for interleaved words: L·(A² − ρ) ≤ A − ρ for agreement A = 1 − δ (`docs/protocol.md`, "Lists").
 */
export function johnsonProximity({ logRows, logInvRate }: CodeShape, multiplicity: number): Proximity | undefined {
  const length = 2 ** (logRows + logInvRate);
  const rho = (2 ** logRows - 1) / length;
  const root = Math.sqrt(rho);
  const agreement = root * (1 + 1 / multiplicity);
  if (agreement >= 1) return undefined;
  const half = multiplicity + 0.5;
  const perPoint = (2 * half ** 5 + 3 * half * (1 - agreement) * rho) / (3 * rho * root);
  return {
    logAgreement: Math.log2(agreement),
    logListSize: Math.max(0, Math.log2((agreement - rho) / (agreement * agreement - rho))),
    logExceptional: log2Add(Math.log2(perPoint) + logRows + logInvRate, Math.log2(half / root)),
  };
}
