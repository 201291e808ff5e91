import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { proofSignals, type SignalSocket } from '../../../client/light/proof-signals.ts';

const GRANTED = JSON.stringify({ jsonrpc: '2.0', id: 1, result: '0x1' });
const REFUSED = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'no such method' } });
const WORD = JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params: {} });

/** A node that the test speaks for, on a clock that only the test moves. */
function scene(t: TestContext, url = 'http://node.example:8545/') {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const sockets: (SignalSocket & { readonly url: string; readonly sent: string[]; isClosed: boolean })[] = [];
  const states: boolean[] = [];
  const stop = new AbortController();
  const { rest } = proofSignals(url, {
    signal: stop.signal,
    connect: (address) => {
      const sent: string[] = [];
      const socket = {
        ...{ url: address, sent, isClosed: false, onopen: null, onmessage: null, onclose: null, onerror: null },
        send: (text: string) => void sent.push(text),
        close: () => {
          socket.isClosed = true;
        },
      } as (typeof sockets)[number];
      sockets.push(socket);
      return socket;
    },
    onSubscribed: (isSubscribed) => states.push(isSubscribed),
  });
  const last = (): (typeof sockets)[number] => sockets.at(-1) as (typeof sockets)[number];
  const say = (data: string): void => last().onmessage?.({ data });
  const settled = async (promise: Promise<void>): Promise<boolean> =>
    Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);
  /** Takes the word that may have come before: a rest after it waits anew. */
  const rested = (ms: number): Promise<void> => rest(ms, undefined);
  return { sockets, states, stop, last, say, settled, rested, rest };
}

for (const [url, expected] of [
  ['http://node.example:8545/', 'ws://node.example:8545/'],
  ['https://node.example/rpc', 'wss://node.example/rpc'],
  ['ws://node.example:8545/', 'ws://node.example:8545/'],
] as const)
  test(`${url} → subscribes at ${expected}`, (t) => {
    const { last } = scene(t, url);
    assert.equal(last().url, expected);
    last().onopen?.();
    assert.deepEqual(JSON.parse(last().sent[0] ?? ''), {
      ...{ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newBlockProofs'] },
    });
  });

test('node that grants the subscription → a rest ends with its word, and after 15 s without one', async (t) => {
  const { say, settled, rested, states } = scene(t);
  say(GRANTED);
  assert.deepEqual(states, [true]);
  // What was proven before the subscription is looked for at once.
  await rested(1000);
  const told = rested(1000);
  t.mock.timers.tick(14_999);
  assert.equal(await settled(told), false);
  say(WORD);
  await told;
  const silent = rested(1000);
  t.mock.timers.tick(15_000);
  await silent;
  // A word that comes while nobody rests is not lost.
  say(WORD);
  await rested(1000);
});

test('node that refuses, or whose connection fails → asked after each rest, the connection tried every 5 s', async (t) => {
  const { say, settled, rested, states, sockets, last } = scene(t);
  say(REFUSED);
  await rested(1000);
  const polled = rested(1000);
  t.mock.timers.tick(999);
  assert.equal(await settled(polled), false);
  t.mock.timers.tick(1);
  await polled;
  last().onerror?.(new Error('refused'));
  last().onclose?.();
  t.mock.timers.tick(4999);
  assert.equal(sockets.length, 1);
  t.mock.timers.tick(1);
  assert.equal(sockets.length, 2);
  assert.deepEqual(states, []);
  say(GRANTED);
  assert.deepEqual(states, [true]);
});

test('connection lost → a look at once, then subscribed again on the next', async (t) => {
  const { say, rested, states, sockets, last } = scene(t);
  say(GRANTED);
  await rested(1000);
  const resting = rested(1000);
  last().onclose?.();
  await resting;
  assert.deepEqual(states, [true, false]);
  t.mock.timers.tick(5000);
  last().onopen?.();
  assert.equal(last().sent.length, 1);
  say(GRANTED);
  assert.deepEqual([states, sockets.length], [[true, false, true], 2]);
});

test('stopped → the connection is closed and not made again, no rest goes on', async (t) => {
  const { stop, last, rest, sockets, states, say } = scene(t);
  say(GRANTED);
  await rest(1000, undefined);
  const resting = rest(1000, stop.signal);
  stop.abort();
  await resting;
  await rest(1000, stop.signal);
  assert.equal(last().isClosed, true);
  last().onclose?.();
  t.mock.timers.tick(60_000);
  assert.deepEqual([sockets.length, states], [1, [true]]);
});

test('URL of another kind → endpointInvalid', () => {
  for (const url of ['ftp://node.example', 'node.example', '']) {
    assert.throws(() => proofSignals(url), { code: 'endpointInvalid' });
  }
});
