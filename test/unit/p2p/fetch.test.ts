/** Who is to blame when several peers have sent parts of one object. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeerBook } from '../../../client/p2p/peers/book.ts';
import type { RequestClient } from '../../../client/p2p/proofs/client.ts';
import { CHUNK_BYTES, describeProof } from '../../../client/p2p/proofs/descriptor.ts';
import { type FetchModules, fetchBlockData, fetchProof } from '../../../client/p2p/proofs/fetch.ts';
import type { DataRequest } from '../../../client/p2p/proofs/messages.ts';
import { Semaphore } from '../../../client/p2p/proofs/semaphore.ts';
import type { Hash } from '../../../client/prover/interface.ts';
import { pseudoRandom } from '../../support/p2p/chain.ts';
import { soon } from '../../support/p2p/host.ts';

type Answer = Awaited<ReturnType<RequestClient['data']>>;
type Peer = (request: DataRequest, nth: number) => Answer;

const TRUTH = pseudoRandom('truth', 3 * CHUNK_BYTES + 17);
const FALSE = Uint8Array.from(TRUTH, (byte, i) => (i % CHUNK_BYTES === 100 ? byte ^ 1 : byte));
const HASH: Hash = `0x${'22'.repeat(32)}`;
const failed: Answer = { ok: false, code: 'failed' };

const part = (bytes: Uint8Array, { offset, length }: DataRequest): Answer => ({
  ok: true,
  value: { totalBytes: bytes.length, bytes: bytes.slice(offset, offset + length) },
});
const honest: Peer = (request) => part(TRUTH, request);
const liar: Peer = (request) => part(FALSE, request);
/** Serves the first ranges it is asked for, then breaks off. */
const breaksAfter =
  (count: number, bytes: Uint8Array): Peer =>
  (request, nth) =>
    nth < count ? part(bytes, request) : failed;

function scene(peers: Readonly<Record<string, Peer>>) {
  const asked: Record<string, number> = {};
  const book = new PeerBook({ now: Date.now, onBan: () => {}, onFault: () => {} });
  const modules: FetchModules = {
    book,
    memory: new Semaphore(1 << 30),
    peers: () => Object.keys(peers).filter((peer) => !book.isBanned(peer)),
    client: {
      data: async (peer, request, _max, signal) => {
        const nth = asked[peer] ?? 0;
        asked[peer] = nth + 1;
        await new Promise((resolve) => setImmediate(resolve));
        return signal.aborted ? { ok: false, code: 'aborted' } : peers[peer]!(request, nth);
      },
    },
  };
  const guilty = (): string[] => Object.keys(peers).filter((peer) => book.isBanned(peer));
  return { modules, guilty, asked, book };
}

const data = (modules: FetchModules, signal = soon()) =>
  fetchBlockData(
    { kind: 'body', blockHash: HASH, maxBytes: 1 << 24, check: (bytes) => Buffer.compare(bytes, TRUTH) === 0 },
    { signal },
    modules,
  );

test('data begun by one peer and ended by another → whole, nobody blamed', async () => {
  const { modules, guilty, asked } = scene({ a: breaksAfter(2, TRUTH), b: honest });
  const got = await data(modules);
  assert.ok(got.ok && Buffer.compare(got.value, TRUTH) === 0);
  assert.deepEqual(asked, { a: 3, b: 2 }, 'b went on where a broke off');
  assert.deepEqual(guilty(), []);
});

test('data wanted of one server → begun again by another where the first broke off, and who served it is said', async () => {
  const { modules, asked } = scene({ a: breaksAfter(2, TRUTH), b: honest });
  const check = (bytes: Uint8Array): boolean => Buffer.compare(bytes, TRUTH) === 0;
  const request = { kind: 'stateDiff', blockHash: HASH, maxBytes: 1 << 24, oneServer: true, check } as const;
  const got = await fetchBlockData(request, { signal: soon() }, modules);
  assert.ok(got.ok);
  assert.deepEqual(got.servers, ['b']);
  assert.deepEqual(asked, { a: 3, b: 4 });
});

test('data of which the first part is false → the first peer is blamed, not the one that ended it', async () => {
  const { modules, guilty } = scene({ a: breaksAfter(2, FALSE), b: honest });
  assert.ok((await data(modules)).ok);
  assert.deepEqual(guilty(), ['a']);
});

test('data of which the last part is false → the last peer is blamed, when a true copy has shown it', async () => {
  const { modules, guilty } = scene({ a: breaksAfter(2, TRUTH), b: liar, c: honest });
  assert.ok((await data(modules)).ok);
  assert.deepEqual(guilty(), ['b']);
});

