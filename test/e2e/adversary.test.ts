/** Each misbehaviour of a peer, tried on a real node: it is cut, the reason is counted, and honest peers still sync. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { NetworkPorts } from '../../client/p2p/interface.ts';
import { PEER_RATES } from '../../client/p2p/peers/book.ts';
import { describeProof, nameOf } from '../../client/p2p/proofs/descriptor.ts';
import { FrameKind } from '../../client/p2p/proofs/framing.ts';
import {
  encodeDataRequest,
  encodeHeaderRecord,
  encodeProofAnnouncement,
  encodeProvingClaim,
  encodeTransactions,
  hex,
} from '../../client/p2p/proofs/messages.ts';
import { topicId } from '../../client/p2p/proofs/protocols.ts';
import { snappyCompress } from '../../client/p2p/proofs/snappy.ts';
import {
  type Adversary,
  adversary,
  answer,
  frame,
  gossipFrame,
  LARGEST_TOPIC_BYTES,
  type Misbehaviour,
  serving,
  sizeOf,
} from '../support/p2p/adversary.ts';
import {
  announcementOf,
  PROOF_TYPE,
  pseudoRandom,
  recordOf,
  sealOf,
  type ToyBlock,
  toyChain,
} from '../support/p2p/chain.ts';
import { soon, until } from '../support/p2p/host.ts';
import { FORK, NEXT_FORK, type TestNode, testNode } from '../support/p2p/node.ts';

const EMPTY = new Uint8Array(0);
/** Two and a half MiB: three chunks. */
const PROOF_BYTES = 2_500_000;

type Scene = {
  readonly chain: readonly ToyBlock[];
  readonly honest: TestNode;
  readonly victim: TestNode;
  readonly third: TestNode;
};

/** An honest prover, a victim that hears of proofs through it, and a third node that hears only of the victim. */
async function scene(t: TestContext, proofBytes = 3000): Promise<Scene> {
  const chain = await toyChain(6, 'scene', proofBytes);
  const honest = await testNode(t, chain, { holds: chain, proven: chain });
  const victim = await testNode(t, chain, { bootnodes: [honest.address], config: { maxPeers: 12 } });
  const third = await testNode(t, chain, { bootnodes: [victim.address], config: { maxPeers: 2 } });
  await until('connected', () => victim.network.peers().filter(({ status }) => status !== undefined).length === 2);
  return { chain, honest, victim, third };
}

/** What must hold after every attack: dropped for the reason, and an honest proof still goes through to everyone. */
async function dropped({ chain, honest, victim, third }: Scene, bad: Adversary, fault: string): Promise<void> {
  await until(`${fault} is counted`, () => (victim.network.faultCounts()[fault] ?? 0) > 0);
  await until('dropped', () =>
    victim.network.banned().some(({ id, reason }) => id === bad.host.peerId && reason === fault),
  );
  await until('gone', () => !victim.network.peers().some(({ id }) => id === bad.host.peerId));
  await syncs({ chain, honest, victim, third });
}

async function syncs({ chain, honest, victim, third }: Scene): Promise<void> {
  const block = chain[5]!;
  await until('announced', async () => {
    if (victim.proven.has(block.hash)) return true;
    return (await honest.network.announceProof(announcementOf(block))) > 0;
  });
  await until('the honest proof reaches everyone', () => victim.proven.has(block.hash) && third.proven.has(block.hash));
  for (const good of [honest.network.peerId, third.network.peerId]) {
    assert.ok(!victim.network.banned().some(({ id }) => id === good), 'an honest peer was banned');
    assert.deepEqual(victim.network.peers().find(({ id }) => id === good)?.faults ?? {}, {});
  }
  // What a dropped peer announced holds its place until the fetch has asked everybody or its time is over.
  await until('nothing is left pending', () => victim.network.counters().pending === 0);
}

/** Lets the victim fetch a proof that the adversary is asked for first. */
async function fetchFrom({ victim, chain }: Scene, bad: Adversary, block = chain[1]!): Promise<void> {
  const got = await victim.network.proof(block.descriptor, { signal: soon(15_000), prefer: [bad.host.peerId] });
  assert.ok(got.ok && Buffer.compare(got.value, block.proof) === 0, 'the honest copy arrives all the same');
}

