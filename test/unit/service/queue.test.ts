import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BlockClaim, ProveResult } from '../../../client/prover/interface.ts';
import { checkTransition, type Job } from '../../../client/prover/service/job.ts';
import { jobStore, type ServiceTables, storedProofs } from '../../../client/prover/service/job-store.ts';
import { ProvingQueue, type QueueModules, type QueueOptions } from '../../../client/prover/service/queue.ts';
import { memoryTables } from '../../support/service-tables.ts';

const HASH = `0x${'00'.repeat(32)}` as const;
const CLAIM: BlockClaim = {
  schemaId: 0x7a01,
  chainId: 1337n,
  chainSpecHash: HASH,
  parentHash: HASH,
  blockHash: HASH,
  newPayloadRequestRoot: HASH,
};
const TYPE = 128;
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

type SetUp = {
  readonly options?: Partial<QueueOptions>;
  readonly modules?: Partial<QueueModules>;
  readonly tables?: ServiceTables;
};

function setUp(prove: QueueModules['prover']['prove'], { options, modules, tables = memoryTables() }: SetUp = {}) {
  const store = jobStore(tables, TYPE);
  const states: string[] = [];
  const waiters: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];
  const queue = new ProvingQueue(
    { profile: 'P100', deadlineMs: 60_000, maxBacklog: 100, retryAfterMs: () => 3_600_000, ...options },
    {
      store,
      prover: { prove },
      isWanted: () => true,
      jobInput: async (hash) => ({ ok: true, input: hash, headerRlp: hash, expected: CLAIM }),
      accept: async (proof) =>
        proof[0] === 1
          ? {
              ok: true,
              info: { proofType: TYPE, vkHash: HASH, claim: CLAIM, proofHash: HASH, proofSize: 3, verifyingTimeMs: 2 },
            }
          : { ok: false, reason: 'foldMismatch' },
      now: () => 1000,
      onChange: (hash, job) => {
        states.push(`${hash[0]} ${job.state}`);
        for (const { isMet, resolve } of [...waiters]) if (isMet()) resolve();
      },
      onProgress: () => {},
      onError: (error) => assert.fail(String(error)),
      ...modules,
    },
  );
  const jobOf = (n: number): Job | undefined => store.get(block(n));
  const until = (isMet: () => boolean): Promise<void> =>
    new Promise((resolve) => (isMet() ? resolve() : waiters.push({ isMet, resolve })));
  const reaches = (n: number, state: Job['state']): Promise<void> => until(() => jobOf(n)?.state === state);
  const proofsOf = (n: number) => storedProofs(tables, block(n), [TYPE]);
  return { queue, store, tables, states, jobOf, until, reaches, proofsOf };
}

const untilAborted: QueueModules['prover']['prove'] = (_, { signal }) =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ ok: false, code: 'aborted', detail: '' }));
  });
const failing =
  (code: 'crashed' | 'tooLarge'): QueueModules['prover']['prove'] =>
  async () => ({ ok: false, code, detail: 'why' });

