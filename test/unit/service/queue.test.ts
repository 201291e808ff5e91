import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BlockClaim, ProveResult } from '../../../client/prover/interface.ts';
import { checkTransition, decodeJob, encodeJob, type Job } from '../../../client/prover/service/job.ts';
import {
  type JobStore,
  ProvingQueue,
  type QueueModules,
  type QueueOptions,
} from '../../../client/prover/service/queue.ts';

const HASH = `0x${'00'.repeat(32)}` as const;
const CLAIM: BlockClaim = {
  schemaId: 0x7a01,
  chainId: 1337n,
  chainSpecHash: HASH,
  parentHash: HASH,
  blockHash: HASH,
  newPayloadRequestRoot: HASH,
};
const block = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const PROVED: ProveResult = {
  ok: true,
  proof: Uint8Array.of(1, 2, 3),
  stats: {
    segments: 1,
    instructions: 1,
    cells: 1,
    interactions: 1,
    provingMs: 5,
    stages: {},
    peakRssBytes: 1,
    backend: 'wasm',
  },
};

function memoryStore(): JobStore & { readonly jobs: Map<number, Job>; readonly proofs: Map<number, Uint8Array> } {
  const jobs = new Map<number, Job>();
  const proofs = new Map<number, Uint8Array>();
  return {
    jobs,
    proofs,
    get: (hash) => jobs.get(hash[0] ?? 0),
    all: async function* () {
      for (const [n, job] of [...jobs]) yield [block(n), job] as const;
    },
    put: async (hash, job, proof) => {
      jobs.set(hash[0] ?? 0, decodeJob(encodeJob(job)));
      if (proof !== undefined) proofs.set(hash[0] ?? 0, proof);
    },
  };
}

function setUp(prove: QueueModules['prover']['prove'], o: Partial<QueueOptions> = {}, store = memoryStore()) {
  const states: string[] = [];
  const settled: (() => void)[] = [];
  const queue = new ProvingQueue(
    { profile: 'P100', deadlineMs: 60_000, maxAttempts: 1, ...o },
    {
      store,
      prover: { prove },
      jobInput: async (hash) => ({ input: hash, expected: CLAIM }),
      accept: (proof) =>
        proof[0] === 1
          ? { ok: true, info: { proofType: 1, vkHash: HASH, claim: CLAIM } }
          : { ok: false, reason: 'foldMismatch' },
      now: () => 1000,
      onChange: (hash, job) => {
        states.push(`${hash[0]} ${job.state}`);
        if (job.state === 'proved' || job.state === 'failed') for (const resolve of settled.splice(0)) resolve();
      },
      onProgress: () => {},
      onError: (error) => assert.fail(String(error)),
    },
  );
  const nextEnd = () => new Promise<void>((resolve) => settled.push(resolve));
  return { queue, store, states, nextEnd };
}

describe('proving queue', () => {
  test('a requested block → queued, proving, proved, with its proof stored', async () => {
    const { queue, store, states, nextEnd } = setUp(async () => PROVED);
    const end = nextEnd();
    await queue.request(block(1), 1n);
    await end;
    assert.deepEqual(states, ['1 queued', '1 proving', '1 proved']);
    assert.deepEqual(store.proofs.get(1), Uint8Array.of(1, 2, 3));
    const job = store.jobs.get(1);
    assert.ok(job?.state === 'proved');
    assert.deepEqual(job.proof, {
      proofType: 1,
      vkHash: HASH,
      claim: CLAIM,
      provingTimeMs: 5,
      provedAt: 1000,
      backend: 'wasm',
    });
    await queue.request(block(1), 1n);
    assert.equal(states.length, 3);
  });

  test('several blocks → one at a time, the lowest number first', async () => {
    let running = 0;
    const order: number[] = [];
    const { queue, nextEnd } = setUp(async ({ input }) => {
      assert.equal(++running, 1);
      order.push(input[0] ?? 0);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return PROVED;
    });
    for (const n of [5, 9, 7]) await queue.request(block(n), BigInt(n));
    for (let i = 0; i < 3 && order.length < 3; i++) await nextEnd();
    assert.deepEqual(order, [5, 7, 9]);
  });

  test('a job that fails → its reason, retried while attempts are left', async () => {
    let attempts = 0;
    const { queue, store, nextEnd } = setUp(
      async () => (++attempts < 3 ? { ok: false, code: 'tooLarge', detail: '2000 segments' } : PROVED),
      { maxAttempts: 3 },
    );
    const first = nextEnd();
    await queue.request(block(1), 1n);
    await first;
    while (store.jobs.get(1)?.state !== 'proved') await nextEnd();
    assert.equal(attempts, 3);
  });

  test('rejects an own proof that does not verify: failed, nothing stored', async () => {
    const { queue, store, nextEnd } = setUp(async () => ({ ...PROVED, proof: Uint8Array.of(9) }));
    const end = nextEnd();
    await queue.request(block(1), 1n);
    await end;
    const job = store.jobs.get(1);
    assert.ok(job?.state === 'failed');
    assert.match(job.reason, /own proof rejected: foldMismatch/);
    assert.equal(store.proofs.size, 0);
  });

  test('a prover that throws → failed with the reason', async () => {
    const { queue, store, nextEnd } = setUp(async () => {
      throw new Error('out of memory');
    });
    const end = nextEnd();
    await queue.request(block(1), 1n);
    await end;
    const job = store.jobs.get(1);
    assert.ok(job?.state === 'failed');
    assert.match(job.reason, /internal: out of memory/);
  });

  const untilAborted: QueueModules['prover']['prove'] = (_, { signal }) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve({ ok: false, code: 'aborted', detail: '' }));
    });

  test('a job over its deadline → failed as overdue', async () => {
    const { queue, store, nextEnd } = setUp(untilAborted, { deadlineMs: 20 });
    const end = nextEnd();
    await queue.request(block(1), 1n);
    await end;
    const job = store.jobs.get(1);
    assert.ok(job?.state === 'failed');
    assert.match(job.reason, /overdue/);
  });

  test('stopped while proving → queued, taken up by the next process', async () => {
    const { queue, store } = setUp(untilAborted);
    await queue.request(block(1), 1n);
    await queue.request(block(2), 2n);
    await queue.stop();
    assert.deepEqual([store.jobs.get(1)?.state, store.jobs.get(2)?.state], ['queued', 'queued']);
    assert.equal(store.jobs.get(1)?.attempts, 0);
    const next = setUp(async () => PROVED, {}, store);
    await next.queue.resume();
    while (store.proofs.size < 2) await next.nextEnd();
    assert.deepEqual([store.jobs.get(1)?.state, store.jobs.get(2)?.state], ['proved', 'proved']);
  });

  test('killed while proving → started over by the next process', async () => {
    const store = memoryStore();
    await store.put(block(1), { state: 'proving', number: 1n, attempts: 1 });
    const { queue, nextEnd } = setUp(async () => PROVED, {}, store);
    const end = nextEnd();
    await queue.resume();
    await end;
    assert.equal(store.jobs.get(1)?.state, 'proved');
  });

  test('rejects a transition that is not legal', () => {
    assert.throws(() => checkTransition('proved', 'queued'), { code: 'illegalTransition' });
    assert.throws(() => checkTransition(undefined, 'proved'), { code: 'illegalTransition' });
    assert.throws(() => checkTransition('failed', 'proved'), { code: 'illegalTransition' });
    checkTransition('failed', 'queued');
  });
});
