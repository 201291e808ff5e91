import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProofAnnouncement } from '../../../client/p2p/interface.ts';
import type { VerifyResult } from '../../../client/prover/interface.ts';
import { type GossipModules, gossipPorts } from '../../../client/sync/gossip.ts';

const HASH = `0x${'11'.repeat(32)}` as const;
const BYTES = new Uint8Array(32).fill(0x11);

function scene(verdict: VerifyResult = { ok: false, stage: 'whir', code: 'finalValue', detail: '' }, isWanted = true) {
  const modules = {
    readHeader: () => ({ hash: BYTES, parentHash: BYTES, number: 1n }),
    acceptedProofTypes: [129],
    revokedProofTypes: [128],
    chainId: 1337n,
    chainSpecHashOf: () => HASH,
    hasProof: () => false,
    isStored: () => false,
    importer: { checkHeader: async () => ({ isWanted }) },
    verifyProof: async () => verdict,
  } as unknown as GossipModules;
  const ports = gossipPorts('proof', modules);
  const claim = { schemaId: 1, chainId: 1337n, chainSpecHash: HASH, parentHash: HASH, blockHash: HASH };
  const announcementOf = (proofType: number): ProofAnnouncement => ({
    ...{ headerRlp: BYTES, seal: BYTES, claim: { ...claim, newPayloadRequestRoot: HASH } },
    proof: { proofType, proofHash: HASH, sizeBytes: 1, chunkHashes: [BYTES] },
  });
  return { ports, announcementOf };
}

test('announcement of an accepted type, of one that nobody knows here, of one whose key is revoked → wanted, passed over, charged', async () => {
  const { ports, announcementOf } = scene();
  assert.deepEqual(await ports.wantsProof(announcementOf(129)), { verdict: 'accept' });
  assert.deepEqual(await ports.wantsProof(announcementOf(130)), { verdict: 'ignore', code: 'unknownProofType' });
  const revoked = { verdict: 'reject', code: 'revokedKey', fault: 'revokedKey' };
  assert.deepEqual(await ports.wantsProof(announcementOf(128)), revoked);
});

test('proof of a block that is not wanted beside others of its sealer → passed over before it is fetched', async () => {
  const { ports, announcementOf } = scene(undefined, false);
  assert.deepEqual(await ports.wantsProof(announcementOf(129)), { verdict: 'ignore', code: 'siblingRefused' });
});

test('proof that turns out to name a revoked key, or to be false → rejected, each with its own fault', async () => {
  for (const [code, fault] of [
    ['revokedKey', 'revokedKey'],
    ['foreignKey', 'invalidProof'],
  ] as const) {
    const { ports, announcementOf } = scene({ ok: false, stage: 'statement', code, detail: '' });
    const judgement = await ports.verifyProof(announcementOf(129), BYTES, new AbortController().signal);
    assert.deepEqual(judgement, { verdict: 'reject', code: `statement/${code}`, fault });
  }
});
