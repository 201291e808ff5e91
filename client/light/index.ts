/** `zkl1-node/client`: proofs of blocks from any node, checked where this runs; Node or browser. */
export { ClientError } from '../errors.ts';
export type { BlockClaim, Hash, ProfileId } from '../prover/interface.ts';
export { type Backing, fetchBlockProof, type ProofRequest, type VerifiedBlock, verifyProof } from './block-proof.ts';
export { type TrustedChain, trustedChain } from './chain.ts';
export { LightError, type LightErrorCode } from './errors.ts';
export { type FollowOptions, followProofs } from './follow.ts';
export type { LightHeader } from './header.ts';
export type { KnownChain } from './known-chains.ts';
export { type ProofSignals, proofSignals, type SignalOptions, type SignalSocket } from './proof-signals.ts';
export type { Endpoint } from './transport.ts';
