/** Puts host, book, gossip, requests and claims together: the proof network of one node. */
import timers from 'node:timers/promises';
import type { PrivateKey } from '@libp2p/interface';
import type { Logger } from '../log.ts';
import type { Hash } from '../prover/interface.ts';
import { checkAddress } from './host/address.ts';
import { createHost, type Host, type Verdict } from './host/host.ts';
import { identityOf, isSignature } from './host/identity.ts';
import { LOOK_MS } from './host/liveness.ts';
import type {
  BlockAnnouncement,
  HeaderRange,
  NetworkConfig,
  NetworkPorts,
  ProofAnnouncement,
  ProofNetwork,
  ProvingClaim,
} from './interface.ts';
import { PEER_RATES, PeerBook } from './peers/book.ts';
import { Budget, type Rate } from './peers/budget.ts';
import { Connector } from './peers/connector.ts';
import { ANNOUNCEMENT_LIMITS, type AnnouncementLimits, Announcements } from './proofs/announcements.ts';
import { reasonOf } from './proofs/blame.ts';
import { Claims } from './proofs/claims.ts';
import { RequestClient } from './proofs/client.ts';
import { fetchBlockData, fetchProof } from './proofs/fetch.ts';
import { brokenLink } from './proofs/header-chain.ts';
import { encodeBlockAnnouncement, encodeProofAnnouncement, MAX_INLINE_BODY_BYTES } from './proofs/messages.ts';
import {
  MAX_STREAMS_PER_PEER,
  type ProtocolName,
  protocolId,
  TIMING,
  type Timing,
  TOPIC_BYTES,
  TOPICS,
  type TopicName,
  topicId,
} from './proofs/protocols.ts';
import { Semaphore } from './proofs/semaphore.ts';
import { RequestServer } from './proofs/server.ts';
import { TransactionGossip } from './transactions/gossip.ts';
import { RELAY_TIMING, type RelayTiming, TransactionRelay } from './transactions/relay.ts';

export type NetworkModules = {
  readonly key: PrivateKey;
  readonly ports: NetworkPorts;
  readonly log: Logger;
  /** Unix milliseconds */
  readonly now: () => number;
};

/** What tests make shorter or smaller. */
export type NetworkTuning = {
  readonly timing: Timing;
  readonly limits: AnnouncementLimits;
  readonly relay: RelayTiming;
  readonly rates:
    | typeof PEER_RATES
    | Readonly<Record<keyof typeof PEER_RATES, { capacity: number; perSecond: number }>>;
  readonly tickMs: number;
  readonly heartbeatMs: number;
  readonly lookMs: number;
};
const TUNING: NetworkTuning = {
  timing: TIMING,
  limits: ANNOUNCEMENT_LIMITS,
  relay: RELAY_TIMING,
  rates: PEER_RATES,
  tickMs: 500,
  heartbeatMs: 1000,
  lookMs: LOOK_MS,
};

/** How often a block is said again that no peer took, and after how long. */
const BLOCK_REPEATS = 4;
const BLOCK_REPEAT_MS = 400;
/** Bytes of all objects that are being fetched at a time: of what the node asks for, and of what strangers announce. */
const FETCH_MEMORY_BYTES = 256 * 1024 * 1024;
const ANNOUNCED_MEMORY_BYTES = 256 * 1024 * 1024;
/**
 * What this node passes on of others' messages: with what it says itself less than peers take of one another
 * (`PEER_RATES`), or strangers who each keep to their own share would have it banned by its peers as a flood. What is not
 * passed on is lost to gossip only: blocks and proofs are asked for, transactions are said by whoever holds them.
 */
export const FORWARD_RATES = {
  announcements: { capacity: 128, perSecond: 4 },
  transactions: { capacity: 128, perSecond: 12 },
} as const satisfies Record<string, Rate>;
/** Share of the allowed connections that the node looks for by itself. */
const WANTED_SHARE = 0.5;

/**
 * Starts a node's part of the network.
 * @throws ClientError `listenFailed`, `addressInvalid`
 */
export async function startProofNetwork(
  config: Omit<NetworkConfig, 'keyFile'>,
  modules: NetworkModules,
  tuning: Partial<NetworkTuning> = {},
): Promise<ProofNetwork> {
  for (const address of config.bootnodes) checkAddress(address, 'bootstrap');
  for (const address of config.announce) checkAddress(address, 'announced');
  const network = await Network.create(config, modules, { ...TUNING, ...tuning });
  await network.start();
  return network.asPort();
}

