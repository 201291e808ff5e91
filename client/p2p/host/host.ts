/** libp2p behind one interface: connections, gossip, streams. Nothing else in the client imports libp2p. */
import './promise-with-resolvers.ts';
import { noise } from '@chainsafe/libp2p-noise';
import { type GossipSub, type GossipSubComponents, type GossipsubOpts, gossipsub } from '@libp2p/gossipsub';
import { type Identify, identify } from '@libp2p/identify';
import type { Connection, Libp2p, PeerId, PrivateKey, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { ClientError } from '../../errors.ts';
import { isWithinShare } from './address-share.ts';
import { type ByteStream, byteStream } from './byte-stream.ts';
import { allowEarly, EARLY } from './early-request.ts';
import { type GossipSettings, gossipOptions } from './gossip-options.ts';
import { watch } from './liveness.ts';
import { boundedYamux, type MuxerFactory } from './muxer.ts';
import { boundedWebSockets, WEB_SOCKET_LIMITS, type WebSocketLimits } from './web-sockets.ts';

export type HostOptions = {
  readonly key: PrivateKey;
  /** IPv4 or IPv6 address to listen on; undefined listens nowhere */
  readonly listen: { readonly address: string; readonly port: number; readonly wsPort?: number } | undefined;
  /** multiaddresses to tell in place of those listened on; empty: none */
  readonly announce: readonly string[];
  readonly maxPeers: number;
  /** told to peers by identify */
  readonly agent: string;
  readonly gossip: GossipSettings;
  /** how often is looked for signs of life of silent peers */
  readonly lookMs: number;
  /** What tests make shorter or smaller. */
  readonly webSocketLimits?: Partial<WebSocketLimits>;
};

/** What the host asks before it talks to a peer, and tells when one comes or goes. */
export type HostModules = {
  readonly isBanned: (peer: string) => boolean;
  /** the book's score, at most 0; part of gossip's own */
  readonly score: (peer: string) => number;
  /** A peer has sent a gossip message that had come before. */
  readonly onDuplicate?: (peer: string) => void;
  /** A peer has sent gossip that is no message of its topic: too large, not compressed, signed. */
  readonly onUnreadable?: (peer: string, topic: string) => void;
  /** A peer has sent what no peer sends, below all protocols; its connection is cut. */
  readonly onAbuse?: (peer: string, reason: string) => void;
  readonly onPeer: (peer: string, direction: 'inbound' | 'outbound') => void;
  readonly onPeerGone: (peer: string) => void;
  /** A peer has said which topics it listens to: gossip between the two has begun, or begins now. */
  readonly onGossip?: (peer: string) => void;
};

export type Verdict = 'accept' | 'ignore' | 'reject';

export type Host = {
  readonly peerId: string;
  /**
   * Listens, and answers what has been `handle`d before.
   * @throws ClientError `listenFailed` where the address or port cannot be used
   */
  readonly start: () => Promise<void>;
  readonly addresses: () => readonly string[];
  readonly peers: () => readonly HostPeer[];
  /** @throws ClientError `dialFailed` */
  readonly dial: (address: string, signal: AbortSignal) => Promise<string>;
  readonly disconnect: (peer: string) => Promise<void>;
  /** @param peers at most this many streams of one peer at a time; more are reset */
  readonly handle: (
    protocol: string,
    handler: (stream: ByteStream, peer: string) => Promise<void>,
    peers: { readonly maxStreamsPerPeer: number },
  ) => Promise<void>;
  /** A new stream to a connected peer. @throws ClientError `protocolRefused`, `streamReset` */
  readonly open: (peer: string, protocol: string, signal: AbortSignal) => Promise<ByteStream>;
  /** @param validate decides whether a message is forwarded; it may take as long as `gossip.validationMs` */
  readonly subscribe: (topic: string, validate: (data: Uint8Array, from: string) => Promise<Verdict>) => void;
  readonly unsubscribe: (topic: string) => void;
  /**
   * @returns how many peers it was sent to
   * @throws ClientError `noSubscribers`; it may be published again
   */
  readonly publish: (topic: string, data: Uint8Array) => Promise<number>;
  /** gossip's score of a peer, 0 for an unknown one */
  readonly gossipScore: (peer: string) => number;
  /** Signed address records of connected peers, for peer exchange. */
  readonly peerRecords: (limit: number) => Promise<readonly Uint8Array[]>;
  /**
   * Takes a signed address record that another peer passed on.
   * @returns whether it says something new
   * @throws ClientError `peerRecordInvalid` where it is no record or its signature is wrong
   */
  readonly addPeerRecord: (record: Uint8Array) => Promise<boolean>;
  /** Peers with known addresses that are not connected. */
  readonly knownPeers: () => Promise<readonly string[]>;
  /** Peers of which anything is remembered, connected or not. */
  readonly rememberedPeers: () => Promise<number>;
  /** Forgets a peer's addresses; harmless for one that is not known. */
  readonly forgetPeer: (peer: string) => Promise<void>;
  readonly dialPeer: (peer: string, signal: AbortSignal) => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type HostPeer = {
  readonly id: string;
  readonly addresses: readonly string[];
  readonly direction: 'inbound' | 'outbound';
};

/** Share of the connections that others may open; the rest stays for peers of this node's own choice. */
const INBOUND_SHARE = 0.75;
/** A window bounds what a paused stream holds; libp2p resets streams that hold more than their read buffer. */
const STREAM_OPTIONS = {
  initialStreamWindowSize: 256 * 1024,
  maxStreamWindowSize: 1024 * 1024,
  maxReadBufferLength: 2 * 1024 * 1024,
  maxWriteBufferLength: 4 * 1024 * 1024,
} as const;
const MAX_STREAMS_PER_CONNECTION = 64;
/**
 * Two peers may dial each other at the same time, and again before a line that was cut is noticed; but limits of streams
 * are those of one connection, and one identity could take the places of all others.
 */
const MAX_CONNECTIONS_PER_PEER = 4;
/** Connections that have not said yet who they are: more than one address can begin in the ten seconds that each may take. */
const MAX_PENDING_CONNECTIONS = 128;

/** What is public in the class and missing in its interface. */
type MuxedConnection = Connection & { readonly muxer?: unknown };

/** What is public in the class and missing in its interface. */
type ScoredGossip = GossipSub & {
  getScore(peer: string): number;
  /** what it is told of single messages */
  readonly score: {
    duplicateMessage: (peer: string, messageId: string, topic: string) => void;
    rejectInvalidMessage: (peer: string, topic: string) => void;
  };
  /** by peer: streams that messages can be sent on */
  readonly streamsOutbound: ReadonlyMap<string, unknown>;
};
type Services = { readonly identify: Identify; readonly pubsub: ScoredGossip };

const addressesOf = (connections: readonly Connection[]): string[] =>
  connections.map(({ remoteAddr }) => remoteAddr.toString());

/** Makes a host that does nothing before its start. */
export async function createHost(options: HostOptions, modules: HostModules): Promise<Host> {
  const inbound = (): readonly Connection[] => node.getConnections().filter((c) => c.direction === 'inbound');
  const maxInbound = Math.max(1, Math.floor(options.maxPeers * INBOUND_SHARE));
  const node: Libp2p<Services> = await createLibp2p<Services>({
    start: false,
    privateKey: options.key,
    nodeInfo: { name: 'zkl1-node', version: '1', userAgent: options.agent },
    addresses: { listen: listenAddresses(options.listen), announce: [...options.announce] },
    transports: [
      tcp(),
      boundedWebSockets({
        maxConnections: options.maxPeers + MAX_PENDING_CONNECTIONS,
        ...WEB_SOCKET_LIMITS,
        ...options.webSocketLimits,
      }),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [
      extended(
        boundedYamux(
          {
            maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
            maxOutboundStreams: MAX_STREAMS_PER_CONNECTION,
            streamOptions: STREAM_OPTIONS,
          },
          (muxer, reason) => {
            const peer = node.getConnections().find((c) => (c as MuxedConnection).muxer === muxer)?.remotePeer;
            if (peer !== undefined) modules.onAbuse?.(peer.toString(), reason);
          },
        ),
        options.lookMs,
      ),
    ],
    // It takes a line that is only slow, or a process that stood still, for a peer that is gone; `watch` does not.
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: options.maxPeers,
      maxIncomingPendingConnections: MAX_PENDING_CONNECTIONS,
      reconnectRetries: 0,
    },
    connectionGater: {
      // Nodes of a private network dial private addresses; libp2p refuses them only in browsers.
      denyDialMultiaddr: () => false,
      denyDialPeer: (peer) => modules.isBanned(peer.toString()),
      denyInboundConnection: ({ remoteAddr }) =>
        inbound().length >= maxInbound || !isWithinShare(remoteAddr.toString(), addressesOf(inbound()), maxInbound),
      denyInboundEncryptedConnection: (peer) =>
        modules.isBanned(peer.toString()) || node.getConnections(peer).length >= MAX_CONNECTIONS_PER_PEER,
      // Others may have come since this one was let in.
      denyInboundUpgradedConnection: (peer, { remoteAddr }) =>
        inbound().length >= maxInbound ||
        node.getConnections(peer).length >= MAX_CONNECTIONS_PER_PEER ||
        !isWithinShare(remoteAddr.toString(), addressesOf(inbound()), maxInbound),
    },
    services: { identify: identify(), pubsub: scoredGossip(gossipOptions(options.gossip, modules.score)) },
  });
  const connected = (peer: string): readonly Connection[] =>
    node.getConnections().filter((c) => c.remotePeer.toString() === peer && c.status === 'open');
  node.addEventListener('peer:connect', ({ detail }) => {
    const peer = detail.toString();
    modules.onPeer(peer, connected(peer)[0]?.direction ?? 'inbound');
  });
  node.addEventListener('peer:disconnect', ({ detail }) => modules.onPeerGone(detail.toString()));
  /** What the peer of a connection has said on it that it speaks, or has spoken. */
  const spoken = new WeakMap<Connection, Set<string>>();
  node.addEventListener('peer:identify', ({ detail }) => spoken.set(detail.connection, new Set(detail.protocols)));
  const { pubsub } = node.services;
  pubsub.addEventListener('subscription-change', ({ detail }) => modules.onGossip?.(detail.peerId.toString()));
  tellOfScore(pubsub, modules);
  return {
    peerId: node.peerId.toString(),
    start: async () => {
      try {
        await node.start();
      } catch (error) {
        await node.stop();
        const reason = error instanceof Error ? error.message : String(error);
        throw new ClientError<HostErrorCode>('listenFailed', `libp2p cannot listen: ${reason}`, {}, { cause: error });
      }
    },
    addresses: () => node.getMultiaddrs().map(String),
    peers: () => distinctPeers(node.getConnections()),
    dial: async (address, signal) => {
      try {
        return (await node.dial(multiaddr(address), { signal })).remotePeer.toString();
      } catch (error) {
        throw dialFailed(address, error);
      }
    },
    dialPeer: async (peer, signal) => {
      try {
        await node.dial(peerIdFromString(peer), { signal });
      } catch (error) {
        throw dialFailed(peer, error);
      }
    },
    disconnect: async (peer) => {
      // A close waits for the other side; one that does not answer is cut.
      for (const connection of connected(peer)) {
        await connection
          .close({ signal: AbortSignal.timeout(CLOSE_MS) })
          .catch((error) => connection.abort(error instanceof Error ? error : new Error(String(error))));
      }
    },
    handle: (protocol, handler, { maxStreamsPerPeer }) =>
      node.handle(protocol, (stream, connection) => serve(stream, connection, handler), {
        maxInboundStreams: maxStreamsPerPeer,
      }),
    open: async (peer, protocol, signal) => {
      // The latest: an older one may be of a line that is gone and has not been noticed yet.
      const connection = connected(peer).at(-1);
      if (connection === undefined) {
        throw new ClientError<HostErrorCode>('notConnected', `${peer} is not connected`, { peer });
      }
      try {
        const known = spoken.get(connection) ?? new Set();
        const stream = await connection.newStream(protocol, { signal, ...(known.has(protocol) ? EARLY : {}) });
        spoken.set(connection, known.add(protocol));
        return byteStream(stream);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const code = (error as Error).name === 'UnsupportedProtocolError' ? 'protocolRefused' : 'streamFailed';
        throw new ClientError<HostErrorCode>(
          code,
          `${peer} ${protocol}: ${reason}`,
          { peer, protocol },
          { cause: error },
        );
      }
    },
    subscribe: (topic, validate) => {
      pubsub.topicValidators.set(topic, (from: PeerId, message) => validate(message.data, from.toString()) as never);
      pubsub.subscribe(topic);
    },
    unsubscribe: (topic) => {
      pubsub.unsubscribe(topic);
      pubsub.topicValidators.delete(topic);
    },
    publish: async (topic, data) => {
      // A message published before a stream is open reaches nobody, and counts as a duplicate ever after.
      const reachable = pubsub.getSubscribers(topic).some((peer) => pubsub.streamsOutbound.has(peer.toString()));
      if (!reachable) {
        throw new ClientError<HostErrorCode>('noSubscribers', `no connected peer listens to ${topic}`, { topic });
      }
      return (await pubsub.publish(topic, data)).recipients.length;
    },
    gossipScore: (peer) => pubsub.getScore(peer),
    peerRecords: async (limit) => {
      const records: Uint8Array[] = [];
      for (const { id } of distinctPeers(node.getConnections())) {
        if (records.length === limit) break;
        const peer = await node.peerStore.get(peerIdFromString(id)).catch(() => undefined);
        if (peer?.peerRecordEnvelope !== undefined) records.push(peer.peerRecordEnvelope);
      }
      return records;
    },
    addPeerRecord: async (record) => {
      try {
        return await node.peerStore.consumePeerRecord(record);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new ClientError<HostErrorCode>('peerRecordInvalid', `peer record: ${reason}`, {}, { cause: error });
      }
    },
    knownPeers: async () => {
      const here = new Set([node.peerId.toString(), ...node.getPeers().map(String)]);
      const away = (await node.peerStore.all()).filter(({ id }) => !here.has(id.toString()));
      // Nobody can be reached by what is left of them, and identities cost nothing.
      for (const { id, addresses } of away) if (addresses.length === 0) await node.peerStore.delete(id);
      return away.filter(({ addresses }) => addresses.length > 0).map(({ id }) => id.toString());
    },
    rememberedPeers: async () => (await node.peerStore.all()).length,
    forgetPeer: (peer) => node.peerStore.delete(peerIdFromString(peer)),
    stop: async () => {
      await node.stop();
    },
  };
}

const CLOSE_MS = 1000;

/** A muxer whose connections are watched and whose streams may be opened `EARLY`. */
function extended(create: MuxerFactory, lookMs: number): MuxerFactory {
  return () => {
    const factory = create();
    const createMuxer = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => {
      const muxer = createMuxer(connection);
      allowEarly(muxer);
      watch(connection, muxer, lookMs);
      return muxer;
    };
    return factory;
  };
}

async function serve(
  stream: Stream,
  connection: Connection,
  handler: (stream: ByteStream, peer: string) => Promise<void>,
): Promise<void> {
  const bytes = byteStream(stream);
  try {
    await handler(bytes, connection.remotePeer.toString());
  } catch (error) {
    bytes.abort(error instanceof Error ? error.message : String(error));
  }
}

function listenAddresses(listen: HostOptions['listen']): string[] {
  if (listen === undefined) return [];
  const host = `/${listen.address.includes(':') ? 'ip6' : 'ip4'}/${listen.address}`;
  const addresses = [`${host}/tcp/${listen.port}`];
  if (listen.wsPort !== undefined) addresses.push(`${host}/tcp/${listen.wsPort}/ws`);
  return addresses;
}

function distinctPeers(connections: readonly Connection[]): readonly HostPeer[] {
  const peers = new Map<string, { id: string; addresses: string[]; direction: 'inbound' | 'outbound' }>();
  for (const { remotePeer, remoteAddr, direction, status } of connections) {
    if (status !== 'open') continue;
    const id = remotePeer.toString();
    const peer = peers.get(id);
    if (peer === undefined) peers.set(id, { id, addresses: [remoteAddr.toString()], direction });
    else peer.addresses.push(remoteAddr.toString());
  }
  return [...peers.values()];
}

/** Gossip tells only its own score of these; the node wants to know who it was. */
function tellOfScore({ score }: ScoredGossip, { onDuplicate, onUnreadable }: HostModules): void {
  const duplicate = score.duplicateMessage.bind(score);
  score.duplicateMessage = (peer, id, topic) => {
    duplicate(peer, id, topic);
    onDuplicate?.(peer);
  };
  const invalid = score.rejectInvalidMessage.bind(score);
  score.rejectInvalidMessage = (peer, topic) => {
    invalid(peer, topic);
    onUnreadable?.(peer, topic);
  };
}

function scoredGossip(options: Partial<GossipsubOpts>): (components: GossipSubComponents) => ScoredGossip {
  const create = gossipsub(options);
  return (components) => create(components) as ScoredGossip;
}

function dialFailed(target: string, cause: unknown): ClientError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ClientError<HostErrorCode>('dialFailed', `cannot dial ${target}: ${reason}`, { target }, { cause });
}

export type HostErrorCode =
  | 'listenFailed'
  | 'noSubscribers'
  | 'dialFailed'
  | 'notConnected'
  | 'protocolRefused'
  | 'streamFailed'
  | 'peerRecordInvalid';
