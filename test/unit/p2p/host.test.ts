import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { identify } from '@libp2p/identify';
import { tcp } from '@libp2p/tcp';
import { createLibp2p } from 'libp2p';
import { WebSocket } from 'ws';
import type { ByteStream } from '../../../client/p2p/host/byte-stream.ts';
import type { Host, Verdict } from '../../../client/p2p/host/host.ts';
import { soon, TOPIC, testHost, until } from '../../support/p2p/host.ts';
import { behindLine } from '../../support/p2p/link.ts';
import { type RawPeer, rawPeer, yamuxHead } from '../../support/p2p/raw-peer.ts';

const PROTOCOL = '/test/1';

async function pair(a: Host, b: Host): Promise<void> {
  await a.dial(b.addresses()[0]!, soon());
  await until('both see each other', () => a.peers().length === 1 && b.peers().length === 1);
}

async function readAll(read: () => Promise<Uint8Array | undefined>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let part = await read(); part !== undefined; part = await read()) parts.push(part);
  return Buffer.concat(parts);
}

test('stream 8 MiB each way → the same bytes, both ends closed', async (t) => {
  const [a, b] = [await testHost(t), await testHost(t)];
  await b.handle(
    PROTOCOL,
    async (stream) => {
      const all = await readAll(() => stream.read(soon()));
      for (let i = 0; i < all.length; i += 65536) await stream.write(all.subarray(i, i + 65536), soon());
      await stream.closeWrite(soon());
    },
    { maxStreamsPerPeer: 2 },
  );
  await pair(a, b);
  const sent = Buffer.alloc(8 << 20, 'zkl1 stream ');
  const stream = await a.open(b.peerId, PROTOCOL, soon());
  for (let i = 0; i < sent.length; i += 65536) await stream.write(sent.subarray(i, i + 65536), soon());
  await stream.closeWrite(soon());
  assert.deepEqual(Buffer.from(await readAll(() => stream.read(soon()))), sent);
});

test('stream whose reader does not read → the writer waits, and little is held', async (t) => {
  const [a, b] = [await testHost(t), await testHost(t)];
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await b.handle(PROTOCOL, async () => held, { maxStreamsPerPeer: 1 });
  await pair(a, b);
  const stream = await a.open(b.peerId, PROTOCOL, soon());
  const piece = new Uint8Array(65536);
  let written = 0;
  await assert.rejects(
    async () => {
      for (; written < 64 << 20; written += piece.length) await stream.write(piece, soon(500));
    },
    { code: 'timedOut' },
  );
  assert.ok(written < 4 << 20, `${written} bytes were taken`);
  release();
});

test('stream beyond those that a peer may have → reset', async (t) => {
  const [a, b] = [await testHost(t), await testHost(t)];
  await b.handle(PROTOCOL, async (stream) => void (await stream.read(soon())), { maxStreamsPerPeer: 1 });
  await pair(a, b);
  const first = await a.open(b.peerId, PROTOCOL, soon());
  await assert.rejects(async () => {
    const second = await a.open(b.peerId, PROTOCOL, soon());
    await second.write(new Uint8Array(1), soon());
    await second.read(soon());
    await second.read(soon());
  });
  first.abort('done');
});

test('open of a protocol that the peer lacks → protocolRefused', async (t) => {
  const [a, b] = [await testHost(t), await testHost(t)];
  await pair(a, b);
  await assert.rejects(a.open(b.peerId, '/test/absent/1', soon()), { code: 'protocolRefused' });
});

/** Two hosts with a line between them, the first of which has dialled and knows what the second speaks. */
async function acquainted(t: TestContext, protocol: string, handler: (stream: ByteStream) => Promise<void>) {
  const [a, b] = [await testHost(t), await testHost(t)];
  await b.handle(protocol, handler, { maxStreamsPerPeer: 4 });
  const { address, link } = await behindLine(t, b.addresses()[0]!);
  await a.dial(address, soon());
  await until('identified', async () => (await a.peerRecords(1)).length === 1);
  return { a, b, link };
}

