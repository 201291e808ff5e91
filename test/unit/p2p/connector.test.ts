import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLogger } from '../../../client/log.ts';
import type { Host } from '../../../client/p2p/host/host.ts';
import { Connector, type ConnectorModules, MAX_KNOWN_PEERS } from '../../../client/p2p/peers/connector.ts';

const PEER = '12D3KooWBoot';
const ADDRESS = `/ip4/127.0.0.1/tcp/1/p2p/${PEER}`;

/** A connector whose dials all fail, on a clock that only the test moves; it looks at what is due every millisecond. */
function lonely(t: TestContext, status?: () => object, known: string[] = []) {
  let seconds = 0;
  let questions = 0;
  const dials: number[] = [];
  const asked: number[] = [];
  const told: string[] = [];
  const present = new Set<string>();
  const host = {
    peers: () => [...present].map((id) => ({ id })),
    knownPeers: async () => {
      questions++;
      return known;
    },
    forgetPeer: async (peer: string) => void known.splice(known.indexOf(peer), 1),
    dial: async () => {
      dials.push(seconds);
      throw new Error('no way there');
    },
    dialPeer: async () => {
      throw new Error('no way there');
    },
  } as unknown as Host;
  const connector = new Connector({ bootnodes: [ADDRESS], wantedPeers: 8, tickMs: 1 }, {
    host,
    client: {
      peerRecords: async () => ({ ok: false, code: 'timeout' }),
      status: async () => {
        asked.push(seconds);
        return status === undefined ? { ok: false, code: 'timeout' } : { ok: true, value: status() };
      },
    },
    book: { isBanned: () => false },
    ports: {
      status: () => ({ genesisHash: '0x00' }),
      forkHashes: ['00'],
      onPeerHead: (peer: string) => told.push(peer),
    },
    log: createLogger('silent'),
    signal: new AbortController().signal,
    now: () => seconds * 1000,
    random: () => 0.5,
  } as unknown as ConnectorModules);
  t.after(() => connector.stop());
  const pass = async (count: number, step = 1): Promise<number> => {
    const before = dials.length;
    for (let i = 0; i < count; i++) {
      seconds += step;
      // Each look asks twice whom the host knows: until one that began after the clock was moved is over.
      for (const end = questions + 5; questions < end; ) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return dials.length - before;
  };
  return { connector, dials, asked, told, present, pass };
}

test('node that reaches nobody → tries again every second', async (t) => {
  const { connector, dials, pass } = lonely(t);
  connector.start();
  await pass(20);
  const pauses = dials.slice(1).map((at, i) => at - dials[i]!);
  assert.deepEqual(pauses.slice(0, 6), [1, 1, 1, 1, 1, 1]);
});

test('node with peers that does not reach a bootstrap peer → tries again ever less often, at least every 15 seconds', async (t) => {
  const { connector, dials, pass } = lonely(t);
  connector.onPeer('12D3KooWOther');
  connector.start();
  await pass(70);
  const pauses = dials.slice(1).map((at, i) => at - dials[i]!);
  assert.deepEqual(pauses.slice(0, 6), [1, 2, 4, 8, 15, 15]);
});

test('more peers told of than there may be → the rest forgotten; those that are never reached as well', async (t) => {
  const told = Array.from({ length: MAX_KNOWN_PEERS + 500 }, (_, i) => `12D3KooW${i}`);
  const known = [...told];
  const { connector, pass } = lonely(t, undefined, known);
  connector.start();
  await pass(1);
  assert.deepEqual(known, told.slice(0, MAX_KNOWN_PEERS));
  known.splice(4);
  connector.onPeer('12D3KooWOther');
  await pass(40, 10);
  assert.deepEqual(known, []);
});

test('peer whose status names another head → told of once', async (t) => {
  const heads = ['a', 'a', 'b'];
  const { connector, told, pass } = lonely(t, () => ({ genesisHash: '0x00', forkHash: '00', headHash: heads.shift() }));
  connector.onPeer(PEER);
  await pass(1);
  assert.deepEqual(told, [PEER]);
  await pass(15);
  assert.deepEqual(told, [PEER]);
  await pass(15);
  assert.deepEqual(told, [PEER, PEER]);
});

test('bootstrap peer of this chain that is lost → tried at once, then every 3 seconds, after 10 minutes every 15', async (t) => {
  const { connector, dials, present, pass } = lonely(t, () => ({ genesisHash: '0x00', forkHash: '00', headHash: 'a' }));
  connector.onPeer('12D3KooWOther');
  connector.start();
  await pass(40);
  present.add(PEER);
  connector.onPeer(PEER);
  await pass(1);
  const before = dials.length;
  present.clear();
  connector.onPeerGone(PEER);
  await pass(16);
  const pauses = dials.slice(before + 1).map((at, i) => at - dials[before + i]!);
  assert.deepEqual(pauses, [1, 2, 3, 3, 3, 3]);
  await pass(60, 10);
  assert.equal(await pass(30), 2);
});

test('peer that takes connections and hangs up → waited for ever longer', async (t) => {
  const { connector, dials, pass } = lonely(t);
  connector.onPeer('12D3KooWOther');
  connector.start();
  for (let i = 0; i < 70; i++) {
    await pass(1);
    connector.onPeer(PEER);
    connector.onPeerGone(PEER);
  }
  const pauses = dials.slice(1).map((at, i) => at - dials[i]!);
  assert.deepEqual(pauses.slice(0, 6), [1, 2, 4, 8, 15, 15]);
});

test('peer with which gossip has begun → asked for its status once more', async (t) => {
  const { connector, asked, pass } = lonely(t);
  connector.onPeer(PEER);
  await pass(1, 0.5);
  for (let i = 0; i < 5; i++) connector.onGossip(PEER);
  await new Promise((resolve) => setTimeout(resolve, 700));
  await pass(4);
  connector.onGossip(PEER);
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.equal(asked.length, 2);
});

test('peer whose chain surprises → asked for its status again, twice a second at most', async (t) => {
  const { connector, asked, pass } = lonely(t);
  connector.onPeer(PEER);
  for (let i = 0; i < 5; i++) {
    await pass(1, 0.25);
    connector.refresh(PEER);
  }
  assert.deepEqual(asked, [0, 0.5, 1]);
});

test('reason to ask again that comes too soon → asked as soon as half a second has passed, once', async (t) => {
  const { connector, asked, present, pass } = lonely(t, () => ({
    genesisHash: '0x00',
    forkHash: '00',
    headHash: '0x01',
  }));
  present.add(PEER);
  connector.onPeer(PEER);
  await pass(1, 0.25);
  connector.refresh(PEER);
  await pass(6, 0.25);
  assert.deepEqual(asked, [0, 0.5]);
});
