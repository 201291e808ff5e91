/** Keeps the node connected: dials bootstrap and known peers, asks peers who they are and whom they know. */
import type { Logger } from '../../log.ts';
import type { Host } from '../host/host.ts';
import type { NetworkPorts, NetworkStatus } from '../interface.ts';
import type { RequestClient } from '../proofs/client.ts';
import type { PeerBook } from './book.ts';

export type ConnectorOptions = {
  readonly bootnodes: readonly string[];
  /** peers to look for; further ones may come by themselves */
  readonly wantedPeers: number;
  /** milliseconds between two looks at what is to be done */
  readonly tickMs: number;
};
export type ConnectorModules = {
  readonly host: Host;
  readonly client: RequestClient;
  readonly book: PeerBook;
  readonly ports: Pick<NetworkPorts, 'status' | 'forkHashes' | 'onPeerHead'>;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** milliseconds of a clock that does not jump */
  readonly now: () => number;
  /** 0 up to 1 */
  readonly random: () => number;
};

const STATUS_MS = 15_000;
/** Between two statuses that something has given a reason for. */
const LEAST_STATUS_MS = 500;
/** What a peer listens to comes when its half of gossip is open; ours is soon after. */
const GOSSIP_MS = 600;
const EXCHANGE_MS = 30_000;
const LONG_AGO = Number.NEGATIVE_INFINITY;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 300_000;
/** Two parts of a network that was cut find each other by what both were told to begin with, however long the cut was. */
const LAST_BOOT_RETRY_MS = 15_000;
/** Without any peer nothing else brings the chain: a line that is mended is used at once, before two sides have gone far. */
const LAST_RETRY_ALONE_MS = 1000;
/** A peer of this chain that was lost is looked for this often, for so long: its sealers go on without this node's. */
const LAST_RETRY_LOST_MS = 3000;
const LOST_MS = 10 * 60_000;
/** The latest that were lost; further ones are looked for as any others are. */
const MAX_LOST = 16;
/** Waits vary by so much of them, so that two nodes do not dial each other in step, nor a crowd one that comes back. */
const JITTER = 0.25;
const DIAL_MS = 15_000;
/** A dial on a line that swallows packets is said again after 1, 3, 7 s: a new one is sooner through once it is mended. */
const DIAL_LOST_MS = 5000;
/** Dials at a look. */
const MAX_DIALS = 4;
/** Looks at whom to dial: each so many ticks among peers, each tick while there are none or one was lost. */
const TICKS_AMONG_PEERS = 4;
/** Addresses and identities cost nothing: more peers than these are not remembered. */
export const MAX_KNOWN_PEERS = 1024;
/** A peer that was not reached for so long gives up its place. */
const LAST_WAIT_MS = 60_000;

type Peer = {
  status: NetworkStatus | undefined;
  askedAt: number;
  exchangedAt: number;
  asking: boolean;
  /** there is a reason to ask again, before the last status is old */
  isDue: boolean;
  hasGossip: boolean;
};
type Retry = { readonly since: number; readonly waitMs: number; readonly luck: number };

