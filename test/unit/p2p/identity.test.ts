import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { identityOf, isSignature } from '../../../client/p2p/host/identity.ts';

const message = (k: number): Uint8Array => new TextEncoder().encode(`message ${k}`);

test('message signed by a node’s key → its signature, and of no other message or key', async () => {
  const [own, other] = await Promise.all([generateKeyPair('Ed25519'), generateKeyPair('Ed25519')]);
  const { publicKey, sign } = identityOf(own);
  const signature = await sign(message(0));
  assert.equal(isSignature(publicKey, message(0), signature), true);
  assert.equal(isSignature(publicKey, message(1), signature), false);
  assert.equal(isSignature(identityOf(other).publicKey, message(0), signature), false);
  assert.equal(isSignature(publicKey, message(0), signature.subarray(1)), false);
});

test('key of small order, with zeros for a signature → no signature of any message', () => {
  const small = [new Uint8Array(32), new Uint8Array(32).fill(1, 0, 1)];
  for (const key of small) {
    for (let k = 0; k < 64; k++) assert.equal(isSignature(key, message(k), new Uint8Array(64)), false, `message ${k}`);
  }
});

test('bytes that are no point → no signature', () => {
  assert.equal(isSignature(new Uint8Array(32).fill(0xff), message(0), new Uint8Array(64)), false);
  assert.equal(isSignature(new Uint8Array(3), message(0), new Uint8Array(64)), false);
});
