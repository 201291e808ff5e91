import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BlockClaim, ProveJob, ProveResult } from '../../../client/prover/interface.ts';
import type { CheckResult } from '../../../client/prover/service/check.ts';
import type { Job } from '../../../client/prover/service/job.ts';
import { jobStore, storedProofs } from '../../../client/prover/service/job-store.ts';
import { ProvingService } from '../../../client/prover/service/proving-service.ts';
import { ACCEPTED_KEYS } from '../../../client/prover/verifier/accepted-keys.ts';
import { memoryTables } from '../../support/service-tables.ts';

const ZERO = `0x${'00'.repeat(32)}` as const;
const KEY = ACCEPTED_KEYS[0] ?? assert.fail('no key');
const block = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}` as const;
const claimOf = (n: number): BlockClaim => ({
  ...{ schemaId: 0x7a01, chainId: 1n, chainSpecHash: ZERO, parentHash: ZERO },
  ...{ blockHash: hex(block(n)), newPayloadRequestRoot: ZERO },
});
const STATS = {
  ...{ segments: 1, instructions: 1, cells: 1, interactions: 1, provingMs: 5, stages: {}, peakRssBytes: 1 },
  backend: 'wasm',
} as const;

/** A service over a chain whose block at height n has the hash `block(n)`, except those that are `off` it. */
function setUp(o: { readonly check?: (n: number) => CheckResult; readonly verified?: (n: number) => BlockClaim } = {}) {
  const tables = memoryTables();
  const off = new Set<number>();
  const checked: number[] = [];
  const proven: ProveJob[] = [];
  let onSettled: () => void = () => {};
  const jobs = jobStore(tables, KEY.proofType);
  const agree = (n: number): CheckResult => ({ ok: true, claim: claimOf(n), ms: 1 });
  const service = new ProvingService(
    { key: KEY, deadlineMs: 60_000, maxBacklog: 100 },
    {
      tables,
      prover: {
        prove: async (job): Promise<ProveResult> => {
          proven.push(job);
          return {
            ok: true,
            proof: Uint8Array.of(Number.parseInt(job.expected.blockHash.slice(2, 4), 16)),
            stats: STATS,
          };
        },
      },
      verify: async (_, proof) => {
        const claim = (o.verified ?? claimOf)(proof[0] ?? 0);
        return { result: { ok: true, claim, profile: 'P100', securityBits: 100 }, ms: 2.4 };
      },
      check: async ({ blockHash }) => {
        const n = Number.parseInt(blockHash.slice(2, 4), 16);
        checked.push(n);
        return (o.check ?? agree)(n);
      },
      block: (hash) => ({
        ...{ chainSpec: { chainId: 1n, genesisHash: ZERO, forks: [] }, parentHash: ZERO, blockHash: hex(hash) },
        ...{ blockRlp: hash, headerRlp: hash, witness: { state: [], codes: [], headers: [] } },
      }),
      isWanted: (_, number) => !off.has(Number(number)),
      canonicalHash: (number) => block(Number(number)),
      now: () => 1000,
    },
    { onJob: () => onSettled(), onProgress: () => {}, onError: (error) => assert.fail(String(error)) },
  );
  const until = (isMet: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      onSettled = () => isMet() && resolve();
      onSettled();
    });
  const reaches = (n: number, state: Job['state']): Promise<void> => until(() => jobs.get(block(n))?.state === state);
  return { service, tables, jobs, off, checked, proven, reaches };
}

describe('proving service', () => {
  test('an imported block → proven with the claim of its check, which is not run again', async () => {
    const { service, tables, checked, proven, reaches } = setUp();
    await tables.write([service.jobOf(block(1), 1n)]);
    service.imported(block(1), { ok: true, claim: claimOf(1), ms: 1 });
    await reaches(1, 'proved');
    assert.deepEqual(checked, []);
    assert.deepEqual(
      [proven[0]?.expected, proven[0]?.headerRlp, proven[0]?.profile],
      [claimOf(1), block(1), KEY.profile],
    );
    const [proof] = storedProofs(tables, block(1), [KEY.proofType]);
    assert.deepEqual([proof?.vkHash, proof?.proofSize, proof?.claim], [`0x${KEY.digest}`, 1, claimOf(1)]);
  });

  test('a block that the guest rejected → failed, not proven', async () => {
    const rejection: CheckResult = { ok: false, kind: 'rejected', rule: 'outcome', reason: 'state root', ms: 1 };
    const { service, tables, jobs, proven, reaches } = setUp({ check: () => rejection });
    await tables.write([service.jobOf(block(1), 1n)]);
    service.imported(block(1), rejection);
    await reaches(1, 'failed');
    const job = jobs.get(block(1));
    assert.ok(job?.state === 'failed');
    assert.deepEqual([job.code, job.reason, proven.length], ['guestRejects', 'state root', 0]);
  });

  test('rejects an own proof with another payload root than the guest claims', async () => {
    const verified = (n: number): BlockClaim => ({ ...claimOf(n), newPayloadRequestRoot: hex(block(9)) });
    const { service, tables, jobs, reaches } = setUp({ verified });
    await service.request(block(1), 1n);
    await reaches(1, 'failed');
    const job = jobs.get(block(1));
    assert.ok(job?.state === 'failed' && job.code === 'ownProofRejected');
    assert.match(job.reason, /^newPayloadRequestRoot: /);
    assert.deepEqual(storedProofs(tables, block(1), [KEY.proofType]), []);
    await service.close();
  });

  test('started with a first block → canonical blocks from there on that have no job get one, genesis does not', async () => {
    const { service, jobs, checked, reaches } = setUp();
    await jobs.put(block(2), { state: 'queued', number: 2n, attempts: 0 });
    await jobs.put(block(2), { state: 'failed', number: 2n, attempts: 1, code: 'tooLarge', reason: '', at: 0 });
    await service.start(0n, 3n);
    await reaches(1, 'proved');
    await reaches(3, 'proved');
    assert.deepEqual([jobs.get(block(0)), jobs.get(block(2))?.state], [undefined, 'failed']);
    assert.deepEqual(checked, [1, 3]);
    await service.close();
  });

  test('started without one → only the jobs that are there', async () => {
    const { service, jobs, reaches } = setUp();
    await jobs.put(block(2), { state: 'queued', number: 2n, attempts: 0 });
    await service.start(undefined, 3n);
    await reaches(2, 'proved');
    assert.equal(jobs.get(block(1)), undefined);
  });

  test('another chain becomes canonical → its blocks get jobs, those that left it lose theirs', async () => {
    const { service, jobs, tables, off, reaches } = setUp();
    off.add(1);
    await tables.write([service.jobOf(block(1), 1n)]);
    await service.onNewHead([{ hash: block(2), number: 2n }]);
    service.imported(block(1), { ok: true, claim: claimOf(1), ms: 1 });
    await reaches(2, 'proved');
    while (jobs.get(block(1)) !== undefined) await new Promise((resolve) => setImmediate(resolve));
  });
});
