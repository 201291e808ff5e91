/**
 * A sealer that seals many blocks at one height and shows them to each node in another order: nodes with stores, rules,
 * gossip's judgements and synchronisation of their own, and a network that is a function call.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { RLP } from '@ethereumjs/rlp';
import { decodeHeader } from '../../../client/execution/chain/block-codec.ts';
import { maxReceiptsBytes, validateReceipts } from '../../../client/execution/chain/receipts-rules.ts';
import type { ChainData } from '../../../client/execution/interface.ts';
import { decodeStateDiff, maxStateDiffBytes } from '../../../client/execution/state/state-diff-codec.ts';
import { proofKey } from '../../../client/execution/store/blocks.ts';
import { chainData } from '../../../client/execution/store/chain-data.ts';
import type { Importer } from '../../../client/execution/store/importer.ts';
import type { Store } from '../../../client/execution/store/store.ts';
import { assembleBlock } from '../../../client/node/proof-network.ts';
import { provenNumber } from '../../../client/node/proven-number.ts';
import type { NetworkStatus, ProofAnnouncement, ProofNetwork } from '../../../client/p2p/interface.ts';
import { describeProof } from '../../../client/p2p/proofs/descriptor.ts';
import type { Hash } from '../../../client/prover/interface.ts';
import { bytesOf, hashOf } from '../../../client/sync/block-data.ts';
import { ChainSync, type SyncModules } from '../../../client/sync/chain-sync.ts';
import { blockAnnouncement, gossipPorts } from '../../../client/sync/gossip.ts';
import { DEFAULT_SYNC, type SyncMode } from '../../../client/sync/interface.ts';
import { ChainServer } from '../../../client/sync/serve.ts';
import { seededRandom } from '../../support/random.ts';
import { type BuiltBlock, SealedChain } from '../../support/sealed-chain.ts';
import { storedChain } from '../../support/stored-chain.ts';

const NODES = 4;
const SIBLINGS = 12;
/** of one sealer at one height, for themselves */
const BOUND = 2;
const PROOF_TYPE = 1;
const ZERO: Hash = `0x${'00'.repeat(32)}`;

type Served = { readonly body: Uint8Array; readonly receipts: Uint8Array; readonly stateDiff: Uint8Array };
type Node = {
  readonly id: string;
  readonly importer: Importer;
  readonly store: Store;
  readonly data: ChainData;
  readonly server: ChainServer;
  readonly sync: ChainSync;
  /** What gossip does with an announcement of a block, or of its proof; the verdict. */
  readonly hear: (told: BuiltBlock) => Promise<string>;
  readonly errors: readonly string[];
  readonly charged: readonly string[];
  readonly verified: () => number;
};

const encodeBody = (block: BuiltBlock['block']): Uint8Array => RLP.encode(block.raw().slice(1) as never);

const chain = await SealedChain.create(2);
const { network } = chain.genesis;
/** The turn of height 1 is the second sealer's: it makes all of these. */
const siblings: BuiltBlock[] = [];
for (let extra = 0; extra < SIBLINGS; extra++) siblings.push(await chain.build(chain.genesis.block, { extra }));

