import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fp, P, reduceSum } from '../../../client/prover/field/fp.ts';
import { randomFp, seededRandom } from '../../support/random.ts';

const big = BigInt(P);
const EDGES = [0, 1, 2, 3, P - 1, P - 2, P - 3, 65535, 65536, 65537, (P - 1) / 2, (P + 1) / 2, 2 ** 30, 46340, 46341];

test('Fp.mul on edge operands → the BigInt product', () => {
  for (const a of EDGES)
    for (const b of EDGES) assert.equal(Fp.mul(a, b), Number((BigInt(a) * BigInt(b)) % big), `${a} * ${b}`);
});

test('Fp.mul where the product is next to a multiple of P → the BigInt product', () => {
  const random = seededRandom(1);
  for (let i = 0; i < 20_000; i++) {
    const a = 1 + (randomFp(random) % (P - 1));
    const inverse = Fp.inv(a);
    for (const b of [inverse, Fp.neg(inverse), Fp.add(inverse, 1), Fp.sub(inverse, 1)])
      assert.equal(Fp.mul(a, b), Number((BigInt(a) * BigInt(b)) % big));
  }
});

test('Fp on random operands → agrees with BigInt', () => {
  const random = seededRandom(2);
  for (let i = 0; i < 50_000; i++) {
    const a = randomFp(random);
    const b = randomFp(random);
    assert.equal(Fp.mul(a, b), Number((BigInt(a) * BigInt(b)) % big));
    assert.equal(Fp.add(a, b), Number((BigInt(a) + BigInt(b)) % big));
    assert.equal(Fp.sub(a, b), Number((BigInt(a) - BigInt(b) + big) % big));
    assert.equal(Fp.add(a, Fp.neg(a)), 0);
  }
});

test('reduceSum on sums up to its bounds → the residue, however the double is off', () => {
  const random = seededRandom(6);
  const limit = 2n ** 80n - 1n;
  const sums = [0n, 1n, -1n, big, -big, big * big, limit, -limit];
  for (let i = 0; i < 20_000; i++) {
    const bits = BigInt(random() % 81);
    const s = ((BigInt(random()) << 64n) | (BigInt(random()) << 32n) | BigInt(random())) >> (96n - bits);
    sums.push(random() % 2 === 0 ? s : -s, s - (s % big), s - (s % big) - 1n);
  }
  for (const s of sums)
    for (const error of [0, 2 ** 28 - 2 ** 27, 2 ** 27 - 2 ** 28]) {
      const expected = Number(((s % big) + big) % big);
      assert.equal(reduceSum(Number(s) + error, Number(BigInt.asIntN(32, s))), expected, `${s} off by ${error}`);
      assert.equal(reduceSum(Number(s) + error, Number(BigInt.asUintN(32, s))), expected);
    }
});

test('Fp.fromInt and Fp.fromBigint on negative integers → the residue', () => {
  assert.equal(Fp.fromInt(-1), P - 1);
  assert.equal(Fp.fromInt(-P), 0);
  assert.equal(Fp.fromBigint(-1n), P - 1);
  assert.equal(Fp.fromBigint(big * big + 5n), 5);
});

test('Fp.isCanonical on P, negatives and fractions → false', () => {
  for (const x of [P, P + 1, -1, 0.5, Number.NaN]) assert.equal(Fp.isCanonical(x), false);
  for (const x of [0, P - 1]) assert.equal(Fp.isCanonical(x), true);
});
