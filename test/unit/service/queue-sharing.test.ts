/** Several provers, one block: what the queue does about claims of others, and when it goes on without them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { BlockClaim } from '../../../client/prover/interface.ts';
import { jobStore } from '../../../client/prover/service/job-store.ts';
import { ProvingQueue, type QueueModules } from '../../../client/prover/service/queue.ts';
import { memoryTables } from '../../support/service-tables.ts';

const HASH = `0x${'00'.repeat(32)}` as const;
const CLAIM: BlockClaim = {
  ...{ schemaId: 0x7a01, chainId: 1337n, chainSpecHash: HASH, parentHash: HASH },
  ...{ blockHash: HASH, newPayloadRequestRoot: HASH },
};
const TYPE = 128;
const STATS = { segments: 1, instructions: 1, cells: 1, interactions: 1, provingMs: 5, stages: {}, peakRssBytes: 1 };
const block = (n: number): Uint8Array => new Uint8Array(32).fill(n);

/** A queue on a clock that only the test moves, among provers whose claims the test makes. */
function sharing(t: TestContext, modules: Partial<QueueModules> = {}) {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  const claims = new Map<number, number>();
  const said: number[] = [];
  const order: number[] = [];
  let claiming: { onYield: () => void; signal: AbortSignal } | undefined;
  let proceed: () => void = () => {};
  let isHeld = false;
  const unwanted = new Set<number>();
  const queue: ProvingQueue = new ProvingQueue(
    { profile: 'P100', deadlineMs: 3_600_000, maxBacklog: 100, retryAfterMs: () => 3_600_000 },
    {
      store: jobStore(memoryTables(), TYPE),
      prover: {
        prove: async ({ input }, { signal }) => {
          order.push(input[0] ?? 0);
          if (isHeld) {
            await new Promise<void>((resolve) => {
              proceed = resolve;
              signal.addEventListener('abort', () => resolve());
            });
          }
          if (signal.aborted) return { ok: false, code: 'aborted', detail: '' };
          return { ok: true, proof: Uint8Array.of(1), stats: { ...STATS, backend: 'wasm' } };
        },
      },
      isWanted: (hash) => !unwanted.has(hash[0] ?? 0),
      sharing: {
        claimedUntil: (hash) => claims.get(hash[0] ?? 0),
        claim: async (hash, o) => {
          said.push(hash[0] ?? 0);
          claiming = o;
        },
      },
      jobInput: async (hash) => ({ ok: true, input: hash, headerRlp: hash, expected: CLAIM }),
      accept: async () => ({
        ok: true,
        info: { proofType: TYPE, vkHash: HASH, claim: CLAIM, proofHash: HASH, proofSize: 1, verifyingTimeMs: 1 },
      }),
      now: Date.now,
      onChange: () => {},
      onProgress: () => {},
      onError: (error) => assert.fail(String(error)),
      ...modules,
    },
  );
  t.after(() => queue.stop());
  /** Everything that waits for nothing but a turn of the event loop. */
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms);
    await settle();
  };
  return {
    ...{ queue, claims, unwanted, said, order, settle, pass },
    claiming: () => claiming,
    hold: () => {
      isHeld = true;
    },
    proceed: () => {
      isHeld = false;
      proceed();
    },
  };
}

test('block that another prover claims → the next one is proven meanwhile, and it is counted as claimed', async (t) => {
  const { queue, claims, order, said, settle } = sharing(t);
  claims.set(1, 1_045_000);
  await queue.request(block(1), 1n);
  await queue.request(block(2), 2n);
  await settle();
  assert.deepEqual(order, [2]);
  assert.deepEqual(said, [2], 'nothing is claimed that another proves');
  const { queued, claimed, current } = queue.status();
  assert.deepEqual([queued, claimed, current], [1, 1, undefined]);
});

test('prover that is stuck → overtaken the moment its claim ends, not before', async (t) => {
  const { queue, claims, order, said, pass } = sharing(t);
  claims.set(1, 1_045_000);
  await queue.request(block(1), 1n);
  await pass(44_999);
  assert.deepEqual(order, []);
  await pass(1);
  assert.deepEqual([order, said], [[1], [1]]);
  assert.equal(queue.status().claimed, 0);
});

test('claim that is renewed → waited for, until a renewal does not come', async (t) => {
  const { queue, claims, order, pass } = sharing(t);
  claims.set(1, 1_045_000);
  await queue.request(block(1), 1n);
  await pass(40_000);
  claims.set(1, 1_085_000);
  await pass(40_000);
  assert.deepEqual(order, []);
  await pass(5000);
  assert.deepEqual(order, [1]);
});

test('claims on several blocks → each taken up when its own ends', async (t) => {
  const { queue, claims, order, pass } = sharing(t);
  claims.set(1, 1_060_000).set(2, 1_030_000);
  await queue.request(block(1), 1n);
  await queue.request(block(2), 2n);
  await pass(30_000);
  assert.deepEqual(order, [2]);
  await pass(30_000);
  assert.deepEqual(order, [2, 1]);
});

test('proof of another prover for a block that waits → dropped at the recheck, never proven', async (t) => {
  const { queue, claims, unwanted, order, pass, settle } = sharing(t);
  claims.set(1, 1_045_000);
  await queue.request(block(1), 1n);
  unwanted.add(1);
  queue.recheck();
  await settle();
  const { queued, claimed, dropped } = queue.status();
  assert.deepEqual([queued, claimed, dropped], [0, 0, 1]);
  await pass(60_000);
  assert.deepEqual(order, []);
});

test('proof of another prover for the block that is being proven → given up, its claim no longer renewed', async (t) => {
  const { queue, unwanted, hold, order, claiming, settle } = sharing(t);
  hold();
  await queue.request(block(1), 1n);
  await settle();
  assert.equal(claiming()?.signal.aborted, false);
  unwanted.add(1);
  queue.recheck();
  await settle();
  assert.equal(claiming()?.signal.aborted, true);
  assert.deepEqual(order, [1]);
  const { current, queued, dropped } = queue.status();
  assert.deepEqual([current, queued, dropped], [undefined, 0, 1]);
});

test('block that another began at the same time, and goes first → yielded without an attempt, proven if the other fails', async (t) => {
  const { queue, claims, hold, proceed, order, claiming, settle, pass } = sharing(t);
  hold();
  await queue.request(block(1), 1n);
  await queue.request(block(2), 2n);
  await settle();
  assert.deepEqual(order, [1]);
  claims.set(1, 1_045_000);
  proceed();
  hold();
  claiming()?.onYield();
  await settle();
  assert.equal(queue.status().yielded, 1);
  assert.deepEqual(order, [1, 2], 'the next one at once');
  proceed();
  await pass(44_999);
  assert.deepEqual(order, [1, 2]);
  await pass(1);
  assert.deepEqual(order, [1, 2, 1]);
});

test('job that ends, well or not → its claim ends with it', async (t) => {
  for (const isThrowing of [false, true]) {
    await t.test(isThrowing ? 'it throws' : 'it is proved', async (tt) => {
      const failing = { jobInput: async () => await Promise.reject(new Error('disk')) };
      const { queue, claiming, settle } = sharing(tt, isThrowing ? failing : {});
      await queue.request(block(1), 1n);
      await settle();
      assert.equal(claiming()?.signal.aborted, true);
    });
  }
});