const never = (): Promise<void> => new Promise(() => {});

test('peer that serves other bytes than asked for → dropped, the proof comes from another', async (t) => {
  const s = await scene(t, PROOF_BYTES);
  const bad = await adversary(t, s.victim, s.chain, {
    data: serving(({ hash }) => {
      const block = s.chain.find(({ descriptor }) => descriptor.proofHash === hash)!;
      const bytes = Uint8Array.from(block.proof);
      for (let i = 0; i < bytes.length; i += 1 << 20) bytes[i]! ^= 1;
      return bytes;
    }),
  });
  for (const block of s.chain.slice(1, 4)) await fetchFrom(s, bad, block);
  await dropped(s, bad, 'wrongBytes');
});

const ANSWERS: readonly (readonly [name: string, fault: string, data: Misbehaviour])[] = [
  [
    'an endless answer',
    'unrequestedData',
    async (stream) => {
      await stream.write(frame(FrameKind.item, sizeOf(PROOF_BYTES)), soon());
      for (;;) await stream.write(frame(FrameKind.item, new Uint8Array(65536)), soon());
    },
  ],
  [
    'an endless answer of empty frames',
    'unrequestedData',
    async (stream) => {
      await stream.write(frame(FrameKind.item, sizeOf(PROOF_BYTES)), soon());
      const many = Buffer.concat(Array.from({ length: 1000 }, () => frame(FrameKind.item, EMPTY)));
      for (;;) await stream.write(many, soon());
    },
  ],
  [
    'a frame that declares 4 GiB',
    'oversizedMessage',
    async (stream) => {
      await stream.write(frame(FrameKind.item, new Uint8Array(1000), 0xffffffff), soon());
      await never();
    },
  ],
  ['an object of 4 GiB', 'oversizedMessage', async (stream) => answer(stream, [sizeOf(0xffffffff)])],
  [
    'more after the end',
    'unrequestedData',
    async (stream) => {
      await stream.write(frame(FrameKind.end, EMPTY), soon());
      await stream.write(new Uint8Array(100), soon());
      await never();
    },
  ],
  [
    'an unknown kind of frame',
    'malformedMessage',
    async (stream) => {
      await stream.write(frame(77, EMPTY), soon());
      await never();
    },
  ],
  ['no size', 'malformedMessage', async (stream) => answer(stream, [])],
  [
    'a slow drip',
    'slowResponse',
    async (stream) => {
      const head = frame(FrameKind.item, sizeOf(PROOF_BYTES));
      for (let i = 0; ; i = (i + 1) % head.length) {
        await stream.write(head.subarray(i, i + 1), soon());
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  ],
  ['silence', 'slowResponse', never],
  [
    'an answer that ends early',
    'truncatedResponse',
    async (stream) => {
      await stream.write(frame(FrameKind.item, sizeOf(PROOF_BYTES)), soon());
      await stream.closeWrite(soon());
    },
  ],
];

test('peer that answers with …', async (t) => {
  const s = await scene(t, PROOF_BYTES);
  const before = process.memoryUsage().arrayBuffers;
  for (const [name, fault, data] of ANSWERS) {
    await t.test(`${name} → ${fault}, the proof comes from another, memory flat`, async (tt) => {
      const bad = await adversary(tt, s.victim, s.chain, { data });
      const charged = (): number =>
        s.victim.network.peers().find(({ id }) => id === bad.host.peerId)?.faults[fault] ??
        (s.victim.network.banned().some(({ id, reason }) => id === bad.host.peerId && reason === fault) ? 1 : 0);
      await fetchFrom(s, bad);
      await until('charged', () => charged() > 0);
      assert.ok(process.memoryUsage().arrayBuffers - before < 64 << 20);
    });
  }
  await syncs(s);
});

test('peer that goes on answering wrongly → each time costs, until it is dropped', async (t) => {
  const s = await scene(t);
  const bad = await adversary(t, s.victim, s.chain, { data: async (stream) => answer(stream, []) });
  for (const block of [1, 2]) await fetchFrom(s, bad, s.chain[block]);
  await dropped(s, bad, 'malformedMessage');
});

test('peer with headers of another chain in place of those asked for → dropped', async (t) => {
  const s = await scene(t);
  const other = await toyChain(6, 'other');
  const bad = await adversary(t, s.victim, s.chain, {
    headers: (stream) =>
      answer(
        stream,
        [s.chain[1]!, other[2]!].map((block) => encodeHeaderRecord(recordOf(block))),
      ),
  });
  const of = (peer: string) => s.victim.network.headers({ from: 1n, count: 3 }, { signal: soon(), peer });
  assert.deepEqual(await of(bad.host.peerId), { ok: false, code: 'unavailable' });
  assert.ok((await of(s.honest.network.peerId)).ok);
  await dropped(s, bad, 'invalidHeader');
});

test('peer with a false body → dropped, the body comes from another', async (t) => {
  const s = await scene(t);
  const bad = await adversary(t, s.victim, s.chain, { data: serving(() => pseudoRandom('false', 2001)) });
  const { hash, body } = s.chain[1]!;
  const got = await s.victim.network.blockData('body', hash, {
    signal: soon(),
    prefer: [bad.host.peerId],
    maxBytes: 10_000,
    check: (bytes) => Buffer.compare(bytes, body) === 0,
  });
  assert.ok(got.ok);
  await dropped(s, bad, 'wrongBytes');
});

const STATUSES: readonly (readonly [name: string, fault: string, status: Misbehaviour])[] = [
  ['no status', 'malformedMessage', (stream) => answer(stream, [new Uint8Array(7)])],
  ['a status without end', 'oversizedMessage', (stream) => answer(stream, [new Uint8Array(600)])],
  ['two statuses', 'unrequestedData', (stream) => answer(stream, [new Uint8Array(200), new Uint8Array(200)])],
];
test('peer that says who it is with …', async (t) => {
  const s = await scene(t);
  for (const [name, fault, status] of STATUSES) {
    await t.test(`${name} → ${fault}, never asked for anything`, async (tt) => {
      const bad = await adversary(tt, s.victim, s.chain, { status });
      await until(
        'charged',
        () => (s.victim.network.peers().find(({ id }) => id === bad.host.peerId)?.faults[fault] ?? 0) > 0,
      );
    });
  }
  await syncs(s);
});

const REQUESTS: readonly (readonly [name: string, fault: string, bytes: Uint8Array])[] = [
  ['a request of 4 GiB', 'oversizedMessage', Uint8Array.from([255, 255, 255, 255])],
  ['a request that is no SSZ', 'malformedMessage', Uint8Array.from([3, 0, 0, 0, 1, 2, 3])],
  [
    'a range that no client asks for',
    'malformedMessage',
    request(encodeDataRequest({ kind: 'proof', hash: `0x${'00'.repeat(32)}`, offset: 7, length: 1 })),
  ],
  ['bytes after its request', 'unrequestedData', Buffer.concat([request(new Uint8Array(41)), new Uint8Array(10)])],
  ['a request that never comes', 'slowResponse', Uint8Array.from([41, 0])],
];

function request(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([sizeOf(bytes.length), bytes]);
}

test('peer that asks with …', async (t) => {
  const s = await scene(t);
  for (const [name, fault, bytes] of REQUESTS) {
    await t.test(`${name} → ${fault}`, async (tt) => {
      const bad = await adversary(tt, s.victim, s.chain);
      const stream = await bad.send(s.victim.network.peerId, 'data', bytes);
      if (fault !== 'slowResponse') await stream.closeWrite(soon()).catch(() => {});
      const faults = () => s.victim.network.peers().find(({ id }) => id === bad.host.peerId)?.faults ?? {};
      await until('charged', () => (faults()[fault] ?? 0) > 0);
    });
  }
  await syncs(s);
});

test('peer that asks without pause → refused, then dropped', async (t) => {
  const chain = await toyChain(2);
  const rates = { capacity: 10, perSecond: 1 };
  const victim = await testNode(t, chain, {
    holds: chain,
    tuning: {
      rates: { ...PEER_RATES, requests: rates, servedBytes: { capacity: 1e9, perSecond: 1 }, messages: rates },
    },
  });
  const bad = await adversary(t, victim, chain);
  for (let i = 0; i < 100 && bad.host.peers().length > 0; i++) {
    const stream = await bad.send(victim.network.peerId, 'status', sizeOf(0)).catch(() => undefined);
    await stream?.closeWrite(soon()).catch(() => {});
    await stream?.read(soon()).catch(() => {});
    stream?.abort('next');
  }
  await until('dropped', () => victim.network.banned().some(({ reason }) => reason === 'tooManyRequests'));
});

/** An announcement of a proof that is other bytes than the block's. */
function falseProof(block: ToyBlock, proof = pseudoRandom('false', 3000)) {
  return { ...announcementOf(block), proof: describeProof(PROOF_TYPE, proof) };
}

test('announcement of a proof that does not verify → one verification, its sender dropped, not forwarded', async (t) => {
  const s = await scene(t);
  const proof = pseudoRandom('false', 3000);
  const bad = await adversary(t, s.victim, s.chain, { data: serving(() => proof) });
  await bad.gossip('execution_proof', encodeProofAnnouncement(falseProof(s.chain[1]!, proof)));
  await dropped(s, bad, 'invalidProof');
  assert.equal(s.victim.network.counters().verifiedFalse, 1);
  assert.equal(s.third.network.counters().rejected, 0, 'the third node never saw it');
  const again = await adversary(t, s.victim, s.chain, { data: never });
  await again.gossip(
    'execution_proof',
    encodeProofAnnouncement({ ...falseProof(s.chain[1]!, proof), seal: s.chain[1]!.seal }),
  );
  assert.equal(s.victim.verifications, 2, 'the false one and the honest one, nothing twice');
});

test('announcements of proofs that nobody serves → ignored, charged; the true one passes beside them', async (t) => {
  const s = await scene(t);
  let isAsked = false;
  let tell = (): void => {};
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  // Says that it has nothing, but not before the true proof has come.
  const data: Misbehaviour = async (stream, request) => {
    isAsked = true;
    await told;
    await serving(() => undefined)(stream, request);
  };
  const bad = await adversary(t, s.victim, s.chain, { data });
  const { victim, honest, chain } = s;
  await bad.gossip('execution_proof', encodeProofAnnouncement(falseProof(chain[1]!)));
  await until('asked', () => isAsked);
  assert.equal(victim.network.counters().pending, 1);
  await until('announced', async () => (await honest.network.announceProof(announcementOf(chain[1]!))) > 0);
  await until('the true one is adopted', () => victim.proven.has(chain[1]!.hash));
  tell();
  await until('charged', () => (victim.network.faultCounts().withheldData ?? 0) === 1);
  assert.equal(victim.network.counters().verifiedFalse, 0, 'no attempt was made');
  for (let i = 2; i < 5; i++) {
    await bad.gossip('execution_proof', encodeProofAnnouncement(falseProof(chain[i]!)));
  }
  await until('charged again', () => (victim.network.faultCounts().withheldData ?? 0) === 4);
  await syncs(s);
});

test('proven block of a fork that no sealer signed → never followed, its sender dropped', async (t) => {
  const s = await scene(t);
  const fork = await toyChain(3, 'fork');
  const bad = await adversary(t, s.victim, s.chain, { data: serving(() => fork[1]!.proof) });
  const seal = sealOf(s.chain[1]!.hash); // a true seal, of another block
  await bad.gossip('execution_proof', encodeProofAnnouncement({ ...announcementOf(fork[1]!), seal }));
  await dropped(s, bad, 'invalidSeal');
  assert.ok(!s.victim.proven.has(fork[1]!.hash) && !s.victim.blocks.has(fork[1]!.hash));
});

test('announcement on the topic of a fork that is not the block’s → its sender charged', async (t) => {
  const s = await scene(t);
  const bad = await adversary(t, s.victim, s.chain);
  for (let i = 1; i < 5; i++) {
    await bad.gossip('execution_proof', encodeProofAnnouncement(announcementOf(s.chain[i]!)), NEXT_FORK);
  }
  await dropped(s, bad, 'unknownFork');
});

test('header from the future → its sender charged', async (t) => {
  const chain = await toyChain(6);
  const honest = await testNode(t, chain, { holds: chain, proven: chain });
  const victim = await testNode(t, chain, {
    bootnodes: [honest.address],
    ports: { judgeHeader: async () => ({ verdict: 'reject', code: 'timestampAhead', fault: 'farFuture' }) },
  });
  const bad = await adversary(t, victim, chain);
  for (let i = 1; i < 5; i++) await bad.gossip('execution_proof', encodeProofAnnouncement(announcementOf(chain[i]!)));
  await until('dropped', () =>
    victim.network.banned().some(({ id, reason }) => id === bad.host.peerId && reason === 'farFuture'),
  );
});

const MESSAGES: readonly (readonly [
  name: string,
  message: (chain: readonly ToyBlock[]) => Uint8Array,
  fault: string,
])[] = [
  ['is no SSZ', () => new Uint8Array(100), 'malformedMessage'],
  [
    'names chunk hashes of another proof',
    ([, block]) =>
      encodeProofAnnouncement({ ...announcementOf(block!), proof: { ...block!.descriptor, proofHash: block!.hash } }),
    'malformedMessage',
  ],
  [
    'claims another block than its header’s',
    ([, block, next]) => encodeProofAnnouncement({ ...announcementOf(block!), claim: next!.claim }),
    'malformedMessage',
  ],
  ['is larger than its topic allows', () => pseudoRandom('large', LARGEST_TOPIC_BYTES + 1), 'malformedMessage'],
];
for (const [name, message, fault] of MESSAGES) {
  test(`announcement that ${name} → its sender charged, not forwarded`, async (t) => {
    const s = await scene(t);
    const bad = await adversary(t, s.victim, s.chain);
    await bad.gossip('execution_proof', message(s.chain));
    await until('charged', () => (s.victim.network.faultCounts()[fault] ?? 0) > 0);
    assert.equal(s.victim.network.counters().accepted, 0);
    await syncs(s);
  });
}

test('the same message without end → its sender dropped, nothing judged twice', async (t) => {
  const s = await scene(t);
  const bad = await adversary(t, s.victim, s.chain);
  const stream = await bad.rawGossip(s.victim.network.peerId);
  const topic = topicId(s.chain[0]!.hash, FORK, 'execution_proof');
  const message = gossipFrame(topic, snappyCompress(encodeProofAnnouncement(announcementOf(s.chain[1]!))));
  const many = Buffer.concat(Array.from({ length: 50 }, () => message));
  for (let i = 0; i < 100 && bad.host.peers().length > 0; i++) await stream.write(many, soon(1000)).catch(() => {});
  await dropped(s, bad, 'tooManyMessages');
  assert.equal(s.victim.verifications, 2, 'this one and the honest one');
});

for (const [name, data] of [
  ['declares 4 GiB', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0)],
  ['is not compressed', pseudoRandom('plain', 3000)],
  ['is nothing', EMPTY],
] as const) {
  test(`gossip that ${name} → its sender dropped, memory flat`, async (t) => {
    const s = await scene(t);
    const bad = await adversary(t, s.victim, s.chain);
    const stream = await bad.rawGossip(s.victim.network.peerId);
    const before = process.memoryUsage().arrayBuffers;
    const message = gossipFrame(topicId(s.chain[0]!.hash, FORK, 'execution_proof'), data);
    for (let i = 0; i < 5; i++) await stream.write(message, soon()).catch(() => {});
    await dropped(s, bad, 'malformedMessage');
    assert.ok(process.memoryUsage().arrayBuffers - before < 64 << 20);
  });
}

test('flood of announcements → bounded work, then dropped', async (t) => {
  const s = await scene(t);
  const bad = await adversary(t, s.victim, s.chain);
  const message = (i: number): Uint8Array =>
    encodeProofAnnouncement(falseProof(s.chain[1 + (i % 4)]!, pseudoRandom(`${i}`, 100)));
  for (let i = 0; i < 600 && bad.host.peers().length > 0; i++) {
    await bad.gossip('execution_proof', message(i)).catch(() => {});
    assert.ok(s.victim.network.counters().pending <= 8);
  }
  await until('dropped', () => s.victim.network.banned().some(({ id }) => id === bad.host.peerId));
  await syncs(s);
});

test('claims: too far ahead, with a false signature → charged; of a stranger → a minute at most', async (t) => {
  const s = await scene(t);
  const bad = await adversary(t, s.victim, s.chain);
  const expiresAt = Math.floor(Date.now() / 1000);
  const claim = {
    blockHash: s.chain[1]!.hash,
    proofType: PROOF_TYPE,
    prover: new Uint8Array(32),
    signature: new Uint8Array(64),
  };
  // Gossip may lose a message: another one says the same until one has come.
  const charged = async (fault: 'farFuture' | 'malformedMessage', aheadSeconds: number): Promise<void> => {
    const isCharged = (): boolean => (s.victim.network.faultCounts()[fault] ?? 0) > 0;
    for (let k = 0; k < 4 && !isCharged(); k++) {
      await bad.gossip('proving_claim', encodeProvingClaim({ ...claim, expiresAt: expiresAt + aheadSeconds + k }));
      await until('charged', isCharged, 5_000).catch(() => {});
    }
    assert.ok(isCharged(), fault);
  };
  await charged('farFuture', 100_000);
  await charged('malformedMessage', 30);
  assert.equal(s.victim.network.claimedUntil(claim.blockHash, PROOF_TYPE), undefined);
  const other = { blockHash: s.chain[2]!.hash, proofType: PROOF_TYPE, expiresAt: expiresAt + 590 };
  await until('claimed', async () => (await s.third.network.claimProving(other)) > 0);
  await until('known', () => s.victim.network.claimedUntil(other.blockHash, PROOF_TYPE) !== undefined);
  assert.ok(s.victim.network.claimedUntil(other.blockHash, PROOF_TYPE)! <= Date.now() / 1000 + 60);
});

test('strangers who together send more than one peer may say → forwarded in part, and nobody takes the node for a flood', async (t) => {
  const chain = await toyChain(2, 'relay');
  const pool = (): Partial<NetworkPorts> => {
    const held = new Map<string, Uint8Array>();
    return {
      hasTransaction: (hash) => held.has(hash),
      takeTransaction: async (raw) => {
        held.set(hex(keccak_256(raw)), raw);
        return { verdict: 'accept' };
      },
    };
  };
  const victim = await testNode(t, chain, { ports: pool() });
  const third = await testNode(t, chain, { ports: pool(), bootnodes: [victim.address] });
  const topic = topicId(chain[0]!.hash, FORK, 'transactions');
  for (let k = 0; k < 3; k++) {
    const bad = await adversary(t, victim, chain);
    const stream = await bad.rawGossip(victim.network.peerId);
    for (let i = 0; i < 400; i++) {
      const message = encodeTransactions([pseudoRandom(`${k} ${i}`, 100)], 0n);
      await stream.write(gossipFrame(topic, snappyCompress(message)), soon());
    }
  }
  await until('taken', () => victim.network.counters().transactions.taken === 1200);
  await until('some went on', () => third.network.counters().transactions.taken > 100);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { id, faults } = third.network.peers().find((peer) => peer.id === victim.network.peerId) ?? {};
  assert.deepEqual([id, faults], [victim.network.peerId, {}]);
});

test('announcements of the largest proofs, served as slowly as is allowed → what the node itself wants comes meanwhile', async (t) => {
  const s = await scene(t);
  const chunkHashes = Array.from({ length: 256 }, (_, i) => new Uint8Array(32).fill(i));
  const largest = { proofType: PROOF_TYPE, proofHash: nameOf(chunkHashes), sizeBytes: 256 << 20, chunkHashes };
  let asked = 0;
  const bad = await adversary(t, s.victim, s.chain, {
    data: async (stream) => {
      asked++;
      await stream.write(frame(FrameKind.item, sizeOf(largest.sizeBytes)), soon());
      await stream.write(frame(FrameKind.item, EMPTY, 1 << 20).subarray(0, 5), soon());
      for (;;) {
        await stream.write(new Uint8Array(16 * 1024), soon());
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  });
  for (const block of s.chain.slice(1, 3))
    await bad.gossip('execution_proof', encodeProofAnnouncement({ ...announcementOf(block), proof: largest }));
  await until('both are pending', () => s.victim.network.counters().pending === 2 && asked > 0);
  const body = await s.victim.network.blockData('body', s.chain[4]!.hash, {
    signal: soon(1000),
    prefer: [s.honest.network.peerId],
    maxBytes: 1 << 20,
    check: () => true,
  });
  assert.ok(body.ok, 'the body came');
  assert.equal(s.victim.network.counters().pending, 2, 'while both were being fetched or waited for their turn');
});
