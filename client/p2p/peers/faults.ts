/**
 * What a peer can do wrong, and what it costs. A peer at -100 points is dropped and banned; points are forgiven with
 * time. What an honest peer never does costs everything at once; what slow networks, restarts and races do to honest
 * peers costs little. Numbers lie a little above 100/2, 100/4, 100/5, since points heal between two faults.
 */
export const FAULT_POINTS = {
  /** a proof that does not verify */
  invalidProof: 100,
  /** a header that breaks a rule of its own, or is not the child of its parent */
  invalidHeader: 100,
  invalidSeal: 100,
  /** a body that does not have its header's roots */
  invalidBody: 100,
  /** a state diff that is not canonical or gives another root */
  invalidDiff: 100,
  /** bytes other than those that were asked for */
  wrongBytes: 100,
  /** data after the end, or of another range */
  unrequestedData: 55,
  malformedMessage: 55,
  /** a transaction that breaks a rule of its own: no node of this chain takes or forwards it */
  invalidTransaction: 55,
  /** an answer or object beyond its cap */
  oversizedMessage: 55,
  /** another genesis, or none of our protocols */
  foreignChain: 100,
  /** a proof under a key that this node's operator has revoked: whoever has not been told yet has some minutes for it */
  revokedKey: 28,
  unknownFork: 28,
  /** a header or claim too far in the future */
  farFuture: 28,
  /** announced what it did not serve in time */
  withheldData: 22,
  /** an answer slower than the least rate */
  slowResponse: 22,
  /** an answer that ended early */
  truncatedResponse: 10,
  tooManyMessages: 5,
  tooManyRequests: 5,
} as const;
export type Fault = keyof typeof FAULT_POINTS;

/** At this many points below zero a peer is dropped. */
export const BAN_POINTS = 100;
