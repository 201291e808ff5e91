/** Proofs of blocks that are stored already: those whose announcement this node has missed. */
import type { VerifiedProof } from '../execution/interface.ts';
import type { ProofNetwork } from '../p2p/interface.ts';
import { type BlockDataModules, bytesOf, obtainProof } from './block-data.ts';
import { type NamedBlockModules, readNamed } from './named-blocks.ts';

export type MissingProofsModules = BlockDataModules &
  NamedBlockModules & {
    readonly network: Pick<ProofNetwork, 'peers' | 'headers' | 'proof' | 'blockData' | 'charge'>;
    readonly canonicalHash: (number: bigint) => Uint8Array | undefined;
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
  const { network, canonicalHash, provenNumber, isProven, keepProof } = modules;
  const first = provenNumber() + 1n;
  if (canonicalHash(first) === undefined) return false;
  for (const peer of network.peers()) {
    if (peer.status === undefined || peer.status.provenNumber < first) continue;
    const answer = await network.headers({ from: first, count: BLOCKS_AT_ONCE }, { signal, peer: peer.id });
    if (!answer.ok) continue;
    let isAny = false;
    for (const named of readNamed(modules, answer.value, peer.id) ?? []) {
      const hash = bytesOf(named.hash);
      const own = canonicalHash(named.number);
      if (own === undefined || Buffer.compare(own, hash) !== 0) break;
      if (isProven(hash)) continue;
      const proof = await obtainProof(modules, named, peer.id, { signal, prefer: [peer.id] });
      if (!proof.ok || signal.aborted) break;
      await keepProof(proof.value);
      isAny = true;
    }
    if (isAny) return true;
  }
  return false;
}
