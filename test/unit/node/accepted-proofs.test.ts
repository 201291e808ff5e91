import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ProofsConfig } from '../../../client/config.ts';
import { acceptedProofTypes } from '../../../client/node/accepted-proofs.ts';
import { ACCEPTED_KEYS } from '../../../client/prover/verifier/accepted-keys.ts';
import { repoRoot } from '../../support/data.ts';

const ALL = { accept: undefined, minBits: 100, required: 1, revoked: [] };
const vk = (digit: string): `0x${string}` => `0x${digit.repeat(64)}`;
const IDLE = { makes: undefined, isWaitingForProofs: false };
const KEYS = [
  { proofType: 128, securityBits: 100, digest: '8'.repeat(64) },
  { proofType: 129, securityBits: 128, digest: '9'.repeat(64) },
  { proofType: 130, securityBits: 128, digest: 'a'.repeat(64) },
];
const taken = (options: Partial<ProofsConfig>, o: Partial<Parameters<typeof acceptedProofTypes>[1]> = {}) =>
  acceptedProofTypes({ ...ALL, ...options }, { ...IDLE, ...o }, KEYS);

test('no options → every proof type of this build', () => {
  const known = ACCEPTED_KEYS.map(({ proofType }) => proofType);
  assert.deepEqual(acceptedProofTypes(ALL, IDLE), known);
});

test('accept, min-bits → the types that meet both', () => {
  assert.deepEqual(taken({ accept: [130, 128] }), [128, 130]);
  assert.deepEqual(taken({ minBits: 101 }), [129, 130]);
  assert.deepEqual(taken({ accept: [128, 130], minBits: 128 }), [130]);
});

test('options that no proof can meet → proofsUnmet, with what could be met', () => {
  const unmet = (message: RegExp) => ({ code: 'proofsUnmet', message });
  assert.throws(() => taken({ accept: [7] }), unmet(/among 128, 129, 130, got 7/));
  assert.throws(() => taken({ minBits: 129 }), unmet(/129 bits \(128 has 100, 129 has 128, 130 has 128\)/));
  assert.throws(() => taken({ required: 2 }), unmet(/proofs of 1 guest, got 2/));
  assert.throws(() => taken({ accept: [129] }, { makes: 128 }), unmet(/makes proofs of type 128, .* only 129/));
});

test('revoked keys → their types are not taken; unknown ones change nothing; none left only for a node that can do without', () => {
  assert.deepEqual(taken({ revoked: [vk('9')] }), [128, 130]);
  assert.deepEqual(taken({ revoked: [vk('7')] }), [128, 129, 130]);
  assert.deepEqual(taken({ revoked: [vk('8')], accept: [128, 129] }), [129]);
  const all = [vk('8'), vk('9'), vk('a')];
  assert.deepEqual(taken({ revoked: all }), []);
  const unmet = (message: RegExp) => ({ code: 'proofsUnmet', message });
  assert.throws(
    () => taken({ revoked: all }, { isWaitingForProofs: true }),
    unmet(/revoke: no key is left of 128, 129, 130/),
  );
  assert.throws(
    () => taken({ revoked: [vk('8')] }, { makes: 128 }),
    unmet(/makes proofs of type 128, .* only 129, 130/),
  );
  assert.throws(() => taken({ revoked: all }, { makes: 128 }), unmet(/only none/));
});

test('keys of this build → of one guest: more than one required proof needs proofs to be counted on import', () => {
  const types = JSON.parse(readFileSync(join(repoRoot(), 'proof-types.json'), 'utf8')) as { guestSha256: string }[];
  assert.equal(new Set(types.map(({ guestSha256 }) => guestSha256)).size, 1);
});
