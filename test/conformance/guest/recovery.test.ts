import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { createValidator } from '../../../client/prover/guest/validate.ts';
import { seededRandom } from '../../support/random.ts';
import { type RecoveryCall, recoveryBlock } from '../../support/recovery-block.ts';

const validator = createValidator(loadGuest());
const { p: P, n: N } = secp256k1.Point.CURVE();
const { Point } = secp256k1;
const TOP = 2n ** 256n - 1n;
const LAMBDA = 0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72n;

const random = seededRandom(23);
const wide = (): bigint => Array.from({ length: 8 }, random).reduce((value, word) => (value << 32n) | BigInt(word), 0n);
const scalar = (): bigint => (wide() % (N - 1n)) + 1n;

/** What noble recovers: the last 20 bytes of the key's hash, 0 for none. */
function recovered({ hash, v, r, s }: RecoveryCall): bigint {
  if (v !== 27n && v !== 28n) return 0n;
  try {
    const message = Buffer.from(hash.toString(16).padStart(64, '0'), 'hex');
    const signature = new secp256k1.Signature(r, s, Number(v - 27n));
    const key = signature.recoverPublicKey(message).toBytes(false).subarray(1);
    return BigInt(`0x${Buffer.from(keccak_256(key).subarray(12)).toString('hex')}`);
  } catch {
    return 0n;
  }
}

async function compare(calls: readonly RecoveryCall[]): Promise<readonly bigint[]> {
  const { input, blockHash, results } = await recoveryBlock(calls);
  assert.deepEqual(results, calls.map(recovered));
  const verdict = (await validator)(input);
  assert.ok(verdict.ok, verdict.ok ? '' : `${verdict.rule}: ${verdict.reason}`);
  assert.equal(verdict.claim.blockHash, blockHash);
  return results;
}
const both = (call: Omit<RecoveryCall, 'v'>): RecoveryCall[] => [27n, 28n].map((v) => ({ ...call, v }));

describe('recovery in the guest against noble, through precompile 0x01', () => {
  test('random signatures and random numbers → the same keys', async () => {
    const signed = Array.from({ length: 40 }, (): RecoveryCall => {
      const hash = wide();
      const message = Buffer.from(hash.toString(16).padStart(64, '0'), 'hex');
      const key = Buffer.from(scalar().toString(16).padStart(64, '0'), 'hex');
      const bytes = secp256k1.sign(message, key, { prehash: false, format: 'recovered' });
      const { r, s, recovery } = secp256k1.Signature.fromBytes(bytes, 'recovered');
      return { hash, v: 27n + BigInt(recovery ?? 0), r, s };
    });
    const numbers = Array.from({ length: 40 }, () => ({
      hash: wide(),
      v: 27n + BigInt(random() & 1),
      r: scalar(),
      s: scalar(),
    }));
    const results = await compare([...signed, ...numbers]);
    // About half of all r are no x of a point.
    assert.ok(results.slice(0, 40).every((x) => x !== 0n) && results.slice(40).some((x) => x === 0n));
  });

  test('r or s of 0, 1, n − 1, n and more; high s; other v → the same', async () => {
    const edges = [0n, 1n, 2n, N - 1n, N, N + 1n, P - 1n, P, TOP];
    const { x } = Point.BASE.toAffine();
    const calls = edges.flatMap((edge) => [
      ...both({ hash: wide(), r: edge, s: scalar() }),
      ...both({ hash: wide(), r: x, s: edge }),
    ]);
    const others = [0n, 1n, 26n, 29n, 30n, 27n + 256n, TOP].map((v) => ({ hash: wide(), v, r: x, s: 5n }));
    await compare([...calls, ...others]);
  });

  test('hash of 0 and of n or more, so that G has no part or is reduced → the same', async () => {
    const { x } = Point.BASE.multiply(scalar()).toAffine();
    await compare([0n, 1n, N - 1n, N, N + 1n, TOP].flatMap((hash) => both({ hash, r: x % N, s: scalar() })));
  });

  test('keys at infinity, R = ±G, ±λG, small multiples: sums of equal and opposite points → the same', async () => {
    const multiples = [1n, 2n, 3n, 5n, N - 1n, LAMBDA, N - LAMBDA, LAMBDA + 1n, (LAMBDA * LAMBDA) % N, scalar()];
    const calls = multiples.flatMap((k) => {
      const { x, y } = Point.BASE.multiply(k).toAffine();
      const v = 27n + (y & 1n);
      const s = scalar();
      // s · R = z · G for z = s · k: the key is infinity; with the other y it is not.
      const atInfinity = both({ hash: (s * k) % N, r: x, s });
      return [...atInfinity, { hash: s, v, r: x, s }, { hash: N - s, v, r: x, s }, { hash: 1n, v, r: x, s: 1n }];
    });
    const results = await compare(calls.filter(({ r }) => r < N));
    assert.ok(results.filter((x) => x === 0n).length >= multiples.length);
  });
});
