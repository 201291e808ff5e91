import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fetched, FetchOptions, ProofDescriptor } from '../../../client/p2p/interface.ts';
import type { Hash, VerifyResult } from '../../../client/prover/interface.ts';
import { type BlockDataModules, obtainProof } from '../../../client/sync/block-data.ts';

const HASH: Hash = `0x${'11'.repeat(32)}`;
const BYTES = Uint8Array.of(1);
const descriptor = (i: number, proofType = 128): ProofDescriptor => ({
  ...{ proofType, proofHash: `0x${`${i}`.repeat(64)}`, sizeBytes: 1, chunkHashes: [BYTES] },
});

function scene(
  answer: (d: ProofDescriptor, o: FetchOptions) => Fetched<Uint8Array>,
  proofs: readonly ProofDescriptor[],
  verdict: VerifyResult = { ok: true } as never,
) {
  const charged: string[] = [];
  const verified: Hash[] = [];
  const stop = new AbortController();
  const modules = {
    network: {
      proof: async (d: ProofDescriptor, o: FetchOptions) => answer(d, o),
      charge: (peer: string, fault: string) => charged.push(`${peer} ${fault}`),
    },
    verifyProof: async () => {
      verified.push(HASH);
      return verdict;
    },
    acceptedProofTypes: [128],
  } as unknown as BlockDataModules;
  const record = { headerRlp: BYTES, seal: BYTES, proofs, hash: HASH, parentHash: BYTES };
  const obtain = () => obtainProof(modules, record, 'namer', { signal: stop.signal });
  return { obtain, charged, verified, stop };
}

test('proof that comes too slowly → whoever named it is charged, the next one is tried', async () => {
  const { obtain, charged } = scene(
    ({ proofHash }, { signal }) => {
      assert.ok(!signal.aborted);
      return proofHash.startsWith('0x1') ? { ok: false, code: 'aborted' } : { ok: true, value: BYTES };
    },
    [descriptor(1), descriptor(2)],
  );
  assert.ok((await obtain()).ok);
  assert.deepEqual(charged, ['namer withheldData']);
});

test('proof that names a revoked key, or is false → whoever named it is charged, each with its own fault', async () => {
  for (const [code, fault] of [
    ['revokedKey', 'revokedKey'],
    ['foreignKey', 'invalidProof'],
  ] as const) {
    const verdict = { ok: false, stage: 'statement', code, detail: '' } as const;
    const { obtain, charged } = scene(() => ({ ok: true, value: BYTES }), [descriptor(1)], verdict);
    assert.deepEqual(await obtain(), { ok: false, missing: 'proof' });
    assert.deepEqual(charged, [`namer ${fault}`]);
  }
});

test('fetch that this node gives up → nobody is charged', async () => {
  const { obtain, charged, stop } = scene(() => {
    stop.abort();
    return { ok: false, code: 'aborted' };
  }, [descriptor(1), descriptor(2)]);
  assert.deepEqual(await obtain(), { ok: false, missing: 'proof' });
  assert.deepEqual(charged, []);
});

test('proofs of types that are not accepted, and more than three → not asked for, nobody charged', async () => {
  const asked: Hash[] = [];
  const named = [descriptor(9, 127), ...[1, 2, 3, 4].map((i) => descriptor(i))];
  const { obtain, charged, verified } = scene(({ proofHash }) => {
    asked.push(proofHash);
    return { ok: false, code: 'unavailable' };
  }, named);
  assert.deepEqual(await obtain(), { ok: false, missing: 'proof' });
  assert.deepEqual(
    asked,
    named.slice(1, 4).map(({ proofHash }) => proofHash),
  );
  assert.deepEqual([charged, verified], [[], []]);
});
