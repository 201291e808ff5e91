import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addInto,
  addScaledInto,
  dotExt,
  extVec,
  getExt,
  lineInto,
  mulAddInto,
  mulInto,
  packExt,
  scaleInto,
  setExt,
  subInto,
  unpackExt,
} from '../../../client/prover/field/ext-vec.ts';
import { P } from '../../../client/prover/field/fp.ts';
import { type Ext, Fp5 } from '../../../client/prover/field/fp5.ts';
import { randomExt, randomFp, seededRandom } from '../../support/random.ts';

const big = BigInt(P);

/** Polynomial product and long division by x^5 + x^2 − 1, over BigInt. */
function oracle(a: Ext, b: Ext): Ext {
  const c = new Array<bigint>(9).fill(0n);
  for (let i = 0; i < 5; i++) for (let j = 0; j < 5; j++) c[i + j]! += BigInt(a[i]!) * BigInt(b[j]!);
  for (let k = 8; k >= 5; k--) {
    c[k - 5]! += c[k]!;
    c[k - 3]! -= c[k]!;
  }
  return c.slice(0, 5).map((x) => Number(((x % big) + big) % big)) as unknown as Ext;
}

const EXTREMES: readonly Ext[] = [
  Fp5.ZERO,
  Fp5.ONE,
  [P - 1, P - 1, P - 1, P - 1, P - 1],
  [0, 0, 0, 0, P - 1],
  [65535, 65536, P - 65536, 1, P - 1],
];

test('Fp5.mul and mulInto on extreme and random elements → the BigInt product', () => {
  const random = seededRandom(3);
  const samples = [...EXTREMES, ...Array.from({ length: 300 }, () => randomExt(random))];
  const v = extVec(3);
  for (const a of samples)
    for (const b of samples.slice(0, 60)) {
      const expected = oracle(a, b);
      assert.deepEqual(Fp5.mul(a, b), expected);
      setExt(v, 0, a);
      setExt(v, 1, b);
      mulInto(v, 2, v, 0, v, 1);
      assert.deepEqual(getExt(v, 2), expected);
      mulInto(v, 0, v, 0, v, 1);
      assert.deepEqual(getExt(v, 0), expected, 'output over an operand');
    }
});

test('mulAddInto, lineInto, addInto and subInto on extreme and random elements, in place too → the tuple operations', () => {
  const random = seededRandom(7);
  const samples = [...EXTREMES, ...Array.from({ length: 20 }, () => randomExt(random))];
  for (const a of samples)
    for (const b of samples)
      for (const c of [Fp5.ZERO, EXTREMES[2]!, randomExt(random)]) {
        const v = packExt([a, b, c, Fp5.ZERO]);
        const run = (f: (at: number) => void, expected: Ext): void => {
          for (const at of [3, 0, 1, 2]) {
            v.set(packExt([a, b, c, Fp5.ZERO]));
            f(at);
            assert.deepEqual(getExt(v, at), expected);
          }
        };
        run((at) => mulAddInto(v, at, v, 2, v, 0, v, 1), Fp5.add(c, oracle(a, b)));
        run((at) => lineInto(v, at, v, 0, v, 1, c), Fp5.add(a, oracle(c, Fp5.sub(b, a))));
        run((at) => addInto(v, at, v, 0, v, 1), Fp5.add(a, b));
        run((at) => subInto(v, at, v, 0, v, 1), Fp5.sub(a, b));
      }
});

test('scaleInto and addScaledInto on extreme and random elements, in place too → the tuple operations', () => {
  const random = seededRandom(9);
  for (const a of [...EXTREMES, randomExt(random)])
    for (const c of [...EXTREMES, randomExt(random)])
      for (const s of [0, 1, 2, P - 1, P - 2, randomFp(random)]) {
        const v = packExt([a, c]);
        scaleInto(v, 1, v, 0, s);
        assert.deepEqual(getExt(v, 1), Fp5.scale(a, s));
        setExt(v, 1, c);
        addScaledInto(v, 1, v, 0, s);
        assert.deepEqual(getExt(v, 1), Fp5.add(c, oracle(a, Fp5.from(s))));
        addScaledInto(v, 0, v, 0, s);
        assert.deepEqual(getExt(v, 0), Fp5.add(a, oracle(a, Fp5.from(s))));
      }
});

test('dotExt → the sum of the products', () => {
  const random = seededRandom(8);
  const [xs, ys] = [0, 1].map(() => Array.from({ length: 9 }, () => randomExt(random))) as [Ext[], Ext[]];
  const sum = xs.reduce((acc, x, i) => Fp5.add(acc, oracle(x, ys[i]!)), Fp5.ZERO);
  assert.deepEqual(dotExt(packExt(xs), packExt(ys)), sum);
});

test('x^5 + x^2 − 1 is irreducible → x has order dividing P^5 − 1 and no smaller Frobenius orbit', () => {
  const x: Ext = [0, 1, 0, 0, 0];
  assert.deepEqual(Fp5.pow(x, big ** 5n), x);
  assert.notDeepEqual(Fp5.pow(x, big), x);
  for (let j = 1; j < 5; j++) assert.deepEqual(Fp5.frobenius(x, j), Fp5.pow(x, big ** BigInt(j)));
});

test('Fp5.inv on random elements → product with the element is one; zero gives zero', () => {
  const random = seededRandom(4);
  for (let i = 0; i < 200; i++) {
    const a = randomExt(random);
    assert.deepEqual(Fp5.mul(a, Fp5.inv(a)), Fp5.ONE);
  }
  assert.deepEqual(Fp5.inv(Fp5.ZERO), Fp5.ZERO);
});

test('packExt then unpackExt → the same elements', () => {
  const random = seededRandom(5);
  const xs = Array.from({ length: 7 }, () => randomExt(random));
  assert.deepEqual(unpackExt(packExt(xs)), xs);
});
