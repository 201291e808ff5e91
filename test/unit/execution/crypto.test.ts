import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ecrecover } from '@ethereumjs/util';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { customCrypto, keccak256, nativeRecoverPublicKey } from '../../../client/execution/chain/crypto.ts';
import { portableRecoverPublicKey, type RecoverPublicKey } from '../../../client/execution/chain/recover-key.ts';
import { hexOf } from '../../support/bytes.ts';
import { seededRandom } from '../../support/random.ts';

describe('keccak256', () => {
  test('lengths around the rate of 136 bytes → the hash of @noble', () => {
    const random = seededRandom(1);
    for (const length of [0, 1, 31, 32, 134, 135, 136, 137, 271, 272, 273, 1000, 24_576]) {
      const data = Uint8Array.from({ length }, () => random() & 255);
      assert.equal(hexOf(keccak256(data)), hexOf(keccak_256(data)), `${length} bytes`);
    }
  });
});

const implementations: readonly (readonly [string, RecoverPublicKey | undefined])[] = [
  ['portable', portableRecoverPublicKey],
  ['native', nativeRecoverPublicKey],
];
for (const [name, recover] of implementations) {
  const skip = recover === undefined ? { skip: 'no prebuilt binary for this platform' } : {};
  describe(`public key recovery, ${name}`, skip, () => {
    const run = recover ?? portableRecoverPublicKey;
    const random = seededRandom(7);
    const hash = keccak256(Uint8Array.of(1, 2, 3));

    test('signatures with low and high s → the signer’s key', () => {
      for (let i = 0; i < 20; i++) {
        const secret = Uint8Array.from({ length: 32 }, () => random() & 127);
        const key = hexOf(secp256k1.getPublicKey(secret, false).subarray(1));
        const bytes = secp256k1.sign(hash, secret, { prehash: false, format: 'recovered' });
        const signature = secp256k1.Signature.fromBytes(bytes, 'recovered');
        const recovery = signature.recovery === 0 ? 0 : 1;
        assert.equal(hexOf(run(hash, signature.toBytes('compact'), recovery)), key);
        const high = new secp256k1.Signature(signature.r, secp256k1.Point.Fn.neg(signature.s)).toBytes('compact');
        assert.equal(hexOf(run(hash, high, recovery === 0 ? 1 : 0)), key);
      }
    });

    const order = secp256k1.Point.Fn.ORDER;
    const word = (value: bigint): Uint8Array => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
    const bad: readonly (readonly [string, bigint, bigint])[] = [
      ['r = 0', 0n, 1n],
      ['s = 0', 1n, 0n],
      ['r of the group order', order, 1n],
      ['s of the group order', 1n, order],
      ['r that is no x of a point', 5n, 1n],
    ];
    for (const [what, r, s] of bad) {
      test(`rejects ${what}`, () => {
        assert.throws(() => run(hash, new Uint8Array(Buffer.concat([word(r), word(s)])), 0));
      });
    }
  });
}

describe('ecrecover for @ethereumjs', () => {
  test('v of every form, short r and s → the key of @ethereumjs’s own', () => {
    const secret = new Uint8Array(32).fill(3);
    let short = 0;
    for (let i = 0; i < 400; i++) {
      const hash = keccak256(Uint8Array.of(i & 255, i >> 8));
      const bytes = secp256k1.sign(hash, secret, { prehash: false, format: 'recovered' });
      const { r, s, recovery } = secp256k1.Signature.fromBytes(bytes, 'recovered');
      const unpadded = (value: bigint): Uint8Array => {
        const digits = value.toString(16);
        return new Uint8Array(Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex'));
      };
      if (unpadded(r).length === 32 && unpadded(s).length === 32 && i > 3) continue;
      short++;
      const bit = BigInt(recovery ?? 0);
      for (const [v, chainId] of [[bit], [27n + bit], [2_709n + bit, 1337n]] as const) {
        const args = [hash, v, unpadded(r), unpadded(s), chainId] as const;
        assert.equal(hexOf(customCrypto.ecrecover?.(...args) ?? new Uint8Array()), hexOf(ecrecover(...args)));
      }
    }
    assert.ok(short > 5);
    assert.throws(() => customCrypto.ecrecover?.(keccak256(new Uint8Array()), 29n, Uint8Array.of(1), Uint8Array.of(1)));
  });
});