/** Looks every `tickMs` for what is due, from its construction to `stop`; waits longer after each dial that fails. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #modules: ConnectorModules;
  readonly #peers = new Map<string, Peer>();
  readonly #retries = new Map<string, Retry>();
  /** Peers of this chain whose last connection has ended, and when, in the order of that. */
  readonly #lost = new Map<string, number>();
  readonly #dialling = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #ticking = false;
  #ticks = 0;

  constructor(options: ConnectorOptions, modules: ConnectorModules) {
    this.#options = options;
    this.#modules = modules;
    this.#timer = setInterval(() => void this.#tick(), options.tickMs);
    this.#timer.unref();
  }

  /** To be called once the host has started. */
  start(): void {
    void this.#tick();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  onPeer(peer: string): void {
    if (this.#peers.size === 0) this.#onLine();
    this.#peers.set(peer, {
      status: undefined,
      askedAt: LONG_AGO,
      exchangedAt: LONG_AGO,
      asking: false,
      isDue: false,
      hasGossip: false,
    });
    void this.#ask(peer);
  }

  onPeerGone(peer: string): void {
    const isOfThisChain = this.statusOf(peer) !== undefined;
    this.#peers.delete(peer);
    if (!isOfThisChain) return;
    this.#lost.delete(peer);
    this.#lost.set(peer, this.#modules.now());
    const [oldest] = this.#lost.keys();
    if (this.#lost.size > MAX_LOST && oldest !== undefined) this.#lost.delete(oldest);
    void this.#dialSome();
  }

  /**
   * Gossip with a peer has begun, later than its status came: what it has told others of in between is in its next one.
   * Once per connection, whatever the peer says it listens to.
   */
  onGossip(id: string): void {
    const peer = this.#peers.get(id);
    if (peer === undefined || peer.hasGossip) return;
    peer.hasGossip = true;
    setTimeout(() => this.refresh(id), GOSSIP_MS).unref();
  }

  statusOf(peer: string): NetworkStatus | undefined {
    return this.#peers.get(peer)?.status;
  }

  /** A peer's chain is not what its last status said: asks again, though no more often than twice a second; later then. */
  refresh(id: string): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    peer.isDue = true;
    void this.#ask(id);
  }

  /** Peers that are of this chain, as far as is known. */
  usable(): readonly string[] {
    return [...this.#peers].filter(([, { status }]) => status !== undefined).map(([peer]) => peer);
  }

  async #tick(): Promise<void> {
    if (this.#ticking || this.#modules.signal.aborted) return;
    this.#ticking = true;
    try {
      for (const peer of this.#peers.keys()) void this.#ask(peer);
      this.#forgetLost();
      const isAmongPeers = this.#peers.size > 0 && this.#lost.size === 0;
      if (isAmongPeers && this.#ticks++ % TICKS_AMONG_PEERS !== 0) return;
      const known = await this.#modules.host.knownPeers();
      for (const peer of known.slice(MAX_KNOWN_PEERS)) await this.#modules.host.forgetPeer(peer);
      await this.#dialSome();
    } catch (error) {
      this.#modules.log.error({ reason: String(error) }, 'connecting failed in this node');
    } finally {
      this.#ticking = false;
    }
  }

  /** Asks a peer for its status when the last one is old, and now and then for other peers. */
  async #ask(id: string): Promise<void> {
    const { now, signal, client } = this.#modules;
    const peer = this.#peers.get(id);
    if (peer === undefined || peer.asking || signal.aborted) return;
    if (now() - peer.askedAt < (peer.isDue ? LEAST_STATUS_MS : STATUS_MS)) return;
    peer.asking = true;
    peer.isDue = false;
    peer.askedAt = now();
    try {
      const answer = await client.status(id, signal);
      if (answer.ok) await this.#judge(id, peer, answer.value);
      else if (answer.code === 'protocolRefused') await this.#drop(id, 'foreignChain', 'no protocol of this chain');
      if (peer.status !== undefined && this.#isShort() && now() - peer.exchangedAt >= EXCHANGE_MS) {
        peer.exchangedAt = now();
        await this.#exchange(id);
      }
    } finally {
      peer.asking = false;
    }
  }

  async #judge(id: string, peer: Peer, status: NetworkStatus): Promise<void> {
    const { ports } = this.#modules;
    const { genesisHash } = ports.status();
    if (status.genesisHash !== genesisHash) {
      await this.#drop(id, 'foreignChain', `genesis ${status.genesisHash}, expected ${genesisHash}`);
    } else if (!ports.forkHashes.includes(status.forkHash)) {
      await this.#drop(id, 'unknownFork', `fork ${status.forkHash}`);
    } else {
      this.#found(id);
      const isNews = peer.status?.headHash !== status.headHash;
      peer.status = status;
      if (isNews) ports.onPeerHead(id);
    }
  }

  /** The first peer after none: what was out of reach until now may be in it, above all the other side of a cut. */
  #onLine(): void {
    for (const target of this.#retries.keys())
      if (this.#isLost(target) || this.#options.bootnodes.includes(target)) this.#retries.delete(target);
    void this.#dialSome();
  }

  /** A peer of this chain is there. Whoever only takes connections and hangs up is waited for ever longer. */
  #found(id: string): void {
    this.#lost.delete(id);
    for (const target of this.#retries.keys()) if (target === id || peerOf(target) === id) this.#retries.delete(target);
  }

  async #drop(id: string, fault: 'foreignChain' | 'unknownFork', detail: string): Promise<void> {
    this.#modules.book.charge(id, fault, detail);
    await this.#modules.host.disconnect(id);
  }

  async #exchange(id: string): Promise<void> {
    const { client, host, book, signal } = this.#modules;
    const answer = await client.peerRecords(id, signal);
    if (!answer.ok || (await host.knownPeers()).length >= MAX_KNOWN_PEERS) return;
    for (const record of answer.value) {
      try {
        await host.addPeerRecord(record);
      } catch (error) {
        book.charge(id, 'malformedMessage', String(error));
        return;
      }
    }
    void this.#dialSome();
  }

  #isShort(): boolean {
    return this.#peers.size < this.#options.wantedPeers;
  }

  async #dialSome(): Promise<void> {
    const { host, book, signal } = this.#modules;
    if (!this.#isShort() || signal.aborted) return;
    const connected = new Set(host.peers().map(({ id }) => id));
    const boot = this.#options.bootnodes.filter((address) => !connected.has(peerOf(address)));
    const known = (await host.knownPeers()).filter((peer) => !book.isBanned(peer));
    const lost = known.filter((peer) => this.#isLost(peer));
    const others = known.filter((peer) => !this.#isLost(peer));
    const targets = [...boot, ...lost, ...others].filter((target) => this.#isDue(target)).slice(0, MAX_DIALS);
    for (const target of targets) void this.#dial(target);
  }

  #isDue(target: string): boolean {
    const retry = this.#retries.get(target);
    if (this.#dialling.has(target)) return false;
    if (retry === undefined) return true;
    return retry.since + retry.waitMs * (1 + JITTER * (2 * retry.luck - 1)) <= this.#modules.now();
  }

  #forgetLost(): void {
    for (const [peer, at] of this.#lost) if (this.#modules.now() - at >= LOST_MS) this.#lost.delete(peer);
  }

  #isLost(target: string): boolean {
    return this.#lost.has(peerOf(target) || target);
  }

  /** The longest that a target waits for its next dial. */
  #mostMs(target: string): number {
    if (this.#peers.size === 0) return LAST_RETRY_ALONE_MS;
    if (this.#isLost(target)) return LAST_RETRY_LOST_MS;
    return this.#options.bootnodes.includes(target) ? LAST_BOOT_RETRY_MS : LAST_RETRY_MS;
  }

  async #dial(target: string): Promise<void> {
    const { host, log, now, random, signal } = this.#modules;
    this.#dialling.add(target);
    // A node that is alone blames its own line: no peer's wait grows.
    const waitMs = Math.min(this.#mostMs(target), (this.#retries.get(target)?.waitMs ?? FIRST_RETRY_MS / 2) * 2);
    this.#retries.set(target, { since: now(), waitMs, luck: random() });
    if (this.#retries.size > 1024) {
      const [oldest] = this.#retries.keys();
      if (oldest !== undefined) this.#retries.delete(oldest);
    }
    const timed = AbortSignal.any([signal, AbortSignal.timeout(this.#isLost(target) ? DIAL_LOST_MS : DIAL_MS)]);
    try {
      await (target.startsWith('/') ? host.dial(target, timed) : host.dialPeer(target, timed));
    } catch (error) {
      log.debug({ target, reason: String(error) }, 'peer not reached');
      if (!target.startsWith('/') && waitMs > LAST_WAIT_MS) {
        this.#retries.delete(target);
        await host.forgetPeer(target).catch(() => {});
      }
    } finally {
      this.#dialling.delete(target);
    }
  }
}

/** The peer id at the end of a multiaddress; empty where it has none. */
function peerOf(address: string): string {
  return /\/p2p\/([^/]+)$/.exec(address)?.[1] ?? '';
}