test('request to a peer that is known to speak the protocol → heard whole before anything has come back', async (t) => {
  const heard: string[] = [];
  const { a, b, link } = await acquainted(t, PROTOCOL, async (stream) => {
    const request = await readAll(() => stream.read(soon()));
    heard.push(Buffer.from(request).toString());
    await stream.write(request, soon());
    await stream.closeWrite(soon());
  });
  link.hold('back');
  const sizes = [1, 1448, 100_000];
  const asked = sizes.map(async (size) => {
    const stream = await a.open(b.peerId, PROTOCOL, soon());
    await stream.write(Buffer.alloc(size, 'x'), soon());
    await stream.closeWrite(soon());
    return stream;
  });
  await until('heard', () => heard.length === sizes.length);
  assert.deepEqual(heard.map((text) => text.length).sort(), [...sizes].sort());
  link.release();
  for (const [i, stream] of (await Promise.all(asked)).entries())
    assert.equal((await readAll(() => stream.read(soon()))).length, sizes[i]);
});

test('request to a peer that no longer speaks what it said it does → protocolRefused', async (t) => {
  const a = await testHost(t);
  const b = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    ...{ transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] },
    services: { identify: identify() },
  });
  t.after(() => b.stop());
  await b.handle(PROTOCOL, () => {});
  await a.dial(b.getMultiaddrs()[0]!.toString(), soon());
  await until('identified', async () => (await a.peerRecords(1)).length === 1);
  await b.unhandle(PROTOCOL);
  const stream = await a.open(b.peerId.toString(), PROTOCOL, soon());
  await stream.write(new Uint8Array(9), soon());
  await assert.rejects(stream.read(soon()), { code: 'protocolRefused' });
});

test('connection that is lost while an answer is awaited → streamReset, not the end of an answer', async (t) => {
  const { a, b, link } = await acquainted(t, PROTOCOL, async (stream) => {
    while ((await stream.read(soon())) !== undefined);
  });
  const stream = await a.open(b.peerId, PROTOCOL, soon());
  await stream.write(new Uint8Array(9), soon());
  const answer = assert.rejects(stream.read(soon()), { code: 'streamReset' });
  link.cut();
  await answer;
});

test('dial of an address where nobody listens → dialFailed', async (t) => {
  const a = await testHost(t);
  await assert.rejects(a.dial('/ip4/127.0.0.1/tcp/1', soon()), { code: 'dialFailed' });
  await assert.rejects(a.dial('nonsense', soon()), { code: 'dialFailed' });
});

test('listen on a port that is taken → listenFailed', async (t) => {
  const a = await testHost(t);
  const port = Number(/tcp\/(\d+)/.exec(a.addresses()[0]!)![1]);
  await assert.rejects(testHost(t, {}, { listen: { address: '127.0.0.1', port } }), { code: 'listenFailed' });
});

test('connection with a banned peer → refused in both directions', async (t) => {
  const banned = new Set<string>();
  const a = await testHost(t, { isBanned: (peer) => banned.has(peer) });
  const b = await testHost(t);
  banned.add(b.peerId);
  await assert.rejects(a.dial(b.addresses()[0]!, soon()), { code: 'dialFailed' });
  await b.dial(a.addresses()[0]!, soon()).catch(() => {});
  await until('a has nobody', () => a.peers().length === 0);
  assert.deepEqual(a.peers(), []);
});