/** @param served what somebody outside serves, by block @param nodes all nodes, this one too once it is made */
async function createNode(
  t: TestContext,
  id: string,
  mode: SyncMode,
  served: ReadonlyMap<Hash, BuiltBlock>,
  nodes: readonly Node[],
): Promise<Node> {
  const { importer, store, view } = await storedChain(t, chain.genesis);
  const data = chainData(store);
  const stop = new AbortController();
  const errors: string[] = [];
  const charged: string[] = [];
  let verified = 0;
  const readHeader = (rlp: Uint8Array) => {
    const header = decodeHeader(network.common, rlp);
    return { hash: header.hash(), parentHash: header.parentHash, number: header.number };
  };
  const isProven = (hash: Uint8Array): boolean => store.has('proofs', proofKey(hash, PROOF_TYPE));
  const server = new ChainServer({
    data,
    canonicalNumber: (hash) => {
      const block = view.blockByHash(hash);
      return block !== undefined && view.isCanonical(block) ? block.header.number : undefined;
    },
    headNumber: () => importer.head().header.number,
    oldestBlock: () => 0n,
    proofTypes: [PROOF_TYPE],
    describe: describeProof,
    codesOf: () => undefined,
    unstored: () => undefined,
  });
  const others = (): readonly Node[] => nodes.filter((node) => node.id !== id);
  const objectOf = (kind: string, hash: Hash): Uint8Array | undefined => {
    const built = served.get(hash);
    if (built !== undefined) {
      const { receipts, stateDiff } = built.proven;
      return { body: encodeBody(built.block), receipts, stateDiff }[kind as keyof Served];
    }
    return others()
      .map((node) => node.data[kind as keyof Served](bytesOf(hash)))
      .find((bytes) => bytes !== undefined);
  };
  const net: SyncModules['network'] = {
    peers: () =>
      others().map(({ id, importer }) => {
        const head = importer.head();
        const status = { headHash: hashOf(head.hash()), headNumber: head.header.number, provenNumber: 0n };
        return { id, addresses: [], direction: 'outbound', status: status as NetworkStatus, score: 0, faults: {} };
      }),
    headers: async (range, { peer }) => {
      const value = await nodes
        .find((node) => node.id === peer)!
        .server.ports()
        .headers(range);
      return value.length === 0 ? { ok: false, code: 'unknown' } : { ok: true, value };
    },
    proof: async ({ proofHash }) => {
      const all = [...siblings, ...built].find(({ proven }) => nameOf(proven.proof.bytes) === proofHash);
      return all === undefined ? { ok: false, code: 'unavailable' } : { ok: true, value: all.proven.proof.bytes };
    },
    blockData: async (kind, hash, { check }) => {
      const bytes = objectOf(kind, hash);
      return bytes !== undefined && (await check(bytes))
        ? { ok: true, value: bytes, servers: ['a'] }
        : { ok: false, code: 'unavailable' };
    },
    charge: (peer, fault) => charged.push(`${peer} ${fault}`),
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
    verifyProof: async () => {
      verified++;
      return { ok: true } as never;
    },
    acceptedProofTypes: [PROOF_TYPE],
    provenNumber: provenNumber(store, isProven),
    isProven,
    revocation: () => ({ revokedKeys: [], distrusted: undefined }),
    keepProof: async () => {},
    verifiedCount: () => BigInt(verified),
    ownProof: () => undefined,
    onUnproven: () => {},
    onImported: () => {},
    onError: (where, error) => errors.push(`${where}: ${String(error)}`),
    now: Date.now,
  };
  const sync: ChainSync = new ChainSync({ ...DEFAULT_SYNC, mode, pollMs: 20 }, { ...shared, network: net });
  const ports = gossipPorts(mode, {
    ...shared,
    network: () => net as ProofNetwork,
    sync: () => sync,
    chainId: network.config.chainId,
    chainSpecHashOf: () => ZERO,
    hasProof: (hash, type) => store.has('proofs', proofKey(hash, type)),
    storeProof: async () => {},
    isProvable: () => false,
    revokedProofTypes: [],
    signal: stop.signal,
  });
  t.after(async () => {
    stop.abort();
    await sync.stop();
  });
  const hear = async (told: BuiltBlock): Promise<string> => {
    const headerRlp = told.block.header.serialize();
    const { seal } = told;
    const header = await ports.judgeHeader({ headerRlp, seal });
    if (header.verdict !== 'accept') return header.verdict;
    if (mode === 'full') {
      ports.onBlock(blockAnnouncement(headerRlp, seal, encodeBody(told.block)), 'a');
      return 'accept';
    }
    const announcement = announcementOf(told);
    const wanted = await ports.wantsProof(announcement);
    if (wanted.verdict !== 'accept') return wanted.verdict;
    await ports.verifyProof(announcement, told.proven.proof.bytes, stop.signal);
    return (await ports.adoptProof(announcement, told.proven.proof.bytes, 'a')).verdict;
  };
  return { id, importer, store, data, server, sync, hear, errors, charged, verified: () => verified };
}

