import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientError } from '../../../client/errors.ts';
import { createLogger } from '../../../client/log.ts';
import type { ByteStream } from '../../../client/p2p/host/byte-stream.ts';
import type { NetworkPorts } from '../../../client/p2p/interface.ts';
import { PEER_RATES, PeerBook } from '../../../client/p2p/peers/book.ts';
import { ASKING_RATE } from '../../../client/p2p/proofs/client.ts';
import { FrameKind } from '../../../client/p2p/proofs/framing.ts';
import { encodeDataRequest, encodeHeadersRequest } from '../../../client/p2p/proofs/messages.ts';
import { MAX_SERVED_AT_ONCE } from '../../../client/p2p/proofs/protocols.ts';
import { RequestServer } from '../../../client/p2p/proofs/server.ts';
import type { Hash } from '../../../client/prover/interface.ts';
import { statusOf } from '../../support/p2p/adversary.ts';
import { recordOf, toyChain } from '../../support/p2p/chain.ts';

const HASH: Hash = `0x${'11'.repeat(32)}`;
const TIMING = { answerMs: 50, leastRate: 1 << 20 };

/** A stream that brings one request; `write` is what becomes of the answer. */
function streamOf(request: Uint8Array, write: (bytes: Uint8Array, signal: AbortSignal) => Promise<void>): ByteStream {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(request.length);
  const incoming: Uint8Array[] = [head, request];
  return {
    read: async () => incoming.shift(),
    write,
    closeWrite: async () => {},
    abort: () => {},
  };
}

function server(serve: Partial<NetworkPorts['serve']>) {
  const book = new PeerBook({ now: Date.now, onBan: () => {}, onFault: () => {} });
  const none = async (): Promise<'unknown'> => 'unknown';
  const made = new RequestServer(TIMING, {
    ports: {
      status: () => statusOf(chain),
      serve: { headers: async () => [], proof: none, blockData: none, ...serve },
    },
    peerRecords: async () => [],
    book,
    log: createLogger('silent'),
  });
  return { book, made };
}

const chain = await toyChain(300);

/** Kinds of the frames of an answer, and the bytes of its items. */
async function ask(made: RequestServer, protocol: 'headers' | 'data', request: Uint8Array) {
  const written: Uint8Array[] = [];
  await made.serve(
    protocol,
    streamOf(request, async (bytes) => void written.push(bytes)),
    'peer',
  );
  const all = Buffer.concat(written);
  const kinds: number[] = [];
  const items: Uint8Array[] = [];
  for (let i = 0; i < all.length; ) {
    const length = all.readUInt32LE(i + 1);
    kinds.push(all[i]!);
    if (all[i] === FrameKind.item) items.push(all.subarray(i + 5, i + 5 + length));
    i += 5 + length;
  }
  return { last: kinds.at(-1), items };
}

const data = (offset: number, length = 1 << 20): Uint8Array =>
  encodeDataRequest({ kind: 'body', hash: HASH, offset, length });

test('range of an object → its size, its bytes, the end; the same whether the port gives all or the range', async () => {
  const object = Buffer.alloc((2 << 20) + 5, 'object ');
  const whole = server({ blockData: async () => object }).made;
  const ranged = server({
    blockData: async (_, __, { offset, length }) => ({
      totalBytes: object.length,
      bytes: object.subarray(offset, offset + length),
    }),
  }).made;
  for (const offset of [0, 1 << 20, 2 << 20]) {
    for (const made of [whole, ranged]) {
      const { last, items } = await ask(made, 'data', data(offset));
      assert.equal(last, FrameKind.end);
      assert.equal(Buffer.from(items[0]!).readUInt32LE(), object.length);
      assert.deepEqual(Buffer.concat(items.slice(1)), object.subarray(offset, offset + (1 << 20)));
    }
  }
  assert.equal((await ask(whole, 'data', data(3 << 20))).last, FrameKind.invalidRequest);
});

