/** A peer that speaks the protocols and breaks their rules: an honest host whose single parts are replaced. */
import type { TestContext } from 'node:test';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { ByteStream } from '../../../client/p2p/host/byte-stream.ts';
import { createHost, type Host } from '../../../client/p2p/host/host.ts';
import { LOOK_MS } from '../../../client/p2p/host/liveness.ts';
import type { NetworkStatus } from '../../../client/p2p/interface.ts';
import { FrameKind, FrameReader } from '../../../client/p2p/proofs/framing.ts';
import { type DataRequest, decodeDataRequest, encodeStatus } from '../../../client/p2p/proofs/messages.ts';
import { Pace } from '../../../client/p2p/proofs/pace.ts';
import {
  type ProtocolName,
  protocolId,
  TOPIC_BYTES,
  TOPICS,
  type TopicName,
  topicId,
} from '../../../client/p2p/proofs/protocols.ts';
import type { Hash } from '../../../client/prover/interface.ts';
import type { Lifetime } from '../temporary.ts';
import type { ToyBlock } from './chain.ts';
import { soon, until } from './host.ts';
import { FORK, NEXT_FORK, type TestNode } from './node.ts';

/** Answers one stream of a protocol, after its request has been read. */
export type Misbehaviour = (stream: ByteStream, request: Uint8Array) => Promise<void>;

export type Misbehaviours = Partial<Record<ProtocolName, Misbehaviour>>;
export type Adversary = {
  readonly host: Host;
  /** Opens a stream to the victim and writes raw bytes; the answer is not read. */
  readonly send: (victim: string, protocol: ProtocolName, bytes: Uint8Array) => Promise<ByteStream>;
  /** Opens a gossip stream of its own to the victim: whatever is written to it is sent, again and again. */
  readonly rawGossip: (victim: string) => Promise<ByteStream>;
  /** Publishes anything on a topic until somebody takes it. */
  readonly gossip: (topic: TopicName, message: Uint8Array, fork?: string) => Promise<void>;
};

/** Topics of any size, so that the adversary may send what an honest host refuses to make. */
const ANY_SIZE = 3 * 1024 * 1024;
const PATIENT = { answerMs: 10_000, leastRate: 1 };

/** An adversary that is connected to its victim and passes for a peer of the chain. */
export async function adversary(
  t: TestContext,
  victim: TestNode,
  chain: readonly ToyBlock[],
  misbehaviours: Misbehaviours = {},
): Promise<Adversary> {
  const honest: Misbehaviours = { status: (stream) => answer(stream, [encodeStatus(statusOf(chain))]) };
  const bad = await adversaryHost(t, chain[0]!.hash, [FORK, NEXT_FORK], { ...honest, ...misbehaviours });
  // A node takes five new connections of one address per second.
  await until('connected', () => bad.host.dial(victim.address, soon()).then(Boolean, () => false));
  if (misbehaviours.status === undefined) {
    await until('the victim takes the adversary for a peer', () =>
      victim.network.peers().some(({ id, status }) => id === bad.host.peerId && status !== undefined),
    );
  }
  return bad;
}

/**
 * An adversary of any chain that is connected to nobody yet.
 * @param forks whose topics it knows; the first is the head's
 * @param onGossip hears all messages; none is forwarded by itself
 */
