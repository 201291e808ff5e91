import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { type Block, createBlock } from '@ethereumjs/block';
import { WebSocket } from 'ws';
import { ChainEvents } from '../../../client/node/chain-events.ts';
import { subscriptionMethods } from '../../../client/rpc/eth/subscribe.ts';
import type { ProofRecord, RpcPorts } from '../../../client/rpc/interface.ts';
import { DEFAULT_LIMITS, dispatcher } from '../../../client/rpc/jsonrpc/dispatch.ts';
import { type Method, method } from '../../../client/rpc/jsonrpc/method.ts';
import * as p from '../../../client/rpc/jsonrpc/params.ts';
import { serveRpc } from '../../support/rpc-server.ts';

const HASH = `0x${'11'.repeat(32)}` as const;
const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;
const genesis = createBlock({ header: { number: 0n } });
const first = createBlock({ header: { number: 1n, parentHash: genesis.hash() } });
const other = createBlock({ header: { number: 1n, timestamp: 9n } });
const blocks = [genesis, first, other];

/** A node in which blocks and proofs appear when the test says so. */
function setUp() {
  const proven = new Set<string>();
  const errors: unknown[] = [];
  const view = {
    blockByHash: (hash: Uint8Array) => blocks.find((b) => hex(b.hash()) === hex(hash)),
    isCanonical: (block: Block) => block === genesis || block === first,
  };
  const events = new ChainEvents(view, (error) => errors.push(error));
  const claim = {
    ...{ schemaId: 0x7a01, chainId: 1337n, chainSpecHash: HASH },
    ...{ parentHash: HASH, blockHash: HASH, newPayloadRequestRoot: HASH },
  };
  const record: ProofRecord = {
    ...{ proofType: 128, vkHash: HASH, claim, proofHash: HASH, proofSize: 3, made: undefined },
    bytes: () => assert.fail('reads the proof'),
  };
  const ports = {
    chain: { seal: () => new Uint8Array(0), receipts: () => [] },
    proofs: { proofs: (hash: Uint8Array) => (proven.has(hex(hash)) ? [record] : []) },
    events,
  };
  return { events, errors, proven, methods: subscriptionMethods(ports as unknown as RpcPorts) };
}

/** How many listen now. */
function counted(events: ChainEvents): () => number {
  let listeners = 0;
  const listen = events.listen.bind(events);
  events.listen = (listener) => {
    const end = listen(listener);
    listeners++;
    return () => {
      listeners--;
      end();
    };
  };
  return () => listeners;
}

const LONG = method('long', [['bytes', p.uint64]], (n) => 'x'.repeat(Number(n)));

async function open(t: TestContext, methods: readonly Method[], options: Parameters<typeof serveRpc>[2] = {}) {
  const limits = { ...DEFAULT_LIMITS, maxRequestBytes: 100_000, ...options.limits };
  const dispatch = dispatcher([...methods, LONG], limits, (name, error) => assert.fail(`${name}: ${error}`));
  const server = await serveRpc(t, dispatch, { ...options, limits });
  return { url: server.webSocketUrl ?? '', server };
}

type Message = { id?: number; result?: unknown; error?: { code: number; message: string }; params?: unknown };

/** A client that keeps every message. */
async function client(t: TestContext, url: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url, { headers });
  t.after(() => socket.terminate());
  const messages: Message[] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as Message));
  await once(socket, 'open');
  let id = 0;
  const call = async (name: string, ...params: unknown[]): Promise<Message> => {
    const own = ++id;
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: own, method: name, params }));
    for (;;) {
      const found = messages.find((m) => m.id === own);
      if (found !== undefined) return found;
      await once(socket, 'message');
    }
  };
  const notified = async (count: number): Promise<Message[]> => {
    for (;;) {
      const found = messages.filter((m) => m.params !== undefined);
      if (found.length >= count) return found;
      await once(socket, 'message');
    }
  };
  return { socket, call, notified, messages };
}

const refusal = async (url: string, headers: Record<string, string>): Promise<number | undefined> => {
  const socket = new WebSocket(url, { headers });
  socket.on('error', () => {});
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode?: number }];
  return response.statusCode;
};

