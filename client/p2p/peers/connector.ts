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
};

const STATUS_MS = 15_000;
/** Between two statuses that something has given a reason for. */
const LEAST_STATUS_MS = 500;
const EXCHANGE_MS = 30_000;
const LONG_AGO = Number.NEGATIVE_INFINITY;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 300_000;
/** Two parts of a network that was cut find each other by what both were told to begin with, however long the cut was. */
const LAST_BOOT_RETRY_MS = 15_000;
/** Without any peer nothing else brings the chain: a line that is mended is used at once, before two sides have gone far. */
const LAST_RETRY_ALONE_MS = 2000;
const DIAL_MS = 15_000;
/** Dials per tick. */
const MAX_DIALS = 4;
/** Addresses and identities cost nothing: more peers than these are not remembered. */
export const MAX_KNOWN_PEERS = 1024;
/** A peer that was not reached for so long gives up its place. */
const LAST_WAIT_MS = 60_000;

type Peer = { status: NetworkStatus | undefined; askedAt: number; exchangedAt: number; asking: boolean };
type Retry = { readonly since: number; readonly waitMs: number };

/** Looks every `tickMs` for what is due, from its construction to `stop`; waits longer after each dial that fails. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #modules: ConnectorModules;
  readonly #peers = new Map<string, Peer>();
  readonly #retries = new Map<string, Retry>();
  readonly #dialling = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #ticking = false;

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
    this.#peers.set(peer, { status: undefined, askedAt: LONG_AGO, exchangedAt: LONG_AGO, asking: false });
    for (const target of this.#retries.keys())
      if (target === peer || peerOf(target) === peer) this.#retries.delete(target);
    void this.#ask(peer);
  }

  onPeerGone(peer: string): void {
    this.#peers.delete(peer);
  }

  statusOf(peer: string): NetworkStatus | undefined {
    return this.#peers.get(peer)?.status;
  }

  /** A peer's chain is not what its last status said: asks again, though no more often than twice a second. */
  refresh(id: string): void {
    const peer = this.#peers.get(id);
    if (peer === undefined || this.#modules.now() - peer.askedAt < LEAST_STATUS_MS) return;
    peer.askedAt = LONG_AGO;
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
    if (peer === undefined || peer.asking || now() - peer.askedAt < STATUS_MS || signal.aborted) return;
    peer.asking = true;
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
      const isNews = peer.status?.headHash !== status.headHash;
      peer.status = status;
      if (isNews) ports.onPeerHead(id);
    }
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
    const { host, book } = this.#modules;
    if (!this.#isShort()) return;
    const connected = new Set(host.peers().map(({ id }) => id));
    const boot = this.#options.bootnodes.filter((address) => !connected.has(peerOf(address)));
    const known = (await host.knownPeers()).filter((peer) => !book.isBanned(peer));
    const targets = [...boot, ...known].filter((target) => this.#isDue(target)).slice(0, MAX_DIALS);
    for (const target of targets) void this.#dial(target);
  }

  #isDue(target: string): boolean {
    const retry = this.#retries.get(target);
    if (this.#dialling.has(target)) return false;
    if (retry === undefined) return true;
    const most = this.#options.bootnodes.includes(target) ? LAST_BOOT_RETRY_MS : LAST_RETRY_MS;
    const waitMs = Math.min(retry.waitMs, this.#peers.size === 0 ? LAST_RETRY_ALONE_MS : most);
    return retry.since + waitMs <= this.#modules.now();
  }

  async #dial(target: string): Promise<void> {
    const { host, log, now, signal } = this.#modules;
    this.#dialling.add(target);
    const waitMs = Math.min(LAST_RETRY_MS, (this.#retries.get(target)?.waitMs ?? FIRST_RETRY_MS / 2) * 2);
    this.#retries.set(target, { since: now(), waitMs });
    if (this.#retries.size > 1024) {
      const [oldest] = this.#retries.keys();
      if (oldest !== undefined) this.#retries.delete(oldest);
    }
    const timed = AbortSignal.any([signal, AbortSignal.timeout(DIAL_MS)]);
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