class Network {
  readonly #modules: NetworkModules;
  readonly #genesisHash: Hash;
  readonly #log: Logger;
  readonly #ending = new AbortController();
  readonly #memory = new Semaphore(FETCH_MEMORY_BYTES);
  readonly #announcedMemory = new Semaphore(ANNOUNCED_MEMORY_BYTES);
  readonly book: PeerBook;
  readonly #host: Host;
  readonly #client: RequestClient;
  readonly #server: RequestServer;
  readonly connector: Connector;
  readonly #announcements: Announcements;
  readonly #claims: Claims;
  readonly #transactions: TransactionGossip;
  readonly #relay: TransactionRelay;
  readonly #subscribed = new Set<string>();
  readonly #forwarding: { readonly [K in keyof typeof FORWARD_RATES]: Budget };
  #publishedToNobody = 0;
  /** Blocks that this node has announced. */
  #blocks = 0;
  #peersDropped = 0;

  static async create(
    config: Omit<NetworkConfig, 'keyFile'>,
    modules: NetworkModules,
    tuning: NetworkTuning,
  ): Promise<Network> {
    const { ports, key } = modules;
    const { genesisHash, agent } = ports.status();
    const topics = ports.forkHashes.flatMap((fork) =>
      TOPICS.map((name) => ({ name: topicId(genesisHash, fork, name), maxBytes: TOPIC_BYTES[name] })),
    );
    // The host asks the book, and the book has the host drop peers: the network stands between them.
    let network: Network | undefined;
    const host = await createHost(
      {
        key,
        listen: {
          address: config.address,
          port: config.port,
          ...(config.wsPort === undefined ? {} : { wsPort: config.wsPort }),
        },
        announce: config.announce,
        maxPeers: config.maxPeers,
        agent,
        gossip: { topics, validationMs: tuning.limits.totalMs, heartbeatMs: tuning.heartbeatMs },
        lookMs: tuning.lookMs,
      },
      {
        isBanned: (peer) => network?.book.isBanned(peer) ?? false,
        score: (peer) => network?.book.score(peer) ?? 0,
        onDuplicate: (peer) => network?.onDuplicate(peer),
        onUnreadable: (peer, topic) => network?.book.charge(peer, 'malformedMessage', `no message of ${topic}`),
        onAbuse: (peer, reason) => network?.book.charge(peer, 'oversizedMessage', reason),
        onPeer: (peer) => network?.connector.onPeer(peer),
        onPeerGone: (peer) => network?.connector.onPeerGone(peer),
        onGossip: (peer) => network?.connector.onGossip(peer),
      },
    );
    network = new Network(config, modules, tuning, host);
    return network;
  }

