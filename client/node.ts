/** The composition root: constructs a node's modules and wires them. */
import type { Block } from '@ethereumjs/block';
import { Address } from '@ethereumjs/util';
import { chainFolder, type NodeConfig } from './config.ts';
import type { Genesis } from './execution/chain/genesis.ts';
import { knownNetwork } from './execution/chain/known-networks.ts';
import { chainSpecOf, type Network, rulesAt } from './execution/chain/network.ts';
import type { ChainExecutor } from './execution/interface.ts';
import { DevSealer } from './execution/sealing/dev-sealer.ts';
import { createChainExecutor } from './execution/state/executor.ts';
import { estimateGas, simulateCall } from './execution/state/simulate.ts';
import { ChainView } from './execution/store/chain-view.ts';
import { commitGenesis, contentSource, importBlock } from './execution/store/commit.ts';
import { Store } from './execution/store/store.ts';
import { TransactionPool } from './execution/txpool/pool.ts';
import { type CheckResult, createBlockCheck } from './prover/service/check.ts';
import { proofProgress, type ServiceTables } from './prover/service/job-store.ts';
import type { RpcPorts } from './rpc/interface.ts';
import { DEFAULT_LIMITS, dispatcher } from './rpc/jsonrpc/dispatch.ts';
import { serveHttp } from './rpc/jsonrpc/server.ts';
import { rpcMethods } from './rpc/methods.ts';

/** What a running node tells whoever started it. */
export type NodeEvents = {
  readonly onBlock: (report: BlockReport) => void;
  /** Execution and guest disagree: one of them is wrong, and the block must not be trusted. */
  readonly onAlarm: (block: Block, reason: string) => void;
  readonly onRefused: (transactionHash: string, reason: string) => void;
  readonly onError: (where: string, error: unknown) => void;
};
export type BlockReport = {
  readonly block: Block;
  readonly executionMs: number;
  readonly check: CheckResult;
};
export type RunningNode = {
  readonly chainId: bigint;
  readonly url: string;
  readonly head: Block;
  readonly dataDir: string;
  /** Finishes what is running, closes the store and the port. */
  readonly close: () => Promise<void>;
};

/** `proofType` of the proofs that this release makes. */
const PROOF_TYPE = 1;
/** The fee recipient of development blocks: an address without a key. */
const DEV_COINBASE = new Address(new Uint8Array(20).fill(0xc0));

/**
 * Starts a development chain: one sealer, no peers, no consensus client.
 * @throws ClientError for a data directory or port that cannot be used
 */
