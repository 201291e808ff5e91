/** Names and limits of the request protocols and topics: one table for both sides. */
import type { Hash } from '../../prover/interface.ts';
import {
  MAX_BLOCK_ANNOUNCEMENT_BYTES,
  MAX_PROOF_ANNOUNCEMENT_BYTES,
  MAX_PROVING_CLAIM_BYTES,
  MAX_TRANSACTIONS_BYTES,
} from './messages.ts';

const PROTOCOLS = ['status', 'headers', 'data', 'peers'] as const;
export type ProtocolName = (typeof PROTOCOLS)[number];

/** `/zkl1/<first 8 hex of the genesis hash>/<name>/1/ssz`: nodes of another chain share no protocol. */
export function protocolId(genesisHash: Hash, name: ProtocolName): string {
  return `/zkl1/${genesisHash.slice(2, 10)}/${name}/1/ssz`;
}

/** Streams of one protocol that one peer may hold open at this node. */
export const MAX_STREAMS_PER_PEER: Readonly<Record<ProtocolName, number>> = {
  status: 2,
  headers: 4,
  data: 8,
  peers: 1,
};
/** Requests of all peers that are served at a time; more are refused as busy, but for the first of each peer. */
export const MAX_SERVED_AT_ONCE = 128;
/** Bytes of headers after which an answer ends, though more were asked for. */
export const MAX_HEADERS_ANSWER_BYTES = 2 * 1024 * 1024;

export type Timing = {
  /** grace before the least rate counts: for a request to arrive, an answer to begin; milliseconds */
  readonly answerMs: number;
  /** the least rate at which an answer must arrive or be read, in bytes per second */
  readonly leastRate: number;
};
export const TIMING: Timing = { answerMs: 10_000, leastRate: 64 * 1024 };

export const TOPIC_BYTES = {
  execution_proof: MAX_PROOF_ANNOUNCEMENT_BYTES,
  block: MAX_BLOCK_ANNOUNCEMENT_BYTES,
  proving_claim: MAX_PROVING_CLAIM_BYTES,
  transactions: MAX_TRANSACTIONS_BYTES,
} as const;
export type TopicName = keyof typeof TOPIC_BYTES;
export const TOPICS = Object.keys(TOPIC_BYTES) as readonly TopicName[];

/** @param forkHash EIP-2124, 8 hex digits */
export function topicId(genesisHash: Hash, forkHash: string, name: TopicName): string {
  return `/zkl1/${genesisHash.slice(2, 10)}/${forkHash}/${name}/ssz_snappy`;
}
