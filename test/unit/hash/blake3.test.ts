import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3 as noble } from '@noble/hashes/blake3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { blake3, blake3Keyed } from '../../../client/prover/hash/blake3.ts';

/** The input scheme and key of the official test vectors. */
const input = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251);
const KEY = new TextEncoder().encode('whats the Elvish word for friend');
const LENGTHS = [
  0, 1, 2, 3, 7, 8, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 2048, 2049, 3072, 3073, 8192, 31744, 102400,
];

test('blake3 of the empty input → the specification’s digest', () => {
  assert.equal(
    bytesToHex(blake3(new Uint8Array(0))),
    'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
  );
});

test('blake3 on the official vectors’ inputs → agrees with an independent implementation', () => {
  for (const n of LENGTHS) {
    assert.deepEqual(blake3(input(n), 131), noble(input(n), { dkLen: 131 }), `hash of ${n} bytes`);
    assert.deepEqual(blake3Keyed(KEY, input(n), 131), noble(input(n), { key: KEY, dkLen: 131 }), `keyed ${n} bytes`);
  }
});
