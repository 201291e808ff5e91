/** The composition root: constructs a node's modules and wires them. */

import type { Block } from '@ethereumjs/block';
import { Address } from '@ethereumjs/util';
import { chainFolder, type NodeConfig, type ProveConfig, type SealConfig } from './config.ts';
import type { Genesis } from './execution/chain/genesis.ts';
import { knownNetwork } from './execution/chain/known-networks.ts';
import { rulesAt } from './execution/chain/network.ts';
import type { ChainImporter, ImportResult, SealerFault } from './execution/interface.ts';
import { DEV_SEALER_KEY } from './execution/sealing/dev-accounts.ts';
import { loadSealerKey } from './execution/sealing/key-file.ts';
import { Sealer } from './execution/sealing/sealer.ts';
import { createChainExecutor } from './execution/state/executor.ts';
import { ChainView } from './execution/store/chain-view.ts';
import { commitGenesis, contentSource } from './execution/store/commit.ts';
import { refuseForeignParent } from './execution/store/directory.ts';
import { Importer } from './execution/store/importer.ts';
import { Store } from './execution/store/store.ts';
import { TransactionPool } from './execution/txpool/pool.ts';
import { returnedTransactions } from './execution/txpool/returned.ts';
import type { Logger } from './log.ts';
import { acceptedProofTypes } from './node/accepted-proofs.ts';
import { ChainEvents } from './node/chain-events.ts';
import { type Distrusted, DistrustedBlocks } from './node/distrusted-blocks.ts';
import { checkedBlock, jobBlock, unprovenBlock } from './node/job-block.ts';
import { LIGHT_PAGE_PATH, lightPage } from './node/light-page.ts';
import { sealedGenesis } from './node/private-genesis.ts';
import { joinNetwork, type Peering } from './node/proof-network.ts';
import { proofDownloads, proofPort } from './node/proof-port.ts';
import { provenNumber } from './node/proven-number.ts';
import { rememberRevoked } from './node/revocations.ts';
import { rpcPorts } from './node/rpc-ports.ts';
import { putChange, serviceTables } from './node/service-tables.ts';
import { TrustedProofs } from './node/trusted-proofs.ts';
import { workSharing } from './node/work-sharing.ts';
import type { Progress } from './prover/interface.ts';
import type { CheckedBlock, CheckResult } from './prover/service/check.ts';
import { CheckerProcess } from './prover/service/checker-process.ts';
import type { Job } from './prover/service/job.ts';
import type { ProofInfo } from './prover/service/job-store.ts';
import { memoryPlan } from './prover/service/memory.ts';
import { ProverProcess } from './prover/service/prover-process.ts';
import { ProvingService } from './prover/service/proving-service.ts';
import { VerifierProcess } from './prover/service/verifier-process.ts';
import { ACCEPTED_KEYS } from './prover/verifier/accepted-keys.ts';
import { RevokedKeys } from './prover/verifier/revoked-keys.ts';
import { DEFAULT_LIMITS, dispatcher } from './rpc/jsonrpc/dispatch.ts';
import { NO_PAGES } from './rpc/jsonrpc/pages.ts';
import { checkListen, serveHttp } from './rpc/jsonrpc/server.ts';
import { DEFAULT_SOCKET_LIMITS } from './rpc/jsonrpc/websocket.ts';
import { rpcMethods } from './rpc/methods.ts';

