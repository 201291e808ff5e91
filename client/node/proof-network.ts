/** Wires the proof network and synchronisation to a chain: what peers may ask, what comes of what they send. */

import type { Block, BlockBytes, BlockHeader } from '@ethereumjs/block';
import { createBlockFromBytesArray } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { checkTransactionShapes, decodeHeader } from '../execution/chain/block-codec.ts';
import { BlockError, reasonOf } from '../execution/chain/block-error.ts';
import { validateBody } from '../execution/chain/body-rules.ts';
import { validateHeader } from '../execution/chain/header-rules.ts';
import { chainSpecOf, type Network } from '../execution/chain/network.ts';
import { maxReceiptsBytes, validateReceipts } from '../execution/chain/receipts-rules.ts';
import type { ChainImporter, ImportResult } from '../execution/interface.ts';
import { validateSeal } from '../execution/sealing/turns.ts';
import { decodeStateDiff, maxStateDiffBytes } from '../execution/state/state-diff-codec.ts';
import { proofKey } from '../execution/store/blocks.ts';
import { chainData } from '../execution/store/chain-data.ts';
import type { ChainView } from '../execution/store/chain-view.ts';
import type { Store } from '../execution/store/store.ts';
import type { TransactionPool } from '../execution/txpool/pool.ts';
import { decodeWitness } from '../execution/witness/check.ts';
import type { Logger } from '../log.ts';
import { loadOrCreateKey } from '../p2p/host/key-file.ts';
import type { NetworkConfig, NetworkPorts, NetworkStatus, ProofNetwork } from '../p2p/interface.ts';
import { startProofNetwork } from '../p2p/network.ts';
import { describeProof } from '../p2p/proofs/descriptor.ts';
import { forkSchedule } from '../p2p/proofs/fork-hash.ts';
import { chainSpecHash } from '../prover/guest/chain-spec.ts';
import { decodeClaim } from '../prover/guest/claim.ts';
import type { Hash, VerifyResult } from '../prover/interface.ts';
import { tryDecodeProof } from '../prover/verifier/codec.ts';
import type { RevokedKeys } from '../prover/verifier/revoked-keys.ts';
import { checkRlpShape } from '../rlp-shape.ts';
import { bytesOf, hashOf, verifiedProof } from '../sync/block-data.ts';
import { ChainSync, type SyncModules } from '../sync/chain-sync.ts';
import { blockAnnouncement, gossipPorts } from '../sync/gossip.ts';
import type { SyncOptions, SyncStatus } from '../sync/interface.ts';
import { ChainServer } from '../sync/serve.ts';
import { UnprovenBlocks, type UnprovenModules } from '../sync/unproven.ts';
import { verifyOnce } from '../sync/verify-once.ts';
import type { Distrusted } from './distrusted-blocks.ts';
import { provenNumber } from './proven-number.ts';
import { poolPorts } from './transactions.ts';
import { TrimProcess } from './trim-process.ts';
import type { TrimRequest, TrimResult } from './trim-witness.ts';
import type { TrustedProofs } from './trusted-proofs.ts';

export type PeeringConfig = { readonly network: NetworkConfig; readonly sync: SyncOptions };

export type PeeringModules = {
  readonly network: Network;
  readonly store: Store;
  readonly view: ChainView;
  readonly importer: ChainImporter;
  readonly pool: TransactionPool;
  /** In a process of its own. */
  readonly verify: (
    proofType: number,
    proof: Uint8Array,
    expected: {
      readonly chainId: bigint;
      readonly chainSpecHash: Hash;
      readonly blockHash: Hash;
      readonly parentHash: Hash;
    },
  ) => Promise<VerifyResult>;
  /** stored proofs that count, and the types that this node takes */
  readonly proofs: TrustedProofs;
  readonly revoked: RevokedKeys;
  /** blocks that were imported by proofs of revoked keys */
  readonly distrusted: () => Distrusted | undefined;
  /** What a node that proves without executing adds; undefined: it executes, or does not prove. */
  readonly proving: ProvingPorts | undefined;
  /** A proof has come from a peer and is stored. */
  readonly onProof: (blockHash: Uint8Array) => void;
  readonly clientVersion: string;
  readonly log: Logger;
  readonly onImported: (block: Block, result: ImportResult) => void;
  readonly onError: (where: string, error: unknown) => void;
};