test('connection over WebSocket → the same streams', async (t) => {
  const a = await testHost(t);
  const b = await testHost(t, {}, { listen: { address: '127.0.0.1', port: 0, wsPort: 0 } });
  await b.handle(PROTOCOL, async (stream) => stream.write(new Uint8Array([7]), soon()), { maxStreamsPerPeer: 1 });
  const address = b.addresses().find((text) => text.includes('/ws'))!;
  const port = Number(/tcp\/(\d+)/.exec(address)![1]);
  assert.equal(await upgradeStatus(port), 101);
  if (!('WebSocket' in globalThis)) return; // Node 20 cannot dial; it serves browsers all the same
  await a.dial(address, soon());
  const stream = await a.open(b.peerId, PROTOCOL, soon());
  assert.deepEqual(Array.from((await stream.read(soon()))!), [7]);
});

function upgradeStatus(port: number): Promise<number | undefined> {
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
  };
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, headers })
      .on('upgrade', ({ statusCode }, socket) => {
        socket.destroy();
        resolve(statusCode);
      })
      .on('response', ({ statusCode }) => resolve(statusCode))
      .on('error', reject);
  });
}

test('peer that comes and goes → told once each', async (t) => {
  const seen: string[] = [];
  const a = await testHost(t, {
    onPeer: (_, direction) => seen.push(direction),
    onPeerGone: () => seen.push('gone'),
  });
  const b = await testHost(t);
  await pair(b, a);
  await a.disconnect(b.peerId);
  await until('gone', () => seen.includes('gone'));
  assert.deepEqual(seen, ['inbound', 'gone']);
});

