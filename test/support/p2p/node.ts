/** A real network node over a toy chain: what it holds, it serves; what it is told, it judges by the toy's rules. */
import type { TestContext } from 'node:test';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { createLogger, type Logger } from '../../../client/log.ts';
import type {
  BlockAnnouncement,
  HeaderRange,
  NetworkConfig,
  NetworkPorts,
  ProofNetwork,
  Served,
} from '../../../client/p2p/interface.ts';
import { type NetworkTuning, startProofNetwork } from '../../../client/p2p/network.ts';
import { ANNOUNCEMENT_LIMITS } from '../../../client/p2p/proofs/announcements.ts';
import { hex } from '../../../client/p2p/proofs/messages.ts';
import type { Hash } from '../../../client/prover/interface.ts';
import { PROOF_TYPE, recordOf, sealOf, type ToyBlock } from './chain.ts';

export const FORK = 'aabbccdd';
export const NEXT_FORK = '11223344';
export const FAST: Partial<NetworkTuning> = {
  tickMs: 100,
  heartbeatMs: 100,
  timing: { answerMs: 1000, leastRate: 64 * 1024 },
  limits: { ...ANNOUNCEMENT_LIMITS, fetchMs: 2000, totalMs: 10_000 },
};

export type TestNode = {
  readonly network: ProofNetwork;
  readonly address: string;
  /** blocks of which this node holds header, body and, where listed below, a proof */
  readonly blocks: Map<Hash, ToyBlock>;
  readonly proven: Set<Hash>;
  readonly seenBlocks: BlockAnnouncement[];
  verifications: number;
};

/**
 * @param known the canonical blocks; a node knows their headers and judges others by the toy's seal
 * @param overrides of single ports
 */
export async function testNode(
  t: TestContext,
  known: readonly ToyBlock[],
  o: {
    readonly holds?: readonly ToyBlock[];
    readonly proven?: readonly ToyBlock[];
    readonly bootnodes?: readonly string[];
    readonly config?: Partial<NetworkConfig>;
    readonly tuning?: Partial<NetworkTuning>;
    readonly ports?: Partial<NetworkPorts>;
    readonly log?: Logger;
  } = {},
): Promise<TestNode> {
  const blocks = new Map((o.holds ?? []).map((block) => [block.hash, block]));
  const proven = new Set((o.proven ?? []).map(({ hash }) => hash));
  const seenBlocks: BlockAnnouncement[] = [];
  const byHash = new Map(known.map((block) => [block.hash, block]));
  const genesis = known[0]!;
  const head = (): ToyBlock => [...blocks.values()].reduce((a, b) => (b.number > a.number ? b : a), genesis);
  const range = (bytes: Uint8Array | undefined, offset: number, length: number): Served =>
    bytes === undefined ? 'unknown' : { totalBytes: bytes.length, bytes: bytes.subarray(offset, offset + length) };
  const ports: NetworkPorts = {
    status: () => ({
      genesisHash: genesis.hash,
      forkHash: FORK,
      headHash: head().hash,
      headNumber: head().number,
      provenNumber: BigInt(Math.max(0, proven.size - 1)),
      oldestBlock: 0n,
      oldestProof: 0n,
      acceptedProofTypes: [PROOF_TYPE],
      agent: 'test',
    }),
    forkHashes: [FORK, NEXT_FORK],
    forkHashOf: () => FORK,
    judgeHeader: async ({ headerRlp, seal }) =>
      Buffer.compare(sealOf(hex(keccak_256(headerRlp))), seal) === 0
        ? { verdict: 'accept' }
        : { verdict: 'reject', code: 'sealInvalid', fault: 'invalidSeal' },
    judgeBody: async ({ headerRlp }, body) =>
      Buffer.compare(byHash.get(hex(keccak_256(headerRlp)))?.body ?? new Uint8Array(0), body) === 0
        ? { verdict: 'accept' }
        : { verdict: 'reject', code: 'transactionsRootMismatch' },
    wantsProof: async ({ claim }) =>
      proven.has(claim.blockHash) ? { verdict: 'ignore', code: 'held' } : { verdict: 'accept' },
    verifyProof: async ({ claim }, proof) => {
      node.verifications++;
      return Buffer.compare(byHash.get(claim.blockHash)?.proof ?? new Uint8Array(0), proof) === 0
        ? { verdict: 'accept' }
        : { verdict: 'reject', code: 'sumcheckFailed' };
    },
    adoptProof: async ({ claim }) => {
      const block = byHash.get(claim.blockHash);
      if (block !== undefined) blocks.set(block.hash, block);
      proven.add(claim.blockHash);
      return { verdict: 'accept' };
    },
    onBlock: (block) => {
      seenBlocks.push(block);
    },
    onOrphan: () => false,
    onPeerHead: () => {},
    hasTransaction: () => false,
    takeTransaction: async () => ({ verdict: 'ignore', code: 'noPool' }),
    waitingTransaction: () => undefined,
    isProvable: (hash) => byHash.has(hash) && !proven.has(hash),
    serve: {
      headers: async ({ from, count }: HeaderRange) => {
        const first = known.findIndex((block) =>
          typeof from === 'string' ? block.hash === from : block.number === from,
        );
        if (first < 0) return [];
        return known
          .slice(first, first + count)
          .filter(({ hash }) => blocks.has(hash))
          .map((block) => ({ ...recordOf(block), proofs: proven.has(block.hash) ? [block.descriptor] : [] }));
      },
      proof: async (proofHash, { offset, length }) => {
        const block = known.find(({ descriptor }) => descriptor.proofHash === proofHash);
        return range(block !== undefined && proven.has(block.hash) ? block.proof : undefined, offset, length);
      },
      blockData: async (kind, hash, { offset, length }) =>
        range(kind === 'body' ? blocks.get(hash)?.body : undefined, offset, length),
    },
    ...o.ports,
  };
  const network = await startProofNetwork(
    {
      address: '127.0.0.1',
      port: 0,
      announce: [],
      bootnodes: o.bootnodes ?? [],
      maxPeers: 20,
      ...o.config,
    },
    { key: await generateKeyPair('Ed25519'), ports, log: o.log ?? createLogger('silent'), now: Date.now },
    { ...FAST, ...o.tuning },
  );
  t.after(() => network.stop());
  const node: TestNode = { network, address: network.addresses()[0]!, blocks, proven, seenBlocks, verifications: 0 };
  return node;
}