describe('subscriptions over WebSocket', () => {
  test('newHeads, newBlockProofs → each event under its own id, until eth_unsubscribe', async (t) => {
    const { events, proven, methods, errors } = setUp();
    const { url } = await open(t, methods);
    const { call, notified, messages } = await client(t, url);
    const heads = (await call('eth_subscribe', 'newHeads')).result;
    const proofs = (await call('eth_subscribe', 'newBlockProofs')).result;
    assert.notEqual(heads, proofs);
    events.headMoved({ head: first, reverted: [], adopted: [first] });
    events.proofStored(first.hash());
    proven.add(hex(first.hash()));
    events.proofStored(other.hash());
    events.proofStored(first.hash());
    const [head, proof] = await notified(2);
    const shown = head?.params as { subscription: string; result: Record<string, unknown> };
    assert.equal(shown.subscription, heads);
    assert.deepEqual([shown.result.hash, shown.result.number], [hex(first.hash()), '0x1']);
    assert.deepEqual([shown.result.transactions, shown.result.size], [undefined, undefined]);
    assert.deepEqual(proof?.params, {
      subscription: proofs,
      result: {
        ...{ blockHash: hex(first.hash()), blockNumber: '0x1', parentHash: hex(genesis.hash()), status: 'proved' },
        proofs: [
          {
            ...{ proofType: '0x80', vkHash: HASH, proofHash: HASH, proofSize: '0x3' },
            claim: {
              ...{ schemaId: '0x7a01', chainId: '0x539', chainSpecHash: HASH, parentHash: HASH },
              ...{ blockHash: HASH, newPayloadRequestRoot: HASH },
            },
          },
        ],
      },
    });
    assert.equal((await call('eth_unsubscribe', heads)).result, true);
    assert.equal((await call('eth_unsubscribe', heads)).error?.code, -32000);
    events.headMoved({ head: first, reverted: [other], adopted: [first] });
    assert.equal((await notified(3)).length, 3, 'a block that becomes canonical with its proof');
    assert.equal(messages.filter((m) => (m.params as { subscription?: unknown })?.subscription === heads).length, 1);
    assert.deepEqual(errors, []);
  });

  test('an event before the answer with the id is sent → told after it', async (t) => {
    const { events, methods } = setUp();
    const early = method('early', [], () => events.headMoved({ head: first, reverted: [], adopted: [first] }));
    const { url } = await open(t, [...methods, early]);
    const { socket, messages, notified } = await client(t, url);
    const batch = [['eth_subscribe', ['newHeads']] as const, ['early', []] as const];
    socket.send(JSON.stringify(batch.map(([name, params], id) => ({ jsonrpc: '2.0', id, method: name, params }))));
    await notified(1);
    const [answers, notice] = messages as unknown as [{ result: string }[], { params: { subscription: string } }];
    assert.equal(notice.params.subscription, answers[0]?.result);
  });

  test('a closed connection → its subscriptions end, nothing listens any more', async (t) => {
    const { events, methods } = setUp();
    const listeners = counted(events);
    const { url } = await open(t, methods);
    const { call, socket } = await client(t, url);
    await call('eth_subscribe', 'newHeads');
    await call('eth_subscribe', 'newHeads');
    await call('eth_subscribe', 'logs', { topics: [] });
    assert.equal(listeners(), 2, 'one for each kind');
    socket.terminate();
    while (listeners() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('rejects unknown kinds, filters that are none, and plain HTTP, which has no place for notifications', async (t) => {
    const { methods } = setUp();
    const { url, server } = await open(t, methods);
    const { call } = await client(t, url);
    for (const params of [['syncing'], ['newHeads', {}], ['logs', { topic: [] }], ['logs', { topics: [[7]] }], []])
      assert.equal((await call('eth_subscribe', ...params)).error?.code, -32602, JSON.stringify(params));
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] });
    const headers = { 'content-type': 'application/json' };
    const answer = (await (await fetch(server.url, { method: 'POST', body, headers })).json()) as Message;
    assert.equal(answer.error?.code, -32601);
  });
});

