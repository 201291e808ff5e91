/** How gossipsub is set up: anonymous messages named by content, validation that may take long, scores that move. */
import { createHash } from 'node:crypto';
import { type GossipsubOpts, type Message, StrictNoSign } from '@libp2p/gossipsub';
import type { PeerScoreParams, TopicScoreParams } from '@libp2p/gossipsub/score';
import { BAN_POINTS } from '../peers/faults.ts';
import { snappyCompress, snappyDecompress } from '../proofs/snappy.ts';

export type GossipSettings = {
  /** every topic this node may ever join; messages of others are dropped unread */
  readonly topics: readonly GossipTopic[];
  /** the longest that a validation may take */
  readonly validationMs: number;
  readonly heartbeatMs?: number;
};
export type GossipTopic = {
  readonly name: string;
  /** of a message before compression */
  readonly maxBytes: number;
};

const MESSAGE_ID_BYTES = 20;
/** Snappy adds at most a sixth to what it cannot compress; protobuf and topic need little. */
const COMPRESSED_MARGIN = 1024;

/**
 * Points of a topic. Only invalid messages count (P4, squared): first deliveries and mesh quotas would punish quiet peers
 * of a network that may see one proof a minute. One invalid message costs 20, which is below the gossip threshold.
 */
const TOPIC_SCORE: Partial<TopicScoreParams> = {
  topicWeight: 1,
  timeInMeshWeight: 0,
  firstMessageDeliveriesWeight: 0,
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -20,
  invalidMessageDeliveriesDecay: 0.99,
};

/** @param bookScore of a peer: 0 down to -100, added to what gossip itself has seen */
export function gossipOptions(settings: GossipSettings, bookScore: (peer: string) => number): Partial<GossipsubOpts> {
  const maxBytes = new Map(settings.topics.map(({ name, maxBytes }) => [name, maxBytes]));
  const largest = Math.max(...maxBytes.values());
  const scoreParams: Partial<PeerScoreParams> = {
    topics: Object.fromEntries(settings.topics.map(({ name }) => [name, TOPIC_SCORE as TopicScoreParams])),
    appSpecificScore: bookScore,
    appSpecificWeight: 1,
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyWeight: -5,
    behaviourPenaltyDecay: 0.9,
    // Nodes behind one address are common in test networks and behind NAT; connections per host are limited elsewhere.
    IPColocationFactorWeight: 0,
  };
  return {
    globalSignaturePolicy: StrictNoSign,
    fallbackToFloodsub: false,
    floodPublish: true,
    doPX: false,
    emitSelf: false,
    allowedTopics: settings.topics.map(({ name }) => name),
    scoreParams,
    // Whom the book has not dropped yet is still listened to: what nobody hears cannot be charged.
    scoreThresholds: { gossipThreshold: -10, publishThreshold: -50, graylistThreshold: -BAN_POINTS },
    msgIdFn: messageId,
    // The same bytes again cost a hash: nothing is decompressed twice.
    fastMsgIdFn: ({ topic, data }) =>
      createHash('sha256')
        .update(`${topic.length} ${topic}`)
        .update(data ?? new Uint8Array(0))
        .digest('base64'),
    // A message asked for with IWANT counts as delivered only after its validation.
    gossipsubIWantFollowupMs: settings.validationMs + 5000,
    seenTTL: 2 * settings.validationMs + 60_000,
    maxInboundDataLength: 2 * largest,
    maxOutboundBufferSize: 8 * largest,
    maxTopicBytesPerPeer: 64 * 1024,
    decodeRpcLimits: {
      maxSubscriptions: 64,
      maxMessages: 32,
      maxControlMessages: 64,
      maxIhaveMessageIDs: 1024,
      maxIwantMessageIDs: 1024,
      maxIdontwantMessageIDs: 1024,
      maxPeerInfos: 16,
    },
    ...(settings.heartbeatMs === undefined ? {} : { heartbeatInterval: settings.heartbeatMs }),
    dataTransform: {
      inboundTransform: (topic, data) => {
        const limit = maxBytes.get(topic) ?? 0;
        if (data.length > limit + limit / 6 + COMPRESSED_MARGIN) throw new Error(`${data.length} bytes on ${topic}`);
        return snappyDecompress(data, limit);
      },
      outboundTransform: (_topic, data) => snappyCompress(data),
    },
  };
}

/** sha256(topic length u64 ‖ topic ‖ uncompressed data), first 20 bytes: another compression is the same message. */
function messageId(message: Message): Uint8Array {
  const topic = Buffer.from(message.topic, 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(topic.length));
  const digest = createHash('sha256').update(length).update(topic).update(message.data).digest();
  return Uint8Array.from(digest.subarray(0, MESSAGE_ID_BYTES));
}