  private constructor(
    config: Omit<NetworkConfig, 'keyFile'>,
    modules: NetworkModules,
    tuning: NetworkTuning,
    host: Host,
  ) {
    const { ports, now } = modules;
    const log = modules.log.child({ module: 'p2p' });
    const { signal } = this.#ending;
    this.#modules = modules;
    this.#forwarding = {
      announcements: new Budget(FORWARD_RATES.announcements, now),
      transactions: new Budget(FORWARD_RATES.transactions, now),
    };
    this.#log = log;
    this.#host = host;
    this.#genesisHash = ports.status().genesisHash;
    const book = new PeerBook(
      {
        now,
        onFault: (peer, fault, detail) => log.debug({ peer, fault, detail }, 'peer charged'),
        onBan: (peer, reason) => {
          this.#peersDropped++;
          log.info({ peer, reason, faults: book.faults(peer) }, 'peer dropped');
          void host.disconnect(peer);
        },
      },
      tuning.rates,
    );
    this.book = book;
    this.#client = new RequestClient(this.#genesisHash, tuning.timing, { open: host.open, book });
    this.#server = new RequestServer(tuning.timing, { ports, peerRecords: host.peerRecords, book, log });
    this.connector = new Connector(
      {
        bootnodes: config.bootnodes,
        wantedPeers: Math.max(1, Math.floor(config.maxPeers * WANTED_SHARE)),
        tickMs: tuning.tickMs,
      },
      { host, client: this.#client, book, ports, log, signal, now: () => performance.now(), random: Math.random },
    );
    this.#claims = new Claims({
      genesisHash: this.#genesisHash,
      identity: identityOf(modules.key),
      verify: isSignature,
      isProvable: ports.isProvable,
      onContested: (own) => void this.#claim(own).catch(() => {}),
      book,
      now,
    });
    this.#announcements = new Announcements(tuning.limits, {
      ports,
      fetchProof: (descriptor, o) => fetchProof(descriptor, o, this.#fetchModules(this.#announcedMemory)),
      book,
      log,
      onAdopted: ({ claim, proof }) => this.#claims.fulfilled(claim.blockHash, proof.proofType),
      onUnknownParent: (peer) => this.connector.refresh(peer),
      signal,
    });
    this.#transactions = new TransactionGossip({ ports, book, log, now });
    this.#relay = new TransactionRelay(tuning.relay, {
      waiting: ports.waitingTransaction,
      publish: async (message) =>
        host.peers().length === 0 ? 0 : this.#publish('transactions', ports.status().forkHash, message),
      now,
    });
  }

  /** Honest peers send a message once, or a few times where two paths cross; whoever repeats without end pays. */
  onDuplicate(peer: string): void {
    if (!this.book.spend(peer, 'duplicates')) this.book.charge(peer, 'tooManyMessages', 'duplicates');
  }

  async start(): Promise<void> {
    for (const name of Object.keys(MAX_STREAMS_PER_PEER) as ProtocolName[]) {
      await this.#host.handle(
        protocolId(this.#genesisHash, name),
        (stream, peer) => this.#server.serve(name, stream, peer),
        { maxStreamsPerPeer: MAX_STREAMS_PER_PEER[name] },
      );
    }
    await this.#host.start();
    this.#followFork();
    this.connector.start();
    this.#log.info({ peerId: this.#host.peerId, addresses: this.#host.addresses() }, 'proof network started');
  }

  asPort(): ProofNetwork {
    const { ports } = this.#modules;
    return {
      peerId: this.#host.peerId,
      addresses: this.#host.addresses,
      peers: () =>
        this.#host.peers().map((peer) => ({
          ...peer,
          status: this.connector.statusOf(peer.id),
          score: this.book.score(peer.id),
          faults: this.book.faults(peer.id),
        })),
      banned: () => this.book.bans(),
      faultCounts: () => this.book.totals(),
      counters: () => ({
        ...this.#announcements.counters(),
        publishedToNobody: this.#publishedToNobody,
        peersDropped: this.#peersDropped,
        claims: this.#claims.live(),
        transactions: { ...this.#transactions.counters(), ...this.#relay.counters() },
      }),
      announceProof: (announcement: ProofAnnouncement) =>
        this.#publish(
          'execution_proof',
          ports.forkHashOf(announcement.headerRlp),
          encodeProofAnnouncement(announcement),
        ),
      announceBlock: (block) => this.#announceBlock(block),
      claimProving: (claim) => this.#claim(claim),
      claimedUntil: (blockHash, proofType) => this.#claims.until(blockHash, proofType),
      isOwnClaimFirst: (blockHash, proofType) => this.#claims.isOwnFirst(blockHash, proofType),
      announceTransaction: (hash) => this.#relay.add(hash),
      onHead: () => this.#followFork(),
      headers: this.#headers,
      proof: (descriptor, o) => fetchProof(descriptor, o, this.#fetchModules()),
      blockData: (kind, blockHash, { signal, prefer, ...request }) =>
        fetchBlockData(
          { kind, blockHash, ...request },
          { signal, ...(prefer === undefined ? {} : { prefer }) },
          this.#fetchModules(),
        ),
      charge: (peer, fault) => this.book.charge(peer, fault, 'by the node'),
      stop: () => this.#stop(),
    };
  }

  #fetchModules(memory = this.#memory): Parameters<typeof fetchProof>[2] {
    return { client: this.#client, book: this.book, memory, peers: () => this.#bestFirst() };
  }

  /** Peers of this chain, those with fewer faults first, equal ones in any order. */
  #bestFirst(): readonly string[] {
    return this.connector
      .usable()
      .map((peer) => ({ peer, score: this.book.score(peer), any: Math.random() }))
      .sort((a, b) => b.score - a.score || a.any - b.any)
      .map(({ peer }) => peer);
  }

  readonly #headers: ProofNetwork['headers'] = async (range: HeaderRange, { signal, peer }) => {
    if (!this.connector.usable().includes(peer)) return { ok: false, code: 'unavailable' };
    const answer = await this.#client.headers(peer, range, signal);
    if (signal.aborted) return { ok: false, code: 'aborted' };
    if (!answer.ok) return { ok: false, code: answer.code === 'unknown' ? 'unknown' : 'unavailable' };
    try {
      const broken = brokenLink(range, answer.value);
      if (broken === undefined) return { ok: true, value: answer.value };
      this.book.charge(peer, 'invalidHeader', broken);
    } catch (error) {
      this.book.charge(peer, 'malformedMessage', reasonOf(error));
    }
    return { ok: false, code: 'unavailable' };
  };

  async #claim(claim: ProvingClaim): Promise<number> {
    return this.#publish('proving_claim', this.#modules.ports.status().forkHash, await this.#claims.sign(claim));
  }

  async #announceBlock({ body, ...block }: BlockAnnouncement): Promise<number> {
    const fork = this.#modules.ports.forkHashOf(block.headerRlp);
    const isInline = body !== undefined && body.length <= MAX_INLINE_BODY_BYTES;
    const message = encodeBlockAnnouncement(isInline ? { ...block, body } : block);
    const recipients = await this.#publish('block', fork, message);
    this.#blocks++;
    if (recipients === 0) void this.#repeatBlock(fork, message);
    return recipients;
  }

  /**
   * A block that is sealed while connections come up is said again, until another one is: nobody would ask for it before
   * that one comes.
   */
  async #repeatBlock(fork: string | undefined, message: Uint8Array): Promise<void> {
    const { signal } = this.#ending;
    const block = this.#blocks;
    for (let i = 0; i < BLOCK_REPEATS; i++) {
      await timers.setTimeout(BLOCK_REPEAT_MS, undefined, { signal, ref: false }).catch(() => {});
      const isOver = signal.aborted || block !== this.#blocks || this.#host.peers().length === 0;
      if (isOver || (await this.#publish('block', fork, message)) > 0) return;
    }
  }

  async #publish(name: TopicName, forkHash: string | undefined, message: Uint8Array): Promise<number> {
    if (forkHash === undefined || message.length > TOPIC_BYTES[name]) {
      const reason =
        forkHash === undefined
          ? 'its block lies in no known fork'
          : `${message.length} bytes, at most ${TOPIC_BYTES[name]}`;
      this.#log.error({ topic: name, reason }, 'a message that cannot be published');
      this.#publishedToNobody++;
      return 0;
    }
    let recipients = 0;
    // A node without peers is no fault: whoever comes later asks for what there is.
    if (this.#host.peers().length > 0) {
      try {
        recipients = await this.#host.publish(topicId(this.#genesisHash, forkHash, name), message);
      } catch (error) {
        this.#log.debug({ topic: name, reason: reasonOf(error) }, 'a message reached nobody');
      }
    }
    if (recipients === 0) this.#publishedToNobody++;
    return recipients;
  }

  /** Subscribes to the topics of the head's fork and of the next one, and to no others. */
  #followFork(): void {
    const { ports } = this.#modules;
    const current = ports.forkHashes.indexOf(ports.status().forkHash);
    const forks = ports.forkHashes.slice(Math.max(0, current), current + 2);
    const wanted = new Map(
      forks.flatMap((fork) => TOPICS.map((name) => [topicId(this.#genesisHash, fork, name), { fork, name }] as const)),
    );
    for (const topic of this.#subscribed) {
      if (wanted.has(topic)) continue;
      this.#host.unsubscribe(topic);
      this.#subscribed.delete(topic);
    }
    for (const [topic, { fork, name }] of wanted) {
      if (this.#subscribed.has(topic)) continue;
      this.#host.subscribe(topic, (data, from) => this.#judge(name, fork, data, from));
      this.#subscribed.add(topic);
    }
  }

  async #judge(name: TopicName, fork: string, data: Uint8Array, from: string): Promise<Verdict> {
    const verdict = await this.#verdictOn(name, fork, data, from);
    const forwarding = this.#forwarding[name === 'transactions' ? name : 'announcements'];
    return verdict === 'accept' && !forwarding.take(1) ? 'ignore' : verdict;
  }

  #verdictOn(name: TopicName, fork: string, data: Uint8Array, from: string): Promise<Verdict> {
    switch (name) {
      case 'execution_proof':
        return this.#announcements.onProof(data, fork, from);
      case 'block':
        return this.#announcements.onBlock(data, fork, from);
      case 'proving_claim':
        return this.#claims.onClaim(data, from);
      case 'transactions':
        return this.#transactions.onTransactions(data, from);
    }
  }

  async #stop(): Promise<void> {
    this.#ending.abort();
    this.#relay.stop();
    this.connector.stop();
    await this.#host.stop();
  }
}
