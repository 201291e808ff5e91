import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getExt, packExt, unpackExt } from '../../../client/prover/field/ext-vec.ts';
import { Fp } from '../../../client/prover/field/fp.ts';
import { type Ext, Fp5 } from '../../../client/prover/field/fp5.ts';
import { rootOfUnity, subgroup } from '../../../client/prover/field/roots.ts';
import {
  eqAt,
  eqAtIndex,
  eqProducts,
  eqTable,
  foldTop,
  powerProducts,
  rangeProduct,
} from '../../../client/prover/poly/eq.ts';
import { evaluateAtBase, evaluateUnivariate, mleBase, mleExt } from '../../../client/prover/poly/evaluate.ts';
import {
  interpolateAt,
  interpolateIntegers,
  skipDomain,
  skipLagrange,
  skipNodes,
  skipToDomain,
} from '../../../client/prover/poly/interpolate.ts';
import { randomExt, randomFp, seededRandom } from '../../support/random.ts';

const random = seededRandom(11);
const exts = (n: number): Ext[] => Array.from({ length: n }, () => randomExt(random));
const bits = (index: number, n: number): Ext[] =>
  Array.from({ length: n }, (_, i) => Fp5.from(Math.floor(index / 2 ** (n - 1 - i)) % 2));

test('eqTable → entry x is eq(point, bits of x), most significant first', () => {
  const point = exts(4);
  const table = eqTable(point);
  for (let x = 0; x < 16; x++) {
    assert.deepEqual(getExt(table, x), eqAt(point, bits(x, 4)));
    assert.deepEqual(getExt(table, x), eqAtIndex(point, x));
  }
  const scaled = eqTable(point, point[0]);
  assert.deepEqual(getExt(scaled, 5), Fp5.mul(point[0]!, getExt(table, 5)));
});

test('eqProducts at places in any order, of any number of bits → eq of the leading bits', () => {
  const point = exts(6);
  const products = eqProducts(point);
  for (let i = 0; i < 300; i++) {
    const index = random() % 64;
    const count = random() % 7;
    assert.deepEqual(products.at(index, count), eqAtIndex(point.slice(0, count), index >> (6 - count)));
  }
});

test('powerProducts at exponents in any order → the powers', () => {
  const x = randomExt(random);
  const powers = powerProducts(x, 31);
  for (const e of [0, 1, 5, 4, 2 ** 22 + 3, 2 ** 30, 2 ** 31 - 1, 7])
    assert.deepEqual(powers.at(e, 31), Fp5.pow(x, BigInt(e)));
});

test('foldTop variable by variable → the multilinear extension', () => {
  const values = exts(8);
  const point = exts(3);
  let v = packExt(values);
  for (const r of point) v = foldTop(v, r);
  assert.deepEqual(unpackExt(v), [mleExt(packExt(values), point)]);
});

test('mleBase at a vertex → the value there', () => {
  const values = Uint32Array.from({ length: 8 }, () => randomFp(random));
  for (let x = 0; x < 8; x++) assert.deepEqual(mleBase(values, bits(x, 3)), Fp5.from(values[x]!));
});

test('interpolation of a random polynomial → its value anywhere', () => {
  const coefficients = packExt(exts(6));
  const r = randomExt(random);
  const at = (x: number): Ext => evaluateUnivariate(coefficients, Fp5.from(x));
  assert.deepEqual(interpolateIntegers([0, 1, 2, 3, 4, 5].map(at), r), evaluateUnivariate(coefficients, r));
  const nodes = [7, 100, 3, 9, 12, 77];
  assert.deepEqual(interpolateAt(nodes, nodes.map(at), r), evaluateUnivariate(coefficients, r));
});

test('skipLagrange at an element of D → the unit vector; elsewhere reproduces polynomials of degree 15', () => {
  const d = skipDomain();
  assert.equal(d.length, 16);
  for (const [k, w] of skipLagrange(Fp5.from(d[5]!)).entries()) assert.deepEqual(w, k === 5 ? Fp5.ONE : Fp5.ZERO);
  const z = randomExt(random);
  const sum = skipLagrange(z).reduce((acc, w, k) => Fp5.add(acc, Fp5.scale(w, Fp.pow(d[k]!, 15))), Fp5.ZERO);
  assert.deepEqual(sum, Fp5.pow(z, 15n));
});

test('skipNodes → distinct and outside D', () => {
  const nodes = skipNodes(61);
  assert.equal(new Set(nodes).size, 61);
  for (const x of nodes) assert.notEqual(Fp.pow(x, 16), 1);
});

test('skipToDomain → the values on D of a polynomial given at the nodes', () => {
  const coefficients = packExt(exts(61));
  const at = (x: number): Ext => evaluateUnivariate(coefficients, Fp5.from(x));
  const values = skipNodes(61).map(at);
  for (const [k, basis] of skipToDomain(61).entries()) {
    const sum = values.reduce((acc, v, j) => Fp5.add(acc, Fp5.scale(v, basis[j]!)), Fp5.ZERO);
    assert.deepEqual(sum, at(skipDomain()[k]!));
  }
});

test('evaluateAtBase → evaluateUnivariate there', () => {
  const coefficients = packExt(exts(9));
  const y = randomFp(random);
  assert.deepEqual(evaluateAtBase(coefficients, y), evaluateUnivariate(coefficients, Fp5.from(y)));
});

test('rootOfUnity → exact order 2^log and squares chain', () => {
  for (let log = 1; log <= 24; log++) {
    const w = rootOfUnity(log);
    assert.equal(Fp.pow(w, 2 ** (log - 1)), Fp.neg(1));
    assert.equal(Fp.sqr(w), rootOfUnity(log - 1));
  }
  assert.equal(new Set(subgroup(5)).size, 32);
});

test('rangeProduct of any range → the sum over its indices', () => {
  const point = Array.from({ length: 4 }, () => randomExt(random));
  const ratio = randomExt(random);
  const eq = eqTable(point);
  for (const [first, count] of [
    [0, 16],
    [0, 0],
    [5, 7],
    [15, 1],
    [8, 8],
    [3, 13],
  ] as const) {
    let expected = Fp5.ZERO;
    for (let i = first; i < first + count; i++)
      expected = Fp5.add(expected, Fp5.mul(Fp5.pow(ratio, BigInt(i)), getExt(eq, i)));
    assert.deepEqual(rangeProduct(point, ratio, first, count), expected, `${count} from ${first}`);
  }
});