/** What a running node tells whoever started it. */
export type NodeEvents = {
  readonly onBlock: (report: BlockReport) => void;
  /** Execution and guest disagree: one of them is wrong, and the block must not be trusted. */
  readonly onAlarm: (block: Block, reason: string) => void;
  readonly onRefused: (transactionHash: string, reason: string) => void;
  /** A proving job has changed its state; `info` with a job that is proved. */
  readonly onJob: (blockHash: Uint8Array, job: Job, info: ProofInfo | undefined) => void;
  readonly onProving: (number: bigint, progress: Progress) => void;
  /** A sealer has sealed two blocks at one height; told once for each height. */
  readonly onSealerFault: (fault: SealerFault) => void;
  /** A block came in from peers, by proof or by execution. */
  readonly onImported: (block: Block, result: ImportResult) => void;
  /** The sealer waits for proofs of so many blocks; undefined when it goes on. */
  /** Keys are revoked, or were at the last start and are trusted again; told once, at the start. */
  readonly onRevoked: (revoked: RevokedKeys, trustedAgain: readonly string[]) => void;
  /** The store has blocks that were imported by proofs which count no more; told once, at the start. */
  readonly onDistrusted: (blocks: Distrusted) => void;
  readonly onSealingPaused: (unproven: number | undefined) => void;
  readonly onError: (where: string, error: unknown) => void;
  readonly log: Logger;
};
export type BlockReport = {
  readonly block: Block;
  readonly executionMs: number;
  readonly check: CheckResult;
};
export type RunningNode = {
  readonly chainId: bigint;
  readonly url: string;
  /** undefined: no WebSocket */
  readonly webSocketUrl: string | undefined;
  /** undefined: the light client's page is not served */
  readonly lightPageUrl: string | undefined;
  readonly head: Block;
  /** multiaddresses that peers reach this node at; empty without peers */
  readonly addresses: readonly string[];
  readonly dataDir: string;
  /** Why nothing can be stored any more, once it is so: a node that went on would forget all that it reports. */
  readonly storeFailed: Promise<Error>;
  /** Finishes what is running, closes the store and the port. */
  readonly close: () => Promise<void>;
};

/** The fee recipient of development blocks: an address without a key. */
const DEV_COINBASE = new Address(new Uint8Array(20).fill(0xc0));

/**
 * Starts a node of a chain without a consensus client: as its sealer, among peers, proving, or any of these together.
 * @throws ClientError for a data directory or port that cannot be used
 */
