import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { acceptedProofTypes } from '../../../client/node/accepted-proofs.ts';
import { ACCEPTED_KEYS } from '../../../client/prover/verifier/accepted-keys.ts';
import { repoRoot } from '../../support/data.ts';

const ALL = { accept: undefined, minBits: 100, required: 1 };
const KEYS = [
  { proofType: 128, securityBits: 100 },
  { proofType: 129, securityBits: 128 },
  { proofType: 130, securityBits: 128 },
];
const taken = (options: Partial<typeof ALL> | { accept: readonly number[] }, makes?: number): readonly number[] =>
  acceptedProofTypes({ ...ALL, ...options }, makes, KEYS);

test('no options → every proof type of this build', () => {
  const known = ACCEPTED_KEYS.map(({ proofType }) => proofType);
  assert.deepEqual(acceptedProofTypes(ALL, undefined), known);
});

test('accept, min-bits → the types that meet both', () => {
  assert.deepEqual(taken({ accept: [130, 128] }), [128, 130]);
  assert.deepEqual(taken({ minBits: 101 }), [129, 130]);
  assert.deepEqual(taken({ accept: [128, 130], minBits: 128 } as never), [130]);
});

test('options that no proof can meet → proofsUnmet, with what could be met', () => {
  const unmet = (message: RegExp) => ({ code: 'proofsUnmet', message });
  assert.throws(() => taken({ accept: [7] }), unmet(/among 128, 129, 130, got 7/));
  assert.throws(() => taken({ minBits: 129 }), unmet(/129 bits \(128 has 100, 129 has 128, 130 has 128\)/));
  assert.throws(() => taken({ required: 2 }), unmet(/proofs of 1 guest, got 2/));
  assert.throws(() => taken({ accept: [129] }, 128), unmet(/makes proofs of type 128, .* only 129/));
});

test('keys of this build → of one guest: more than one required proof needs proofs to be counted on import', () => {
  const types = JSON.parse(readFileSync(join(repoRoot(), 'proof-types.json'), 'utf8')) as { guestSha256: string }[];
  assert.equal(new Set(types.map(({ guestSha256 }) => guestSha256)).size, 1);
});