describe('proving queue', () => {
  test('a requested block → queued, proving, proved, with its proof stored', async () => {
    const { queue, states, reaches, proofsOf } = setUp(async () => PROVED);
    await queue.request(block(1), 1n);
    await reaches(1, 'proved');
    assert.deepEqual(states, ['1 queued', '1 proving', '1 proved']);
    const [stored, ...others] = proofsOf(1);
    assert.ok(stored !== undefined && others.length === 0);
    const { bytes, made, ...info } = stored;
    assert.deepEqual(bytes(), Uint8Array.of(1, 2, 3));
    assert.deepEqual(info, {
      ...{ proofType: TYPE, vkHash: HASH, claim: CLAIM, proofHash: HASH, proofSize: 3, verifyingTimeMs: 2 },
      ...{ provingTimeMs: 5, provedAt: 1000, backend: 'wasm' },
    });
    assert.deepEqual([made?.provingTimeMs, made?.provedAt, made?.backend], [5, 1000, 'wasm']);
    await queue.request(block(1), 1n);
    assert.equal(states.length, 3);
  });

  test('a job stored with its block → taken up when the queue is woken', async () => {
    const { queue, store, reaches, jobOf } = setUp(async () => PROVED);
    await store.put(block(1), queue.newJob(1n));
    assert.equal(jobOf(1)?.state, 'queued');
    queue.wake(block(1));
    queue.wake(block(1));
    await reaches(1, 'proved');
  });

  test('several blocks → one at a time, the lowest number first', async () => {
    let running = 0;
    const order: number[] = [];
    const { queue, reaches } = setUp(async ({ input }) => {
      assert.equal(++running, 1);
      order.push(input[0] ?? 0);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return PROVED;
    });
    for (const n of [5, 9, 7]) await queue.request(block(n), BigInt(n));
    for (const n of [5, 7, 9]) await reaches(n, 'proved');
    assert.deepEqual(order, [5, 7, 9]);
  });

  test('a job that fails → its reason, tried again after a rest', async () => {
    let attempts = 0;
    const rests: number[] = [];
    const { queue, reaches, states } = setUp(async (...a) => (++attempts < 3 ? failing('crashed')(...a) : PROVED), {
      options: {
        retryAfterMs: (n) => {
          rests.push(n);
          return 0;
        },
      },
    });
    await queue.request(block(1), 1n);
    await reaches(1, 'proved');
    assert.equal(attempts, 3);
    assert.deepEqual(rests, [1, 2]);
    assert.equal(states.filter((s) => s === '1 failed').length, 2);
  });

  test('a failed job that rests → behind blocks that wait, but a request by hand takes it at once', async () => {
    let isFailing = true;
    const { queue, reaches, jobOf } = setUp(async (...a) => (isFailing ? failing('crashed')(...a) : PROVED));
    await queue.request(block(1), 1n);
    await reaches(1, 'failed');
    isFailing = false;
    await queue.request(block(2), 2n);
    await reaches(2, 'proved');
    assert.equal(jobOf(1)?.state, 'failed');
    assert.equal(queue.status().resting, 1);
    await queue.request(block(1), 1n);
    await reaches(1, 'proved');
    assert.equal(queue.status().resting, 0);
    await queue.stop();
  });

  test('a failure that would only repeat itself → not tried again, not even by the next process', async () => {
    const first = setUp(failing('tooLarge'));
    await first.queue.request(block(1), 1n);
    await first.reaches(1, 'failed');
    assert.equal(first.queue.status().resting, 0);
    const next = setUp(async () => PROVED, { tables: first.tables });
    await next.queue.resume();
    assert.equal(next.queue.status().resting, 0);
    await next.queue.request(block(1), 1n);
    await next.reaches(1, 'proved');
  });

  test('a block that the guest rejects → failed, nothing is proven', async () => {
    const { queue, reaches, jobOf } = setUp(async () => assert.fail('proves'), {
      modules: { jobInput: async () => ({ ok: false, code: 'guestRejects', reason: 'state root' }) },
    });
    await queue.request(block(1), 1n);
    await reaches(1, 'failed');
    const job = jobOf(1);
    assert.ok(job?.state === 'failed');
    assert.deepEqual([job.code, job.reason], ['guestRejects', 'state root']);
  });

  test('a block whose witness nobody has yet → queued, others go first, proven once it is there', async () => {
    let now = 1000;
    let isThere = false;
    const { queue, reaches, until, states, jobOf } = setUp(async () => PROVED, {
      modules: {
        now: () => now,
        jobInput: async (hash) =>
          hash[0] === 1 && !isThere ? 'unavailable' : { ok: true, input: hash, headerRlp: hash, expected: CLAIM },
      },
    });
    await queue.request(block(1), 1n);
    await until(() => states.filter((s) => s === '1 queued').length === 2);
    await queue.request(block(2), 2n);
    await reaches(2, 'proved');
    assert.deepEqual(jobOf(1), { state: 'queued', number: 1n, attempts: 0 });
    isThere = true;
    now += 1000;
    await queue.request(block(3), 3n);
    await reaches(3, 'proved');
    assert.ok(states.indexOf('1 proved') < states.indexOf('3 proving'), 'the oldest again first');
  });

  test('a block whose witness never comes → failed as unavailable after two minutes, and rests', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let now = 1000;
    const { queue, states, until, jobOf } = setUp(async () => assert.fail('proves'), {
      modules: { now: () => now, jobInput: async () => 'unavailable' },
    });
    await queue.request(block(1), 1n);
    for (let times = 1; times < 8; times++) {
      await until(() => states.filter((s) => s === '1 queued').length === times + 1);
      await new Promise((resolve) => setImmediate(resolve));
      now += 1000 * 2 ** (times - 1);
      t.mock.timers.tick(1000 * 2 ** (times - 1));
    }
    await until(() => jobOf(1)?.state === 'failed');
    const job = jobOf(1);
    assert.ok(job?.state === 'failed' && job.code === 'unavailable');
    assert.equal(now, 1000 + 127_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(queue.status().resting, 1);
    await queue.stop();
  });

  test('more blocks than the backlog holds → the last ones fail for now and are proven when nothing else waits', async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const order: number[] = [];
    const { queue, store, states, reaches, until, jobOf } = setUp(
      async ({ input }) => {
        order.push(input[0] ?? 0);
        await gate;
        return PROVED;
      },
      { options: { maxBacklog: 2 } },
    );
    const add = async (n: number): Promise<void> => {
      await store.put(block(n), queue.newJob(BigInt(n)));
      queue.wake(block(n));
    };
    await add(9);
    await until(() => states.includes('9 proving'));
    for (const n of [5, 6, 3]) await add(n);
    const last = jobOf(3);
    assert.ok(last?.state === 'failed' && last.code === 'backlogFull');
    open();
    await reaches(3, 'proved');
    assert.deepEqual(order, [9, 5, 6, 3]);
  });

  test('rejects an own proof that does not verify: failed, nothing stored', async () => {
    const { queue, reaches, jobOf, proofsOf } = setUp(async () => ({ ...PROVED, proof: Uint8Array.of(9) }));
    await queue.request(block(1), 1n);
    await reaches(1, 'failed');
    const job = jobOf(1);
    assert.ok(job?.state === 'failed');
    assert.deepEqual([job.code, job.reason], ['ownProofRejected', 'foldMismatch']);
    assert.equal(proofsOf(1).length, 0);
  });

  test('a prover that throws → failed with the reason', async () => {
    const { queue, reaches, jobOf } = setUp(async () => {
      throw new Error('no more handles');
    });
    await queue.request(block(1), 1n);
    await reaches(1, 'failed');
    const job = jobOf(1);
    assert.ok(job?.state === 'failed');
    assert.deepEqual([job.code, job.reason], ['internal', 'no more handles']);
  });

  test('a job over its deadline → failed as overdue', async () => {
    const { queue, reaches, jobOf } = setUp(untilAborted, { options: { deadlineMs: 20 } });
    await queue.request(block(1), 1n);
    await reaches(1, 'failed');
    const job = jobOf(1);
    assert.ok(job?.state === 'failed' && job.code === 'overdue');
  });

  test('a block that leaves the canonical chain → its jobs are dropped, also one that runs', async () => {
    const off = new Set<number>();
    const { queue, jobOf, until, states } = setUp(untilAborted, {
      modules: { isWanted: (hash) => !off.has(hash[0] ?? 0) },
    });
    await queue.request(block(1), 1n);
    await queue.request(block(2), 2n);
    await until(() => states.includes('1 proving'));
    off.add(1).add(2);
    queue.recheck();
    while (jobOf(1) !== undefined || jobOf(2) !== undefined) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(!states.includes('2 proving'));
  });

  test('a running job whose block stays canonical → goes on at a recheck', async () => {
    const { queue, states, until, jobOf } = setUp(untilAborted);
    await queue.request(block(1), 1n);
    await until(() => states.includes('1 proving'));
    queue.recheck();
    assert.equal(jobOf(1)?.state, 'proving');
    await queue.stop();
  });

  test('stopped while proving → queued, taken up by the next process', async () => {
    const { queue, jobOf, tables } = setUp(untilAborted);
    await queue.request(block(1), 1n);
    await queue.request(block(2), 2n);
    await queue.stop();
    assert.deepEqual([jobOf(1)?.state, jobOf(2)?.state], ['queued', 'queued']);
    assert.equal(jobOf(1)?.attempts, 0);
    const next = setUp(async () => PROVED, { tables });
    await next.queue.resume();
    await next.reaches(1, 'proved');
    await next.reaches(2, 'proved');
  });

  test('killed while proving → started over by the next process', async () => {
    const tables = memoryTables();
    await jobStore(tables, TYPE).put(block(1), { state: 'queued', number: 1n, attempts: 0 });
    await jobStore(tables, TYPE).put(block(1), { state: 'proving', number: 1n, attempts: 1 });
    const { queue, reaches } = setUp(async () => PROVED, { tables });
    await queue.resume();
    await reaches(1, 'proved');
  });

  test('jobs of another proof type → left alone', async () => {
    const tables = memoryTables();
    await jobStore(tables, TYPE + 1).put(block(1), { state: 'queued', number: 1n, attempts: 0 });
    const { queue, jobOf } = setUp(async () => assert.fail('proves'), { tables });
    await queue.resume();
    assert.deepEqual([queue.status().queued, jobOf(1)], [0, undefined]);
  });

  test('rejects a transition that is not legal', () => {
    assert.throws(() => checkTransition('proved', 'queued'), { code: 'illegalTransition' });
    assert.throws(() => checkTransition(undefined, 'proved'), { code: 'illegalTransition' });
    assert.throws(() => checkTransition('failed', 'proved'), { code: 'illegalTransition' });
    checkTransition('failed', 'queued');
  });
});