export async function startNode(config: NodeConfig, version: string, events: NodeEvents): Promise<RunningNode> {
  const { genesisFile } = config;
  const makes = config.prove && keyOf(config.prove.profile).proofType;
  const { sync } = config.peers ?? {};
  const isWaitingForProofs =
    (sync?.mode === 'proof' && sync.fallback === 'wait') || config.seal?.maxUnproven !== undefined;
  const proofTypes = acceptedProofTypes(config.proofs, { makes, isWaitingForProofs });
  const genesis = genesisFile === undefined ? await knownNetwork('dev') : await sealedGenesis(genesisFile);
  const folder = chainFolder({ ...config, network: genesis.network.name });
  refuseForeignParent(folder);
  const { peers } = config;
  await checkListen(config.http);
  if (peers !== undefined) {
    const { address, port, wsPort } = peers.network;
    for (const each of wsPort === undefined ? [port] : [port, wsPort]) await checkListen({ host: address, port: each });
  }
  const store = await Store.open(folder, genesis.block.hash());
  try {
    if (store.meta('head') === undefined) {
      await commitGenesis(store, genesis.block, genesis.state ?? { nodes: [], codes: [] });
    }
    return await runNode(config, version, events, store, genesis, proofTypes);
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
  proofTypes: readonly number[],
): Promise<RunningNode> {
  const executor = createChainExecutor(network, contentSource(store));
  const view = new ChainView(store, executor.decodeBlock);
  const chainEvents = new ChainEvents(view, (error) => events.onError('telling subscribers', error));
  const checker = new CheckerProcess();
  const importer = new Importer(
    { reorgDepth: config.reorgDepth },
    {
      ...{ network, store, view, executor, now: Date.now },
      extend: (batch, { header }, hash) => {
        if (proving !== undefined) putChange(batch, proving.jobOf(hash, header.number));
      },
      onHead: async (change) => {
        await pool.onNewHead(returnedTransactions(change));
        chainEvents.headMoved(change);
        peering?.onHead();
        sealer?.wake();
        await proving?.onNewHead(change.adopted.map((block) => ({ hash: block.hash(), number: block.header.number })));
      },
      onFault: (fault) => events.onSealerFault(fault),
    },
  );
  const { head } = importer;
  const revoked = new RevokedKeys(config.proofs.revoked);
  const trusted = new TrustedProofs(store, proofTypes, revoked);
  const provenHead = provenNumber(store, (hash) => trusted.isProven(hash));
  const trustedAgain = await rememberRevoked(store, revoked);
  if (revoked.hashes.length + trustedAgain.length > 0) events.onRevoked(revoked, trustedAgain);
  const lastApplied = importer.counters().applied === 0n ? 0n : head().header.number;
  const distrusted = new DistrustedBlocks(store, trusted, provenHead(), lastApplied);
  const resting = distrusted.report();
  if (resting !== undefined) events.onDistrusted(resting);

  const pool = new TransactionPool({
    common: () => rulesAt(network, nextHeight(head())),
    gasLimit: () => head().header.gasLimit,
    account: async (address) => executor.account(head().header.stateRoot, address) ?? { nonce: 0n, balance: 0n },
    onAdded: (hash) => {
      sealer?.wake();
      peering?.announceTransaction(hash);
    },
    now: Date.now,
  });

  const verifier = new VerifierProcess(revoked);
  const tables = serviceTables(store);
  const prover = config.prove === undefined ? undefined : createProver(config.prove);
  const proving =
    config.prove === undefined || prover === undefined
      ? undefined
      : new ProvingService(
          { ...config.prove, key: keyOf(config.prove.profile) },
          {
            ...{ tables, prover, now: Date.now },
            check: (block) => checker.check(block),
            verify: (proofType, proof, expected) => verifier.verify(proofType, proof, expected),
            block: async (hash) => jobBlock(network, view, hash) ?? (await unprovenBlock(network, peering, hash)),
            isWanted: (hash, number) => isWanted(hash, number),
            sharing:
              config.peers === undefined
                ? undefined
                : workSharing(() => peering?.network, keyOf(config.prove.profile).proofType),
            canonicalHash: (number) => store.canonicalHash(number),
          },
          {
            onJob: (hash, job, info) => {
              events.onJob(hash, job, info);
              if (job.state !== 'proved') return;
              chainEvents.proofStored(hash);
              sealer?.wake();
              const type = keyOf(config.prove?.profile ?? 'P100').proofType;
              peering?.announceProof(hash, type).catch((error: unknown) => events.onError('announcing a proof', error));
            },
            onProgress: (_, number, progress) => events.onProving(number, progress),
            onError: (error) => events.onError('proving', error),
          },
        );

  /** Whether a proof of a block is worth making: it is canonical or the next ones to be, and nobody has made one. */
  const isWanted = (hash: Uint8Array, number: bigint): boolean =>
    (isSame(store.canonicalHash(number), hash) ||
      (number > head().header.number && peering?.unproven?.has(hex(hash)) === true)) &&
    !trusted.has(hash, keyOf(config.prove?.profile ?? 'P100').proofType);

  /** Has the guest look at an executed block, then reports it; its job waits for that. */
  const checkImported = async (block: Block, executionMs: number, checked: CheckedBlock): Promise<void> => {
    const hash = block.hash();
    try {
      const check = await checker.check(checked);
      if (!check.ok) events.onAlarm(block, check.reason);
      events.onBlock({ block, executionMs, check });
      proving?.imported(hash, check);
    } catch (error) {
      events.onError(`checking block ${block.header.number}`, error);
      proving?.imported(hash, undefined);
    }
  };

  /** The one way by which this node executes a block, whoever made it; the guest's check goes on beside what follows. */
  const importExecuted: Importer['importExecuted'] = async (block, seal) => {
    await checker.room();
    const start = performance.now();
    const imported = await importer.importExecuted(block, seal);
    if (imported.execution === undefined) return imported;
    const executionMs = performance.now() - start;
    void checkImported(block, executionMs, checkedBlock(network, block, imported.execution.witness));
    return imported;
  };

  const clientVersion = `zkl1-node/v${version}/${process.platform}-${process.arch}/node${process.versions.node}`;
  const peering: Peering | undefined =
    config.peers === undefined
      ? undefined
      : await joinNetwork(config.peers, {
          ...{ network, store, view, pool, clientVersion, log: events.log },
          importer: { ...importerPort(importer), importExecuted },
          proofs: trusted,
          revoked,
          distrusted: () => distrusted.report(),
          proving:
            config.prove === undefined || config.peers.sync.mode !== 'proof'
              ? undefined
              : {
                  onUnproven: (blocks) => {
                    proving?.queueWanted(blocks).catch((error: unknown) => events.onError('queueing blocks', error));
                  },
                },
          onProof: (hash) => {
            chainEvents.proofStored(hash);
            proving?.recheck();
          },
          verify: async (proofType, proof, expected) => (await verifier.verify(proofType, proof, expected)).result,
          onImported: (block, result) => {
            // What was there already has got a proof now.
            if (result.kind === 'known') chainEvents.proofStored(block.hash());
            events.onImported(block, result);
          },
          onError: (where, error) => events.onError(where, error),
        });

  const sealer =
    config.seal === undefined
      ? undefined
      : new Sealer(
          {
            key: sealingKey(config.seal),
            coinbase: DEV_COINBASE,
            extraData: new TextEncoder().encode('zkl1-node'),
            maxUnproven: config.seal.maxUnproven,
          },
          {
            ...{ network, head, now: Date.now },
            vmAfter: (parent, rules) => executor.vmAfter(parent.header, rules),
            executable: (baseFee) => pool.executable(baseFee),
            drop: (transaction, reason) => {
              pool.drop(transaction);
              events.onRefused(hex(transaction.hash()), reason);
            },
            importBlock: async (block, seal) => {
              await importExecuted(block, seal);
              await peering?.announceBlock(block.hash());
            },
            hasSealed: (number, address) => importer.hasSealed(number, address),
            unproven: () => Number(head().header.number - provenHead()),
            onPaused: (unproven) => events.onSealingPaused(unproven),
            onError: (error) => events.onError('sealing', error),
          },
        );
  const proofs = proofPort({ network, tables, proving, verifier, revoked });
  const ports = rpcPorts({
    ...{ clientVersion, peering, importer, network, executor, view, pool, head, proofs },
    events: chainEvents,
  });
  const dispatch = dispatcher(rpcMethods(ports), DEFAULT_LIMITS, (method, error) => events.onError(method, error));
  const downloads = proofDownloads(proofs);
  const pages = config.http.isLightPageServed ? await lightPage() : NO_PAGES;
  await proving?.start(config.prove?.from, head().header.number);
  const stopProving = async (): Promise<void> => {
    await proving?.close();
    await Promise.all([prover?.close(), verifier.close()]);
  };
  const { webSocket, ...http } = config.http;
  const server = await serveHttp(dispatch, {
    ...{ ...http, limits: DEFAULT_LIMITS, downloads, pages },
    webSocket: webSocket && { ...webSocket, limits: DEFAULT_SOCKET_LIMITS },
  }).catch(async (error: unknown) => {
    await stopProving();
    await checker.close();
    throw error;
  });
  sealer?.start();
  return {
    chainId: network.config.chainId,
    url: server.url,
    webSocketUrl: server.webSocketUrl,
    lightPageUrl: pages === NO_PAGES ? undefined : `${server.url}${LIGHT_PAGE_PATH}`,
    head: head(),
    addresses: peering?.network.addresses() ?? [],
    dataDir: config.dataDir,
    storeFailed: store.failed,
    close: async () => {
      await Promise.all([server.close(), sealer?.stop(), peering?.close(), stopProving()]);
      await checker.close();
      await store.close();
    },
  };
}

/** Height of a block that would follow now. */
function nextHeight({ header }: Block): { readonly number: bigint; readonly timestamp: bigint } {
  const now = BigInt(Math.floor(Date.now() / 1000));
  return { number: header.number + 1n, timestamp: now > header.timestamp ? now : header.timestamp + 1n };
}

const importerPort = ({
  head,
  checkHeader,
  admitBranch,
  importExecuted,
  importProven,
  counters,
  sealerFaults,
}: Importer): ChainImporter => ({
  ...{ head, checkHeader, admitBranch, importExecuted, importProven, counters, sealerFaults },
});

/** @throws ClientError for a file that is no key of a sealer's */
const sealingKey = ({ keyFile }: SealConfig): Uint8Array =>
  keyFile === undefined ? DEV_SEALER_KEY : loadSealerKey(keyFile).key;

function createProver({ backend, threads, maxMemoryMiB, priority }: ProveConfig): ProverProcess {
  return new ProverProcess({ backend, threads, memory: memoryPlan(maxMemoryMiB), isBackground: priority === 'low' });
}

function keyOf(profile: ProveConfig['profile']): (typeof ACCEPTED_KEYS)[number] {
  const key = ACCEPTED_KEYS.find((k) => k.profile === profile);
  if (key === undefined) throw new Error(`this build has no verification key for profile ${profile}`);
  return key;
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.from(a).equals(b);
}

function hex(bytes: Uint8Array): `0x${string}` {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