test('peer that falls silent, its connection as it was → noticed and told of; one that only has nothing to say is kept', async (t) => {
  const gone: string[] = [];
  const a = await testHost(t, { onPeerGone: (peer) => gone.push(peer) }, { lookMs: 50 });
  const [quiet, silent] = [await testHost(t), await testHost(t)];
  await a.dial(quiet.addresses()[0]!, soon());
  const { address, link } = await behindLine(t, silent.addresses()[0]!);
  await a.dial(address, soon());
  await until('identified', async () => (await a.peerRecords(2)).length === 2);
  link.hold('there', 'back');
  await until('noticed', () => gone.length > 0);
  assert.deepEqual(gone, [silent.peerId]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual(
    a.peers().map(({ id }) => id),
    [quiet.peerId],
  );
});

test('peer record passed on by another → the peer can be dialled; a forged one is refused', async (t) => {
  const [a, b, c] = [await testHost(t), await testHost(t), await testHost(t)];
  await pair(a, b);
  await c.dial(a.addresses()[0]!, soon());
  await until('a has a record', async () => (await a.peerRecords(8)).length === 2);
  const records = await a.peerRecords(8);
  const news = await Promise.all(records.map((record) => b.addPeerRecord(record).catch(() => false)));
  assert.ok(news.some(Boolean));
  assert.deepEqual(await b.knownPeers(), [c.peerId]);
  await b.dialPeer(c.peerId, soon());
  const forged = Uint8Array.from(records[0]!);
  forged[forged.length - 1]! ^= 1;
  await assert.rejects(b.addPeerRecord(forged), { code: 'peerRecordInvalid' });
  await assert.rejects(b.addPeerRecord(new Uint8Array(9)), { code: 'peerRecordInvalid' });
});

/** a – b – c: what a publishes reaches c only through b. */
async function line(
  t: Parameters<typeof testHost>[0],
  verdict: () => Promise<Verdict>,
  score?: (peer: string) => number,
) {
  const a = await testHost(t);
  const b = await testHost(t, score === undefined ? {} : { score });
  const c = await testHost(t);
  const received: Uint8Array[] = [];
  let judged = 0;
  a.subscribe(TOPIC, async () => 'accept');
  b.subscribe(TOPIC, async () => {
    judged++;
    return verdict();
  });
  c.subscribe(TOPIC, async (data) => {
    received.push(data);
    return 'accept';
  });
  await a.dial(b.addresses()[0]!, soon());
  await c.dial(b.addresses()[0]!, soon());
  return { a, b, c, received, judged: () => judged };
}

/** Publishes until somebody takes it: a mesh needs a moment. Each message differs. */
async function publish(host: Host, size = 100): Promise<void> {
  const message = new Uint8Array(size);
  await until('published', async () => {
    message[0]!++;
    return (await host.publish(TOPIC, message).catch(() => 0)) > 0;
  });
}

test('gossip message that is accepted after a while → forwarded', async (t) => {
  let accept: () => void = () => {};
  const accepted = new Promise<Verdict>((resolve) => {
    accept = () => resolve('accept');
  });
  const { a, received, judged } = await line(t, () => accepted);
  await publish(a);
  await until('judged', () => judged() > 0);
  assert.equal(received.length, 0);
  await new Promise((resolve) => setTimeout(resolve, 1000)); // ten heartbeats: past any message cache
  accept();
  await until('forwarded', () => received.length > 0);
  assert.equal(received[0]!.length, 100);
});

test('gossip message that is ignored → not forwarded, no score lost; rejected → score lost', async (t) => {
  let verdict: Verdict = 'ignore';
  const { a, b, received, judged } = await line(t, async () => verdict);
  await publish(a);
  await until('judged', () => judged() > 0);
  assert.equal(b.gossipScore(a.peerId), 0);
  const before = judged();
  verdict = 'reject';
  await publish(a, 101);
  await until('judged again', () => judged() > before);
  await until('score falls', () => b.gossipScore(a.peerId) < -15);
  assert.equal(received.length, 0);
});

test('gossip message of a peer that the book has had enough of → not even judged', async (t) => {
  let low = '';
  const { a, b, judged } = await line(
    t,
    async () => 'accept',
    (peer) => (peer === low ? -120 : 0),
  );
  await publish(a);
  await until('judged', () => judged() > 0);
  low = a.peerId;
  await until('the score is renewed', () => b.gossipScore(a.peerId) < -100);
  // gossipsub lets a peer that was in good standing go on for a second.
  let size = 200;
  await until('a message passes unjudged', async () => {
    const before = judged();
    await a.publish(TOPIC, new Uint8Array(size++));
    await new Promise((resolve) => setTimeout(resolve, 100));
    return judged() === before;
  });
});

test('gossip message larger than its topic allows → rejected unread, score lost', async (t) => {
  const { a, b, judged } = await line(t, async () => 'accept');
  await publish(a);
  await until('judged', () => judged() > 0);
  const before = judged();
  await a.publish(TOPIC, new Uint8Array(65537));
  await until('score falls', () => b.gossipScore(a.peerId) < -15);
  assert.equal(judged(), before);
});

test('publish where nobody listens → an error, not silence', async (t) => {
  const a = await testHost(t);
  a.subscribe(TOPIC, async () => 'accept');
  await assert.rejects(a.publish(TOPIC, new Uint8Array(1)), { code: 'noSubscribers' });
});

const [SYN, STREAM] = [1, 999];
const FLOODS: readonly (readonly [name: string, reason: RegExp, flood: (peer: RawPeer) => void])[] = [
  [
    'a frame that declares 4 GiB',
    /a frame of 4294967295 bytes/,
    (peer) => peer.send(yamuxHead('data', SYN, STREAM, 0xffffffff)),
  ],
  [
    'pings without end',
    /too many pings/,
    (peer) => {
      for (let i = 0; i < 100; i++) peer.send(yamuxHead('ping', SYN, 0, i));
    },
  ],
  [
    'streams without end, each closed at once',
    /too many streams/,
    (peer) => {
      const RST = 8;
      for (let i = 1; i < 2000; i += 2)
        peer.send(
          Buffer.concat([yamuxHead('window', SYN, STREAM + i + 1, 0), yamuxHead('window', RST, STREAM + i + 1, 0)]),
        );
    },
  ],
  [
    'a stream in single bytes',
    /too many pieces/,
    (peer) => {
      const hello = Buffer.from(`\x13/multistream/1.0.0\n\x08${PROTOCOL}\n`, 'latin1');
      peer.send(Buffer.concat([yamuxHead('data', SYN, STREAM, hello.length), hello]));
      const piece = Buffer.concat([yamuxHead('data', 0, STREAM, 1), Uint8Array.of(1)]);
      for (let i = 0; i < 20; i++) peer.send(Buffer.concat(new Array(100).fill(piece)));
    },
  ],
];
for (const [name, expected, flood] of FLOODS) {
  test(`peer that sends ${name} → cut, and told of`, async (t) => {
    const abuses: string[] = [];
    const host = await testHost(t, { onAbuse: (peer, reason) => abuses.push(`${peer} ${reason}`) });
    await host.handle(PROTOCOL, () => new Promise(() => {}), { maxStreamsPerPeer: 1 });
    const [peer] = await rawPeer(t, host.addresses()[0]!);
    await until('connected', () => host.peers().length === 1);
    flood(peer!);
    await until('cut', () => host.peers().length === 0 && !peer!.isOpen());
    assert.equal(abuses.length, 1);
    assert.match(abuses[0]!, expected);
    assert.ok(abuses[0]!.startsWith(peer!.id));
  });
}

test('pieces of a frame in packets of a byte → whole, and the stream goes on', async (t) => {
  const host = await testHost(t);
  const [peer] = await rawPeer(t, host.addresses()[0]!);
  await until('connected', () => host.peers().length === 1);
  const frame = Buffer.concat([yamuxHead('data', SYN, STREAM, 500), Buffer.alloc(500, 1)]);
  for (const byte of frame) peer!.send(Uint8Array.of(byte));
  await until('taken', () => peer!.unsentBytes() === 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(peer!.isOpen());
});

test('connections of one peer → four at most', async (t) => {
  const host = await testHost(t);
  const connections = await rawPeer(t, host.addresses()[0]!, 5);
  await until('the fifth is cut', () => connections.filter((each) => each.isOpen()).length === 4);
  assert.equal(host.peers()[0]?.addresses.length, 4);
});

test('connection to the WebSocket port that asks for nothing, sends too much at once or breaks a rule → closed, the host goes on', async (t) => {
  const host = await testHost(
    t,
    {},
    {
      listen: { address: '127.0.0.1', port: 0, wsPort: 0 },
      webSocketLimits: { upgradeMs: 200, maxMessageBytes: 70_000 },
    },
  );
  const port = Number(/tcp\/(\d+)\/ws/.exec(host.addresses().join(' '))?.[1]);
  const silent = connect(port, '127.0.0.1').on('error', () => {});
  await new Promise((resolve) => silent.once('close', resolve));
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}`);
  await new Promise((resolve) => webSocket.once('open', resolve));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(webSocket.readyState, WebSocket.OPEN, 'what has asked may take its time');
  webSocket.send(new Uint8Array(70_001));
  await new Promise((resolve) => webSocket.once('close', resolve));
  const another = new WebSocket(`ws://127.0.0.1:${port}`);
  await new Promise((resolve) => another.once('open', resolve));
  const UNMASKED = Uint8Array.of(0x82, 1, 0);
  (another as unknown as { readonly _socket: Socket })._socket.write(UNMASKED);
  await new Promise((resolve) => another.once('close', resolve));
  assert.equal(await upgradeStatus(port), 101);
});

test('peer that listens nowhere, once it is gone → nothing of it is remembered', async (t) => {
  const host = await testHost(t);
  const stranger = await testHost(t, {}, { listen: undefined });
  await pair(stranger, host);
  await until('it has said who it is', async () => (await host.rememberedPeers()) > 0);
  await stranger.disconnect(host.peerId);
  await until('gone', () => host.peers().length === 0);
  assert.deepEqual(await host.knownPeers(), []);
  assert.equal(await host.rememberedPeers(), 0);
});
