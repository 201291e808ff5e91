import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hash } from '../../../client/prover/interface.ts';
import { VerifierProcess } from '../../../client/prover/service/verifier-process.ts';
import { ACCEPTED_KEYS } from '../../../client/prover/verifier/accepted-keys.ts';
import { NO_REVOKED_KEYS, RevokedKeys } from '../../../client/prover/verifier/revoked-keys.ts';

const KEYS = [
  { proofType: 128, digest: '8'.repeat(64) },
  { proofType: 129, digest: 'ab'.repeat(32) },
];
const OLD: Hash = `0x${'0d'.repeat(32)}`;
const AB: Hash = `0x${'AB'.repeat(32)}`;

/** As much of a proof as says which key it is of: version u16, type u8, vkHash. */
const proofOf = (vkHash: Hash, proofType = 128): Uint8Array =>
  Uint8Array.from(
    Buffer.concat([Buffer.from([1, 0, proofType]), Buffer.from(vkHash.slice(2), 'hex'), Buffer.alloc(9)]),
  );

test('hashes of this build’s keys and others → types of the former, names of the latter, each once and in small letters', () => {
  const revoked = new RevokedKeys([AB, OLD, AB.toLowerCase() as Hash], KEYS);
  assert.deepEqual(revoked.hashes, [AB.toLowerCase(), OLD]);
  assert.deepEqual(revoked.proofTypes, [129]);
  assert.deepEqual(revoked.unknown, [OLD]);
});

test('proof that names a revoked key, under whatever type → statement/revokedKey; any other, and no proof at all → nothing', () => {
  const revoked = new RevokedKeys([AB, OLD], KEYS);
  for (const [vkHash, type] of [
    [AB, 129],
    [AB, 128],
    [OLD, 128],
  ] as const) {
    const rejection = revoked.rejection(proofOf(vkHash, type));
    assert.deepEqual([rejection?.ok, rejection?.stage, rejection?.code], [false, 'statement', 'revokedKey']);
    assert.match(rejection?.detail ?? '', new RegExp(vkHash.toLowerCase()));
  }
  for (const bytes of [proofOf(`0x${'88'.repeat(32)}`), proofOf(AB).subarray(0, 34), new Uint8Array(0)])
    assert.equal(revoked.rejection(bytes), undefined);
  assert.equal(NO_REVOKED_KEYS.rejection(proofOf(AB)), undefined);
});

test('verifier’s process with a revoked key → refuses its proofs before it starts anything', async (t) => {
  const [key] = ACCEPTED_KEYS;
  const vkHash: Hash = `0x${key!.digest}`;
  const verifier = new VerifierProcess(new RevokedKeys([vkHash]));
  t.after(() => verifier.close());
  const expected = { chainId: 1n, chainSpecHash: OLD };
  const { result } = await verifier.verify(key!.proofType, proofOf(vkHash, key!.proofType), expected);
  assert.equal(result.ok ? 'accepted' : result.code, 'revokedKey');
});