export async function adversaryHost(
  t: Lifetime,
  genesisHash: Hash,
  forks: readonly string[],
  behaviours: Misbehaviours,
  onGossip: (topic: TopicName, message: Uint8Array) => void = () => {},
): Promise<Adversary> {
  const host = await createHost(
    {
      key: await generateKeyPair('Ed25519'),
      listen: undefined,
      announce: [],
      maxPeers: 20,
      agent: 'adversary',
      gossip: {
        topics: forks.flatMap((fork) =>
          TOPICS.map((name) => ({ name: topicId(genesisHash, fork, name), maxBytes: ANY_SIZE })),
        ),
        validationMs: 10_000,
        heartbeatMs: 100,
      },
      lookMs: LOOK_MS,
    },
    { isBanned: () => false, score: () => 0, onPeer: () => {}, onPeerGone: () => {} },
  );
  t.after(() => host.stop());
  for (const [name, misbehave] of Object.entries(behaviours) as [ProtocolName, Misbehaviour][]) {
    await host.handle(
      protocolId(genesisHash, name),
      async (stream) => misbehave(stream, await new FrameReader(stream, new Pace(PATIENT)).request(1024)),
      { maxStreamsPerPeer: 32 },
    );
  }
  await host.start();
  for (const fork of forks) {
    for (const name of TOPICS) {
      host.subscribe(topicId(genesisHash, fork, name), async (message) => {
        onGossip(name, message);
        return 'ignore';
      });
    }
  }
  return {
    host,
    send: async (to, protocol, bytes) => {
      const stream = await host.open(to, protocolId(genesisHash, protocol), soon());
      await stream.write(bytes, soon());
      return stream;
    },
    rawGossip: (to) => host.open(to, '/meshsub/1.1.0', soon()),
    gossip: async (topic, message, fork = forks[0]!) => {
      await until('published', async () => {
        const taken = await host.publish(topicId(genesisHash, fork, topic), message).catch((error) => String(error));
        return typeof taken === 'number' ? taken > 0 : /Duplicate/.test(taken);
      });
    },
  };
}

export function statusOf(chain: readonly ToyBlock[]): NetworkStatus {
  const head = chain[chain.length - 1]!;
  return {
    genesisHash: chain[0]!.hash,
    forkHash: FORK,
    headHash: head.hash,
    headNumber: head.number,
    provenNumber: head.number,
    oldestBlock: 0n,
    oldestProof: 0n,
    acceptedProofTypes: [1],
    agent: 'adversary',
  };
}

/** One frame, with a length that need not be true. */
export function frame(kind: number, bytes: Uint8Array, length = bytes.length): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt8(kind);
  head.writeUInt32LE(length, 1);
  return Buffer.concat([head, bytes]);
}

/** A gossipsub message as it travels: protobuf of one RPC with one message, its length before it. */
export function gossipFrame(topic: string, data: Uint8Array): Uint8Array {
  const field = (number: number, bytes: Uint8Array): Uint8Array =>
    Buffer.concat([Uint8Array.of((number << 3) | 2), varint(bytes.length), bytes]);
  const message = Buffer.concat([field(2, data), field(4, Buffer.from(topic, 'utf8'))]);
  const rpc = field(2, message);
  return Buffer.concat([varint(rpc.length), rpc]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return Uint8Array.of(...bytes, left);
    bytes.push((left & 0x7f) | 0x80);
  }
}

/** A well-formed answer. */
export async function answer(stream: ByteStream, items: readonly Uint8Array[]): Promise<void> {
  for (const item of items) await stream.write(frame(FrameKind.item, item), soon());
  await stream.write(frame(FrameKind.end, new Uint8Array(0)), soon());
  await stream.closeWrite(soon());
}

/** The head of a `data` answer. */
export function sizeOf(bytes: number): Uint8Array {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(bytes);
  return head;
}

/** Serves objects as `find` gives them, honestly. */
export function serving(find: (request: DataRequest) => Uint8Array | undefined): Misbehaviour {
  return async (stream, bytes) => {
    const request = decodeDataRequest(bytes);
    const object = find(request);
    if (object === undefined) {
      await stream.write(frame(FrameKind.unknown, new Uint8Array(0)), soon());
      return stream.closeWrite(soon());
    }
    const part = object.subarray(request.offset, request.offset + request.length);
    const pieces = Array.from({ length: Math.ceil(part.length / 65536) }, (_, i) =>
      part.subarray(i * 65536, (i + 1) * 65536),
    );
    return answer(stream, [sizeOf(object.length), ...pieces]);
  };
}

export const LARGEST_TOPIC_BYTES = Math.max(...Object.values(TOPIC_BYTES));
