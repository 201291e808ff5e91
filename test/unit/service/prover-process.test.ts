import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import type { BlockClaim, Progress, ProveJob } from '../../../client/prover/interface.ts';
import type { MemoryPlan } from '../../../client/prover/service/memory.ts';
import { memoryPlan } from '../../../client/prover/service/memory.ts';
import { ProverProcess } from '../../../client/prover/service/prover-process.ts';
import { VerifierProcess } from '../../../client/prover/service/verifier-process.ts';

const HASH = `0x${'00'.repeat(32)}` as const;
const CLAIM: BlockClaim = {
  schemaId: 0x7a01,
  chainId: 1n,
  chainSpecHash: HASH,
  parentHash: HASH,
  blockHash: HASH,
  newPayloadRequestRoot: HASH,
};
/** Not an input of the guest: a proof would end with its trap. */
const JOB: ProveJob = { input: new Uint8Array(16), headerRlp: new Uint8Array(), expected: CLAIM, profile: 'P100' };
const MIB = 2 ** 20;

function proverOf(t: TestContext, memory: Partial<MemoryPlan> = {}): ProverProcess {
  const plan = { ...memoryPlan(4096), ...memory };
  const prover = new ProverProcess({ backend: 'wasm', threads: 1, memory: plan, isBackground: true });
  t.after(() => prover.close());
  return prover;
}

/** Processes that this one has started and that live; undefined where the system does not say. */
function children(): readonly number[] | undefined {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return undefined;
  }
}

describe('prover in a process of its own', () => {
  test('resident memory over the limit → the job fails as out of memory, and so does the next, in a fresh process', async (t) => {
    const prover = proverOf(t, { maxBytes: 40 * MIB });
    for (let i = 0; i < 2; i++) {
      const result = await prover.prove(JOB, { signal: new AbortController().signal });
      assert.ok(!result.ok);
      assert.equal(result.code, 'outOfMemory');
      assert.match(result.detail, /^the memory limit is reached: \d+ bytes of 41943040$/);
    }
  });

  test('kernels over their memory → out of memory, with what was needed', async (t) => {
    const result = await proverOf(t, { kernelBytes: 8 * MIB }).prove(JOB, { signal: new AbortController().signal });
    assert.ok(!result.ok);
    assert.equal(result.code, 'outOfMemory');
    assert.match(result.detail, /8388608 are allowed/);
  });

  test('a heap that is too small → out of memory, the caller lives', async (t) => {
    const result = await proverOf(t, { heapMiB: 12 }).prove(JOB, { signal: new AbortController().signal });
    assert.ok(!result.ok);
    assert.equal(result.code, 'outOfMemory');
  });

  test('aborted in the middle → at once, and the process is gone', async (t) => {
    const prover = proverOf(t);
    const before = children();
    const stop = new AbortController();
    const seen: Progress[] = [];
    const onProgress = (progress: Progress): void => {
      seen.push(progress);
      stop.abort();
    };
    const result = await prover.prove(JOB, { signal: stop.signal, onProgress });
    assert.ok(!result.ok);
    assert.equal(result.code, 'aborted');
    assert.equal(seen[0]?.stage, 'key');
    assert.deepEqual(children(), before);
    const late = await prover.prove(JOB, { signal: stop.signal });
    assert.ok(!late.ok && late.code === 'aborted');
  });

  test('killed from outside → the job fails with the reason', async (t) => {
    const before = children();
    if (before === undefined) return t.skip('this system does not list child processes');
    const prover = proverOf(t);
    const onProgress = (): void => {
      for (const pid of children() ?? []) if (!before.includes(pid)) process.kill(pid, 'SIGABRT');
    };
    const result = await prover.prove(JOB, { signal: new AbortController().signal, onProgress });
    assert.ok(!result.ok);
    assert.deepEqual([result.code, result.detail], ['crashed', 'the prover’s process ended (SIGABRT)']);
  });
});

describe('verifier in a process of its own', () => {
  const expected = { chainId: 1n, chainSpecHash: HASH };

  test('bytes that are no proof, and a proof type without a key → rejected, one answer each', async (t) => {
    const verifier = new VerifierProcess();
    t.after(() => verifier.close());
    const [zeros, empty, type] = await Promise.all([
      verifier.verify(128, new Uint8Array(100_000), expected),
      verifier.verify(128, new Uint8Array(), expected),
      verifier.verify(7, new Uint8Array(100), expected),
    ]);
    assert.deepEqual(
      [zeros, empty, type].map(({ result }) => (result.ok ? '' : `${result.stage}/${result.code}`)),
      ['decode/unknownVersion', 'decode/truncated', 'statement/unknownProofType'],
    );
  });

  test('rejects more proofs than may wait', async (t) => {
    const verifier = new VerifierProcess();
    t.after(() => verifier.close());
    const results = await Promise.allSettled(
      Array.from({ length: 18 }, () => verifier.verify(128, new Uint8Array(10), expected)),
    );
    const rejected = results.filter((r) => r.status === 'rejected');
    assert.deepEqual(
      rejected.map((r) => (r.reason as { code: string }).code),
      ['verifierBusy', 'verifierBusy'],
    );
  });
});