test('object that is unknown, pruned, or at which the node fails → said so, nobody charged', async () => {
  for (const [answer, kind] of [
    ['unknown', FrameKind.unknown],
    ['pruned', FrameKind.pruned],
  ] as const) {
    const { made, book } = server({ blockData: async () => answer });
    assert.equal((await ask(made, 'data', data(0))).last, kind);
    assert.deepEqual(book.totals(), {});
  }
  const { made, book } = server({
    blockData: async () => {
      throw new Error('disk');
    },
  });
  assert.equal((await ask(made, 'data', data(0))).last, FrameKind.failed);
  assert.deepEqual(book.totals(), {});
});

test('headers → as many as fit in the answer; none → unknown', async () => {
  const { made } = server({ headers: async ({ count }) => chain.slice(0, count).map(recordOf) });
  const { items, last } = await ask(made, 'headers', encodeHeadersRequest({ from: 0n, count: 192 }));
  assert.equal(items.length, 192);
  assert.equal(last, FrameKind.end);
  const large = { ...recordOf(chain[0]!), headerRlp: new Uint8Array(16_000) };
  const big = server({ headers: async () => Array.from({ length: 192 }, () => large) }).made;
  const cut = await ask(big, 'headers', encodeHeadersRequest({ from: 0n, count: 192 }));
  assert.ok(cut.items.length > 100 && cut.items.length < 140);
  const none = server({}).made;
  assert.equal((await ask(none, 'headers', encodeHeadersRequest({ from: 5n, count: 1 }))).last, FrameKind.unknown);
});

test('peer that does not read its answer → slowResponse, its place is free again', async (t) => {
  const alive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(alive));
  const { made, book } = server({ blockData: async () => new Uint8Array(1 << 20) });
  const stuck = (_: Uint8Array, signal: AbortSignal): Promise<void> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new ClientError('timedOut', 'not read')));
    });
  const peers = Array.from({ length: MAX_SERVED_AT_ONCE }, (_, i) => `peer ${i % 16}`);
  const serving = Promise.all(peers.map((peer) => made.serve('data', streamOf(data(0), stuck), peer)));
  await new Promise((resolve) => setImmediate(resolve));
  const again: Uint8Array[] = [];
  await made.serve(
    'data',
    streamOf(data(0), async (bytes) => void again.push(bytes)),
    'peer 3',
  );
  assert.equal(again[0]?.[0], FrameKind.busy, 'all places are taken');
  assert.equal((await ask(made, 'data', data(0))).last, FrameKind.end, 'whoever holds none has one all the same');
  await serving;
  assert.equal(book.totals().slowResponse, MAX_SERVED_AT_ONCE);
  assert.equal((await ask(made, 'data', data(0))).last, FrameKind.end);
});

test('peer that has used up its bytes → busy', async () => {
  const { made, book } = server({ blockData: async () => new Uint8Array(1) });
  while (book.spend('peer', 'servedBytes', 1 << 20));
  assert.equal((await ask(made, 'data', data(0))).last, FrameKind.busy);
});

test('what a node asks of one peer → less than what it lets itself be asked', () => {
  assert.ok(ASKING_RATE.perSecond < PEER_RATES.requests.perSecond);
  assert.ok(ASKING_RATE.capacity < PEER_RATES.requests.capacity);
});

test('range of a large object that is read slowly → the range is held, not the object', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const whole = new Uint8Array(8 << 20);
  const { made } = server({ blockData: async () => whole });
  const written: Uint8Array[] = [];
  const serving = made.serve(
    'data',
    streamOf(data(1 << 20), (bytes) => {
      written.push(bytes);
      return bytes.length < 1000 ? Promise.resolve() : held;
    }),
    'peer',
  );
  await new Promise((resolve) => setTimeout(resolve, 10));
  const piece = written.find(({ length }) => length > 1000);
  assert.ok(piece !== undefined && piece.buffer.byteLength <= 1 << 20, `${piece?.buffer.byteLength} bytes are held`);
  release();
  await serving;
});

test('requests that are begun and never ended → each costs as much as one that is', async () => {
  const { made, book } = server({});
  const broken: ByteStream = { ...streamOf(data(0), async () => {}), read: async () => undefined };
  for (let i = 0; i < PEER_RATES.requests.capacity + 100; i++) await made.serve('data', broken, 'peer');
  await ask(made, 'data', data(0));
  assert.deepEqual(Object.keys(book.faults('peer')), ['tooManyRequests']);
});
