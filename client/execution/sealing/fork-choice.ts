/** What is compared of two heads: the higher one, then the one sealed in turn, then the one with the lower hash. */
export type Candidate = {
  readonly number: bigint;
  readonly isInTurn: boolean;
  readonly hash: Uint8Array;
};

/** Whether `a` is preferred over `b`: a strict order over heads of different hashes, the same on every node. */
export function isPreferred(a: Candidate, b: Candidate): boolean {
  if (a.number !== b.number) return a.number > b.number;
  if (a.isInTurn !== b.isInTurn) return a.isInTurn;
  return Buffer.compare(a.hash, b.hash) < 0;
}