test('data that all of several peers falsify → all blamed', async () => {
  const { modules, guilty } = scene({ a: breaksAfter(1, FALSE), b: breaksAfter(2, FALSE), c: liar, d: honest });
  assert.ok((await data(modules)).ok);
  assert.deepEqual(guilty(), ['a', 'b', 'c']);
});

test('false data and no true copy → only whoever sent a whole one is blamed', async () => {
  const { modules, guilty } = scene({ a: breaksAfter(2, TRUTH), b: liar });
  assert.deepEqual(await data(modules), { ok: false, code: 'unavailable' });
  assert.deepEqual(guilty(), ['b']);
});

test('data of a size that others contradict → a copy of its own, blamed if false', async () => {
  const longer = pseudoRandom('longer', TRUTH.length + 5);
  const { modules, guilty } = scene({ a: breaksAfter(1, TRUTH), b: (request) => part(longer, request), c: honest });
  assert.ok((await data(modules)).ok);
  assert.deepEqual(guilty(), ['b']);
});

test('peer that is busy → asked again after a while; that has nothing → not again', async () => {
  const { modules, asked } = scene({
    a: (request, nth) => (nth < 2 ? { ok: false, code: 'busy' } : part(TRUTH, request)),
    b: () => ({ ok: false, code: 'unknown' }),
  });
  assert.ok((await data(modules)).ok);
  assert.deepEqual(asked, { a: 6, b: 1 });
});

test('proof from an honest peer and a liar → whole; the liar blamed for its first chunk', async () => {
  const { modules, guilty, asked } = scene({ liar, honest });
  const got = await fetchProof(describeProof(1, TRUTH), { signal: soon(), prefer: ['liar'] }, modules);
  assert.ok(got.ok && Buffer.compare(got.value, TRUTH) === 0);
  assert.deepEqual(guilty(), ['liar']);
  assert.ok(asked.liar! <= 2);
});

test('proof that nobody has → unavailable; abort → aborted; memory given back', async () => {
  const { modules } = scene({ a: () => ({ ok: false, code: 'unknown' }) });
  const descriptor = describeProof(1, TRUTH);
  assert.deepEqual(await fetchProof(descriptor, { signal: soon() }, modules), { ok: false, code: 'unavailable' });
  assert.deepEqual(await fetchProof(descriptor, { signal: AbortSignal.abort() }, modules), {
    ok: false,
    code: 'aborted',
  });
  const busy = scene({ a: () => ({ ok: false, code: 'busy' }) });
  const ending = new AbortController();
  setTimeout(() => ending.abort(), 50);
  const got = await fetchProof(descriptor, { signal: ending.signal }, busy.modules);
  assert.deepEqual(got, { ok: false, code: 'aborted' });
  assert.equal(modules.memory.used + busy.modules.memory.used, 0);
});

test('semaphore → in turn, never more than its capacity, aborts leave the line', async () => {
  const s = new Semaphore(10);
  const first = await s.acquire(8, soon());
  const order: string[] = [];
  const large = s.acquire(100, soon()).then((release) => {
    order.push(`large ${s.used}`);
    release?.();
  });
  const ending = new AbortController();
  const gone = s.acquire(1, ending.signal);
  const small = s.acquire(2, soon()).then((release) => {
    order.push('small');
    release?.();
  });
  ending.abort();
  assert.equal(await gone, undefined);
  assert.equal(s.waiting, 2, 'a small one does not overtake');
  first?.();
  first?.();
  await Promise.all([large, small]);
  assert.deepEqual(order, ['large 10', 'small']);
  assert.equal(s.used, 0);
});

test('data of which one peer says another size with each part → it is charged, the data comes from another', async () => {
  const fickle: Peer = (request, nth) => part(pseudoRandom('fickle', (2 + (nth % 2)) * CHUNK_BYTES), request);
  for (const oneServer of [false, true]) {
    const { modules, guilty, asked } = scene({ a: fickle, b: honest });
    const check = (bytes: Uint8Array): boolean => Buffer.compare(bytes, TRUTH) === 0;
    const request = { kind: 'body', blockHash: HASH, maxBytes: 1 << 24, oneServer, check } as const;
    const got = await fetchBlockData(request, { signal: soon(5000) }, modules);
    assert.ok(got.ok, 'it came');
    assert.deepEqual(guilty(), ['a']);
    assert.ok((asked.a ?? 0) <= 2);
  }
});
