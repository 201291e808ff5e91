/** Proofs of blocks that are stored already: those whose announcement this node has missed. */
import type { VerifiedProof } from '../execution/interface.ts';
import type { ProofNetwork } from '../p2p/interface.ts';
import { type BlockDataModules, hashOf, obtainProof } from './block-data.ts';

export type MissingProofsModules = BlockDataModules & {
  readonly network: Pick<ProofNetwork, 'peers' | 'headers' | 'proof' | 'blockData' | 'charge'>;
  readonly canonicalHash: (number: bigint) => Uint8Array | undefined;
  /** @throws ClientError `blockMalformed` */
  readonly readHeader: (rlp: Uint8Array) => {
    readonly hash: Uint8Array;
    readonly parentHash: Uint8Array;
    readonly number: bigint;
  };
  /** The highest canonical block up to which all are proven. */
  readonly provenNumber: () => bigint;
  /** Whether any accepted proof of a block is stored. */
  readonly isProven: (blockHash: Uint8Array) => boolean;
  /** Keeps a verified proof of a stored block. */
  readonly keepProof: (proof: VerifiedProof) => Promise<void>;
};

/** Each costs a verification; a node at the head looks for blocks first. */
const BLOCKS_AT_ONCE = 8;

/**
 * Fetches proofs of the lowest unproven blocks from a peer that has got further: a node that was away when they were
 * announced would otherwise never have them, and a sealer would wait for them without end.
 * @returns whether one was stored
 */
export async function fetchMissingProofs(modules: MissingProofsModules, signal: AbortSignal): Promise<boolean> {
  const { network, canonicalHash, readHeader, provenNumber, isProven, keepProof } = modules;
  const first = provenNumber() + 1n;
  if (canonicalHash(first) === undefined) return false;
  for (const peer of network.peers()) {
    if (peer.status === undefined || peer.status.provenNumber < first) continue;
    const answer = await network.headers({ from: first, count: BLOCKS_AT_ONCE }, { signal, peer: peer.id });
    if (!answer.ok) continue;
    let isAny = false;
    for (const record of answer.value) {
      const { hash, parentHash, number } = readHeader(record.headerRlp);
      const own = canonicalHash(number);
      if (own === undefined || Buffer.compare(own, hash) !== 0) break;
      if (isProven(hash)) continue;
      const named = { ...record, hash: hashOf(hash), parentHash };
      const proof = await obtainProof(modules, named, peer.id, { signal, prefer: [peer.id] });
      if (!proof.ok || signal.aborted) break;
      await keepProof(proof.value);
      isAny = true;
    }
    if (isAny) return true;
  }
  return false;
}