describe('WebSocket server', () => {
  test('calls and batches → answered in their order, errors too', async (t) => {
    const { url } = await open(t, []);
    const { call, socket, messages } = await client(t, url);
    assert.equal((await call('long', '0x3')).result, 'xxx');
    assert.equal((await call('none')).error?.code, -32601);
    socket.send('{');
    for (const id of [7, 8, 9]) socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'long', params: ['0x1'] }));
    while (messages.length < 6) await once(socket, 'message');
    assert.deepEqual(
      messages.slice(3).map((m) => m.id),
      [7, 8, 9],
    );
  });

  test('rejects pages of other origins, foreign hosts and more connections than it holds', async (t) => {
    const { url } = await open(t, [], { origins: ['https://here.example'], socketLimits: { maxConnections: 3 } });
    const { host } = new URL(url);
    for (const origin of ['https://elsewhere.example', 'null', `https://${host}.example`])
      assert.equal(await refusal(url, { origin }), 403, origin);
    assert.equal(await refusal(url, { host: 'evil.example', origin: 'http://evil.example' }), 403);
    await client(t, url, { origin: 'https://here.example' });
    await client(t, url, { origin: `http://${host}` });
    await client(t, url);
    assert.equal(await refusal(url, {}), 503);
  });

  test('rejects messages that are too large or binary, and more subscriptions than it holds', async (t) => {
    const { methods } = setUp();
    const { url } = await open(t, methods, { socketLimits: { maxSubscriptions: 2 } });
    const codeOf = async (message: string | Buffer): Promise<number> => {
      const { socket } = await client(t, url);
      socket.send(message);
      return ((await once(socket, 'close')) as [number])[0];
    };
    assert.equal(await codeOf('x'.repeat(100_001)), 1009);
    assert.equal(await codeOf(Buffer.from('{}')), 1003);
    const { call } = await client(t, url);
    const { result } = await call('eth_subscribe', 'newHeads');
    await call('eth_subscribe', 'newHeads');
    assert.equal((await call('eth_subscribe', 'newHeads')).error?.code, -32005);
    await call('eth_unsubscribe', result);
    assert.equal(typeof (await call('eth_subscribe', 'newHeads')).result, 'string');
  });

  test('log subscriptions that name more addresses and topics than a connection may → limitExceeded', async (t) => {
    const { methods } = setUp();
    const { url } = await open(t, methods);
    const { call } = await client(t, url);
    const filter = { address: Array.from({ length: 1000 }, (_, i) => `0x${i.toString(16).padStart(40, '0')}`) };
    const ids: unknown[] = [];
    for (let i = 0; i < 4; i++) ids.push((await call('eth_subscribe', 'logs', filter)).result);
    assert.equal((await call('eth_subscribe', 'logs', filter)).error?.code, -32005);
    assert.equal(
      typeof (await call('eth_subscribe', 'logs', { address: filter.address.slice(0, 96) })).result,
      'string',
    );
    assert.equal((await call('eth_unsubscribe', ids[0])).result, true);
    assert.equal(typeof (await call('eth_subscribe', 'logs', filter)).result, 'string');
  });

  test('a subscriber that does not read → dropped when too much waits for it', async (t) => {
    const { events, methods } = setUp();
    const listeners = counted(events);
    const { url } = await open(t, methods, { socketLimits: { maxUnsentBytes: 200_000 } });
    const { call, socket } = await client(t, url);
    const alive = await client(t, url);
    await call('eth_subscribe', 'newHeads');
    socket.pause();
    const closed = once(socket, 'close');
    // The system's own buffers fill first.
    while (listeners() > 0) {
      events.headMoved({ head: first, reverted: [], adopted: Array(100).fill(first) });
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.resume();
    assert.deepEqual((await closed)[0], 1006);
    assert.equal((await alive.call('long', '0x1')).result, 'x', 'others stay');
  });

  test('a connection without a sign of life → dropped; one that only listens stays', async (t) => {
    const { url } = await open(t, [], { socketLimits: { heartbeatMs: 40 } });
    const silent = new WebSocket(url, { autoPong: false });
    const quiet = await client(t, url);
    const start = performance.now();
    const [code] = (await once(silent, 'close')) as [number];
    assert.equal(code, 1006);
    assert.ok(performance.now() - start < 5000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal((await quiet.call('long', '0x1')).result, 'x');
  });

  test('what is no handshake → refused, and the server goes on', async (t) => {
    const { url } = await open(t, []);
    const { port } = new URL(url);
    const raw = connect(Number(port), '127.0.0.1');
    raw.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const [answer] = (await once(raw, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 400 /);
    assert.equal((await (await client(t, url)).call('long', '0x1')).result, 'x');
  });

  test('the node stops → connections are closed, with the reason', async (t) => {
    const { url, server } = await open(t, []);
    const { socket } = await client(t, url);
    const closed = once(socket, 'close');
    await server.close();
    const [code, reason] = (await closed) as [number, Buffer];
    assert.deepEqual([code, reason.toString()], [1001, 'the node stops']);
  });
});