export async function startNode(config: NodeConfig, version: string, events: NodeEvents): Promise<RunningNode> {
  const genesis = await knownNetwork(config.network);
  const store = await Store.open(chainFolder(config), genesis.block.hash());
  try {
    if (store.meta('head') === undefined) {
      await commitGenesis(store, genesis.block, genesis.state ?? { nodes: [], codes: [] });
    }
    return await runNode(config, version, events, store, genesis);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function runNode(
  config: NodeConfig,
  version: string,
  events: NodeEvents,
  store: Store,
  { network }: Genesis,
): Promise<RunningNode> {
  const executor = createChainExecutor(network, contentSource(store));
  const view = new ChainView(store, executor.decodeBlock);
  const check = await createBlockCheck();
  let head = view.head();

  const pool = new TransactionPool({
    common: () => rulesAt(network, nextHeight(head)),
    gasLimit: () => head.header.gasLimit,
    account: async (address) => executor.account(head.header.stateRoot, address) ?? { nonce: 0n, balance: 0n },
    onAdded: () => sealer.wake(),
  });

  const importHead = async (block: Block): Promise<void> => {
    const start = performance.now();
    const { witness } = await importBlock(executor, store, block);
    head = block;
    await pool.onNewHead();
    const executionMs = performance.now() - start;
    const result = check({
      chainSpec: chainSpecOf(network, block.header),
      parentHash: hex(block.header.parentHash),
      blockHash: hex(block.hash()),
      blockRlp: block.serialize(),
      witness,
    });
    if (!result.ok) events.onAlarm(block, result.reason);
    events.onBlock({ block, executionMs, check: result });
  };

  const sealer = new DevSealer(
    { coinbase: DEV_COINBASE, extraData: new TextEncoder().encode('zkl1-node') },
    {
      head: () => head,
      vmAfter: (parent, rules) => executor.vmAfter(parent.header, rules),
      executable: (baseFee) => pool.executable(baseFee),
      drop: (transaction, reason) => {
        pool.drop(transaction);
        events.onRefused(hex(transaction.hash()), reason);
      },
      importBlock: importHead,
      now: Date.now,
      onError: (error) => events.onError('sealing', error),
    },
  );

  const ports = rpcPorts({ version, network, executor, store, view, pool, head: () => head });
  const dispatch = dispatcher(rpcMethods(ports), DEFAULT_LIMITS, (method, error) => events.onError(method, error));
  const server = await serveHttp(dispatch, { ...config.http, limits: DEFAULT_LIMITS });
  return {
    chainId: network.config.chainId,
    url: server.url,
    head,
    dataDir: config.dataDir,
    close: async () => {
      await server.close();
      await sealer.stop();
      await store.close();
    },
  };
}

export type RpcModules = {
  readonly version: string;
  readonly network: Network;
  readonly executor: ChainExecutor;
  readonly store: Store;
  readonly view: ChainView;
  readonly pool: TransactionPool;
  readonly head: () => Block;
};

/** The node as JSON-RPC sees it. */
export function rpcPorts({ version, network, executor, store, view, pool, head }: RpcModules): RpcPorts {
  return {
    clientVersion: `zkl1-node/v${version}/${process.platform}-${process.arch}/node${process.versions.node}`,
    chain: {
      chainId: network.config.chainId,
      head,
      genesis: () => view.genesis(),
      canonicalBlock: (number) => view.canonicalBlock(number),
      blockByHash: (hash) => view.blockByHash(hash),
      isCanonical: (block) => view.isCanonical(block),
      receipts: (hash) => view.receipts(hash),
      findTransaction: (hash) => view.findTransaction(hash),
      witness: (hash) => view.witness(hash),
    },
    state: {
      account: async ({ header }, address) => executor.account(header.stateRoot, address) ?? { nonce: 0n, balance: 0n },
      code: async ({ header }, address) => executor.code(header.stateRoot, address),
      storage: async ({ header }, address, slot) => executor.storage(header.stateRoot, address, slot),
    },
    calls: {
      call: async (block, request) => simulateCall(await executor.vmAfter(block.header), block, request),
      estimateGas: (block, request) => estimateGas(() => executor.vmAfter(block.header), block, request),
    },
    pool: {
      submit: (raw) => pool.submit(raw),
      find: (hash) => pool.find(hash),
      nextNonce: (address) => pool.nextNonce(address),
    },
    proofs: { status: (hash) => proofProgress(serviceTables(store), hash) },
  };
}

/** Height of a block that would follow now. */
function nextHeight({ header }: Block): { readonly number: bigint; readonly timestamp: bigint } {
  const now = BigInt(Math.floor(Date.now() / 1000));
  return { number: header.number + 1n, timestamp: now > header.timestamp ? now : header.timestamp + 1n };
}

/** Jobs and proofs in the store; a proof's key ends with its type. */
function serviceTables(store: Store): ServiceTables {
  const proofKey = (hash: Uint8Array): Uint8Array => Uint8Array.of(...hash, PROOF_TYPE);
  return {
    job: (hash) => store.get('jobs', hash),
    jobs: () => store.entries('jobs'),
    proof: (hash) => store.get('proofs', proofKey(hash)),
    write: async (hash, job, proof) => {
      const batch = store.batch().put('jobs', hash, job);
      if (proof !== undefined) batch.put('proofs', proofKey(hash), proof);
      await store.write(batch);
    },
  };
}

function hex(bytes: Uint8Array): `0x${string}` {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