export type ProvingPorts = {
  /** There are blocks to prove that this node has not imported. */
  readonly onUnproven: (blocks: readonly { readonly hash: Uint8Array; readonly number: bigint }[]) => void;
};

/** A node among its peers. */
export type Peering = {
  /** Blocks ahead of the head that wait for a proof; undefined where blocks are executed. */
  readonly unproven: UnprovenBlocks | undefined;
  readonly network: ProofNetwork;
  readonly status: () => SyncStatus;
  /** The head has moved, whoever moved it. */
  readonly onHead: () => void;
  /** Tells peers of a transaction in the pool, for as long as it waits there. */
  readonly announceTransaction: (hash: Uint8Array) => void;
  /** Tells peers of a block that this node has sealed. */
  readonly announceBlock: (blockHash: Uint8Array) => Promise<void>;
  /** Tells peers of a proof that is stored. */
  readonly announceProof: (blockHash: Uint8Array, proofType: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

/**
 * Joins the network of a chain and follows it.
 * @throws ClientError for a port or key file that cannot be used
 */
export async function joinNetwork(config: PeeringConfig, modules: PeeringModules): Promise<Peering> {
  const { network, store, view, importer, proofs, revoked, log } = modules;
  const { proofTypes } = proofs;
  const data = { ...chainData(store), proof: (hash: Uint8Array, type: number) => proofs.get(hash, type) };
  const ending = new AbortController();
  const genesis = view.genesis().header;
  const { forks, daoForkBlock } = network.config;
  const activations = (by: 'block' | 'time'): bigint[] =>
    forks.filter((f) => f.by === by && f.name !== 'paris').map((f) => f.activation);
  const schedule = forkSchedule(
    { hash: network.genesisHash, timestamp: genesis.timestamp },
    [...activations('block'), ...(daoForkBlock === undefined ? [] : [daoForkBlock])],
    activations('time'),
  );
  const numberOf = (hash: Uint8Array): bigint | undefined => {
    const rlp = store.get('headers', hash);
    if (rlp === undefined) return undefined;
    const { number } = decodeHeader(network.common, rlp);
    return isSame(store.canonicalHash(number), hash) ? number : undefined;
  };
  /** Whether this node has made a proof: what it verified before it kept it. */
  const isOwn = (hash: Uint8Array, type: number): boolean => store.has('proofInfos', proofKey(hash, type));
  const proven = provenNumber(store, (hash) => proofs.isProven(hash));
  let verified = 0n;
  const readHeader = (rlp: Uint8Array) => {
    const header = decodeHeader(network.common, rlp);
    return { hash: header.hash(), parentHash: header.parentHash, number: header.number };
  };
  const specHashOf = (rlp: Uint8Array): Hash => chainSpecHash(chainSpecOf(network, decodeHeader(network.common, rlp)));

  const server = new ChainServer({
    data,
    canonicalNumber: numberOf,
    headNumber: () => importer.head().header.number,
    oldestBlock: () => 0n,
    proofTypes,
    describe: describeProof,
    codesOf: (hash) => codesOf(view, store.get('diffs', hash), hash),
    unstored: (kind, hash) => unproven?.kept(kind, hash),
  });

  let host: ProofNetwork | undefined;
  const joined = (): ProofNetwork => {
    if (host === undefined) throw new Error('the network is asked before it runs');
    return host;
  };
  const shared: Omit<SyncModules, 'network'> = {
    importer,
    canonicalHash: data.canonicalHash,
    isStored: (hash) => store.has('headers', hash),
    readHeader,
    assemble: (headerRlp, body) => assembleBlock(network, headerRlp, body),
    checkReceipts: (block, receipts) => validateReceipts(block.header, receipts),
    maxReceiptsBytes,
    checkDiffForm: (block, diff) => void decodeStateDiff(diff, block.header.gasUsed),
    maxDiffBytes: maxStateDiffBytes,
    verifyProof: verifyOnce(async (headerRlp, proofType, proof) => {
      verified++;
      const { hash, parentHash } = readHeader(headerRlp);
      return modules.verify(proofType, proof, {
        chainId: network.config.chainId,
        chainSpecHash: specHashOf(headerRlp),
        blockHash: hashOf(hash),
        parentHash: hashOf(parentHash),
      });
    }),
    acceptedProofTypes: proofTypes,
    provenNumber: proven,
    isProven: (hash) => proofs.isProven(hash),
    keepProof: async ({ blockHash, proofType, bytes }) => {
      await store.write(store.batch().put('proofs', proofKey(blockHash, proofType), bytes));
      modules.onProof(blockHash);
    },
    verifiedCount: () => verified,
    revocation: () => ({ revokedKeys: revoked.hashes, distrusted: modules.distrusted() }),
    ownProof: (hash, parentHash) => {
      for (const proofType of proofTypes) {
        const bytes = isOwn(bytesOf(hash), proofType) ? data.proof(bytesOf(hash), proofType) : undefined;
        if (bytes !== undefined) return verifiedProof({ hash, parentHash }, { proofType }, bytes);
      }
      return undefined;
    },
    onUnproven: (entries, from) => unproven?.offer(entries, from),
    onImported: (block, _, result) => {
      modules.onImported(block, result);
      const hash = block.hash();
      for (const type of proofTypes) {
        if (isOwn(hash, type)) {
          announceProof(hash, type).catch((error: unknown) => modules.onError('announcing a proof', error));
        }
      }
    },
    onError: modules.onError,
    now: Date.now,
  };
  const access: SyncModules['network'] = {
    peers: () => joined().peers(),
    headers: (range, o) => joined().headers(range, o),
    proof: (descriptor, o) => joined().proof(descriptor, o),
    blockData: (kind, hash, o) => joined().blockData(kind, hash, o),
    charge: (peer, fault) => joined().charge(peer, fault),
  };
  const trimmer = new TrimProcess(network);
  const unproven =
    config.sync.mode === 'full'
      ? undefined
      : unprovenBlocks(network, modules.proving, (request) => trimmer.trim(request), {
          ...{ network: access, blockData: shared, signal: ending.signal },
          headRlp: () => importer.head().header.serialize(),
        });
  const announceProof: Peering['announceProof'] = async (hash, proofType) => {
    const sealed = data.sealedHeader(hash);
    const descriptor = server.proofsOf(hash).find((d) => d.proofType === proofType);
    const bytes = data.proof(hash, proofType);
    // A block that was proven before it was imported is announced when it has been.
    if (sealed === undefined || descriptor === undefined || bytes === undefined) return sync.wake();
    const decoded = tryDecodeProof(bytes);
    if (!decoded.ok) throw new Error(`a stored proof does not decode: ${decoded.detail}`);
    const claim = decodeClaim(decoded.proof.claim);
    await joined().announceProof({ headerRlp: sealed.header, seal: sealed.seal, claim, proof: descriptor });
  };
  const sync: ChainSync = new ChainSync(config.sync, {
    ...shared,
    network: access,
  });
  const status = (): NetworkStatus => {
    const { header } = importer.head();
    return {
      genesisHash: network.genesisHash,
      forkHash: schedule.hashAt(header.number, header.timestamp),
      headHash: hashOf(header.hash()),
      headNumber: header.number,
      provenNumber: proven(),
      oldestBlock: 0n,
      oldestProof: 0n,
      acceptedProofTypes: proofTypes,
      agent: modules.clientVersion,
    };
  };
  const ports: NetworkPorts = {
    ...gossipPorts(config.sync.mode, {
      ...shared,
      network: joined,
      sync: () => sync,
      chainId: network.config.chainId,
      chainSpecHashOf: specHashOf,
      hasProof: (hash, type) => proofs.has(hash, type),
      revokedProofTypes: revoked.proofTypes,
      storeProof: async ({ claim, proof }, bytes) => {
        const blockHash = bytesOf(claim.blockHash);
        await store.write(store.batch().put('proofs', proofKey(blockHash, proof.proofType), bytes));
        modules.onProof(blockHash);
      },
      isProvable: (hash) =>
        (numberOf(hash) !== undefined || unproven?.has(hashOf(hash)) === true) && !proofs.isProven(hash),
      signal: ending.signal,
    }),
    ...poolPorts(modules.pool),
    status,
    forkHashes: schedule.hashes,
    forkHashOf: (rlp) => {
      const { number, timestamp } = decodeHeader(network.common, rlp);
      return schedule.hashAt(number, timestamp);
    },
    serve: server.ports(),
  };
  const { keyFile, ...options } = config.network;
  host = await startProofNetwork(options, { key: await loadOrCreateKey(keyFile), ports, log, now: Date.now });
  sync.start();

  return {
    network: host,
    status: () => sync.status(),
    onHead: () => joined().onHead(),
    announceTransaction: (hash) => joined().announceTransaction(hashOf(hash)),
    announceBlock: async (hash) => {
      const sealed = data.sealedHeader(hash);
      const body = data.body(hash);
      if (sealed === undefined || body === undefined) return;
      await joined().announceBlock(blockAnnouncement(sealed.header, sealed.seal, body));
    },
    announceProof,
    unproven,
    close: async () => {
      ending.abort();
      await Promise.all([sync.stop(), trimmer.close()]);
      await joined().stop();
    },
  };
}

/**
 * Blocks for a prover that executes nothing, by the rules of a chain.
 * @param trim away from this thread: witnesses are strangers' bytes
 */
export function unprovenBlocks(
  network: Network,
  proving: ProvingPorts | undefined,
  trim: (request: TrimRequest) => Promise<TrimResult>,
  modules: Pick<UnprovenModules, 'network' | 'blockData' | 'signal' | 'headRlp'>,
): UnprovenBlocks {
  const decode = (rlp: Uint8Array): BlockHeader => decodeHeader(network.common, rlp);
  return new UnprovenBlocks({
    ...modules,
    checkAfter: (headerRlp, seal, parentRlp) => {
      const [header, parent] = [decode(headerRlp), decode(parentRlp)];
      validateHeader(network.config, header, parent, parent.hash());
      validateSeal(network, header, parent, seal, Date.now());
    },
    trimWitness: async (block, witness, parent) => {
      const trimmed = await trim({ block: block.serialize(), parent, witness });
      return trimmed.ok ? { rlp: trimmed.witness, witness: decodeWitness(trimmed.witness) } : undefined;
    },
    onOffered: (blocks) => proving?.onUnproven(blocks.map(({ hash, number }) => ({ hash: bytesOf(hash), number }))),
  });
}

/** Lists in each other: transactions, ommers and withdrawals are lists of lists. */
const BODY_DEPTH = 3;

/**
 * The block of a header and a body that its roots commit to.
 * @param body rlp([transactions, ommers, withdrawals?])
 * @throws BlockError
 */
export function assembleBlock(network: Network, headerRlp: Uint8Array, body: Uint8Array): Block {
  const header = decodeHeader(network.common, headerRlp);
  let block: Block;
  try {
    checkRlpShape(body, BODY_DEPTH);
    const parts = RLP.decode(body);
    if (!Array.isArray(parts) || Buffer.compare(RLP.encode(parts), body) !== 0) throw new Error('not its one encoding');
    checkTransactionShapes(parts[0]);
    const values = [header.raw(), ...parts] as unknown as BlockBytes;
    block = createBlockFromBytesArray(values, { common: network.common, setHardfork: true });
  } catch (cause) {
    if (cause instanceof BlockError) throw cause;
    throw new BlockError('blockMalformed', `body does not decode: ${reasonOf(cause)}`, {}, { cause });
  }
  validateBody(network.config, block);
  return block;
}

/** rlp list of the codes that a block deployed; undefined where its diff is not there. */
function codesOf(view: ChainView, diff: Uint8Array | undefined, hash: Uint8Array): Uint8Array | undefined {
  const block = diff && view.blockByHash(hash);
  if (diff === undefined || block === undefined) return undefined;
  const { accounts } = decodeStateDiff(diff, block.header.gasUsed);
  return RLP.encode(accounts.flatMap(({ code }) => (code === undefined ? [] : [code])));
}

const isSame = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;