/** Blocks that honest sealers made, by whoever builds on them. */
const built: BuiltBlock[] = [];
const nameOf = (proof: Uint8Array): Hash => describeProof(PROOF_TYPE, proof).proofHash;
function announcementOf({ block, seal, proven }: BuiltBlock): ProofAnnouncement {
  const [blockHash, parentHash] = [hashOf(block.hash()), hashOf(block.header.parentHash)];
  return {
    ...{ headerRlp: block.header.serialize(), seal, proof: describeProof(PROOF_TYPE, proven.proof.bytes) },
    claim: {
      ...{ schemaId: 1, chainId: network.config.chainId, chainSpecHash: ZERO, newPayloadRequestRoot: ZERO },
      ...{ blockHash, parentHash },
    },
  };
}

const headOf = ({ importer }: Node): Hash => hashOf(importer.head().hash());
const storedOf = ({ store }: Node, blocks: readonly BuiltBlock[]): number =>
  blocks.filter(({ block }) => store.has('headers', block.hash())).length;
async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !isSo(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(isSo(), what);
}

for (const mode of ['full', 'proof'] as const) {
  describe(`nodes that sync by ${mode}`, () => {
    for (const seed of [1, 2, 3]) {
      test(`${SIBLINGS} blocks of one sealer at one height in other orders (seed ${seed}) → two each are taken; on the next sealer's block all have one head`, async (t) => {
        const random = seededRandom(seed);
        const served = new Map(siblings.map((each) => [hashOf(each.block.hash()), each]));
        const nodes: Node[] = [];
        for (let i = 0; i < NODES; i++) nodes.push(await createNode(t, `n${i}`, mode, served, nodes));
        for (const node of nodes) {
          const order = siblings.map((each) => [random(), each] as const).sort(([a], [b]) => a - b);
          for (const [, each] of order) await node.hear(each);
        }
        await until('each has a head', () => nodes.every(({ importer }) => importer.head().header.number === 1n));
        for (const node of nodes) node.sync.start();
        await new Promise((resolve) => setTimeout(resolve, 100));
        const check = (bound: number): void => {
          for (const node of nodes) {
            const { executed, applied } = node.importer.counters();
            assert.ok(storedOf(node, siblings) <= bound, `${node.id} stores ${storedOf(node, siblings)}`);
            assert.ok(executed + applied <= bound + built.length, `${node.id}: ${executed} and ${applied}`);
            assert.ok(node.verified() <= bound + built.length, `${node.id} verified ${node.verified()}`);
            assert.deepEqual([node.errors, node.charged], [[], []]);
          }
        };
        built.length = 0;
        check(BOUND);
        for (const node of nodes) {
          assert.ok(node.importer.counters().siblingsRefused > 0n);
          const faults = [];
          for await (const fault of node.importer.sealerFaults()) faults.push(fault.number);
          assert.deepEqual(faults, [1n]);
        }
        // From here on only what nodes have stored is to be had.
        served.clear();
        const parent = siblings.find(({ block }) => hashOf(block.hash()) === headOf(nodes[0]!))!;
        const lacking = nodes.filter(({ store }) => !store.has('headers', parent.block.hash()));
        assert.ok(lacking.length > 0, 'some have refused what the next block is built on');
        built.push(await chain.build(parent.block));
        const next = hashOf(built[0]!.block.hash());
        served.set(next, built[0]!);
        for (const node of nodes) await node.hear(built[0]!);
        await until('at the next block', () => headOf(nodes[0]!) === next);
        // Whoever announces what does not follow from anything stored is asked for its status, which names a new head.
        for (const node of nodes) node.sync.noteStatus('n0');
        await until('one head', () => nodes.every((node) => headOf(node) === next));
        check(BOUND + 1);
      });
    }
  });
}
