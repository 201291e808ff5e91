import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { advice, ecMsm, mulmod256, SECP256K1, toWords } from '../../../client/prover/vm/accelerators.ts';
import { compileNative, runNative } from '../../../client/prover/vm/native.ts';
import { createNativeArithmetic } from '../../../client/prover/vm/native-arithmetic.ts';
import { fromLittleEndian, hostCallModule, littleEndian } from '../../support/host-call-module.ts';
import { seededRandom } from '../../support/random.ts';

const native = await createNativeArithmetic();
const { p: P, n: N } = SECP256K1;
const random = seededRandom(11);
const wide = (bits: number): bigint => {
  let value = 0n;
  for (let k = 0; k < bits; k += 32) value = (value << 32n) | BigInt(random());
  return value & (2n ** BigInt(bits) - 1n);
};
const words = (...values: readonly bigint[]): Uint32Array => Uint32Array.from(values.flatMap((v) => toWords(v, 8)));
const TOP = 2n ** 256n - 1n;

describe('native mulmod256', () => {
  test('edge values and random ones → what the oracle gives, traps too', () => {
    const edges = [0n, 1n, 2n, TOP, TOP - 1n, 2n ** 255n, P, P - 1n, N, 2n ** 128n];
    const cases = edges.flatMap((a) => edges.flatMap((b) => edges.map((m) => words(a, b, a, m))));
    for (let k = 0; k < 200; k++) cases.push(words(wide(256), wide(256), wide(256), wide(1 + (random() % 256))));
    for (const inputs of cases) assert.deepEqual(native.mulmod256([], inputs), mulmod256(inputs), inputs.join());
  });
});

describe('native advice', () => {
  test('every kind, known and unknown → what the oracle gives', () => {
    const edges = [0n, 1n, 4n, 7n, P - 1n, P, P + 1n, N, N - 1n, TOP];
    for (const kind of [0, 1, 2, 3, 4]) {
      const cases = edges.flatMap((a) => [P, N, 0n, 1n, 7n].map((b) => words(a, b)));
      for (let k = 0; k < 20; k++) cases.push(words(wide(256), P), words(wide(256), N));
      for (const inputs of cases) {
        assert.deepEqual(native.advice([kind, 0, 0], inputs), advice(kind, inputs), `${kind}: ${inputs.join()}`);
      }
    }
  });
});

describe('native ec_msm', () => {
  type Affine = { readonly x: bigint; readonly y: bigint };
  const G = secp256k1.Point.BASE.toAffine();
  const INFINITY = { x: 0n, y: 0n };
  const onCurve = (): Affine => secp256k1.Point.BASE.multiply((wide(256) % (N - 1n)) + 1n).toAffine();
  const negative = ({ x, y }: Affine): Affine => ({ x, y: (P - y) % P });
  const MAX = 2n ** 128n - 1n;

  const check = (points: readonly Affine[], scalars: readonly bigint[], curve = 1, bits = 128): void => {
    const inputs = Uint32Array.from([...words(...points.flatMap(({ x, y }) => [x, y])), ...scalars.flatMap(half)]);
    assert.deepEqual(native.ecMsm([curve, 0, 0, 0, bits], inputs), ecMsm(curve, bits, inputs), `${scalars}`);
  };
  const half = (scalar: bigint): number[] => toWords(scalar, 4);
  const scalars = (): bigint[] => [wide(128), wide(128), wide(128), wide(128)];

  test('points of the curve → what the oracle and noble give', () => {
    for (let k = 0; k < 8; k++) check([onCurve(), onCurve(), onCurve(), onCurve()], scalars());
    const [a, b] = [wide(128), wide(128)];
    const inputs = Uint32Array.from([...words(G.x, G.y, 0n, 0n, G.x, G.y, 0n, 0n), ...[a, 5n, b, 7n].flatMap(half)]);
    const { x, y } = secp256k1.Point.BASE.multiply((a + b) % N).toAffine();
    assert.deepEqual(native.ecMsm([1, 0, 0, 0, 128], inputs), words(x, y));
  });

  test('equal and opposite points, infinity, zero and largest scalars → what the oracle gives', () => {
    const p = onCurve();
    const q = onCurve();
    const sum = secp256k1.Point.fromAffine(p).add(secp256k1.Point.fromAffine(q)).toAffine();
    for (const points of [
      [p, p, p, p],
      [p, negative(p), p, negative(p)],
      [p, q, sum, negative(sum)],
      [p, q, negative(sum), INFINITY],
      [INFINITY, INFINITY, INFINITY, INFINITY],
      [INFINITY, p, INFINITY, q],
    ]) {
      check(points, scalars());
      check(points, [MAX, MAX, MAX, MAX]);
      check(points, [1n, 1n, 1n, 1n]);
    }
    for (const s of [
      [0n, 0n, 0n, 0n],
      [0n, MAX, 0n, 1n],
      [2n ** 127n, 0n, 0n, 0n],
      [3n, 0n, 0n, 0n],
    ]) {
      check([p, q, negative(p), sum], s);
    }
  });

  test('points off the curve, with coordinates at the field’s ends → the same numbers or the same trap', () => {
    const ends = [0n, 1n, 2n, P - 1n, P - 2n, 2n ** 255n, 2n ** 26n - 1n, P - 2n ** 234n];
    const any = (): bigint => (random() % 3 === 0 ? wide(256) % P : ends[random() % ends.length]!);
    for (let k = 0; k < 30; k++) {
      check(
        Array.from({ length: 4 }, () => ({ x: any(), y: any() })),
        scalars(),
      );
    }
    const other = { x: G.x, y: 5n };
    check([G, other, INFINITY, INFINITY], [1n, 1n, 1n, 1n]);
    check([{ x: 3n, y: 0n }, { x: 3n, y: 0n }, G, INFINITY], scalars());
    check([{ x: 3n, y: 0n }, INFINITY, INFINITY, INFINITY], [3n, 0n, 0n, 0n]);
  });

  test('coordinates of p or more, another curve, another number of bits → traps', () => {
    for (const value of [P, P + 1n, TOP]) {
      check([G, { x: value, y: 1n }, G, G], scalars());
      check([G, G, G, { x: 1n, y: value }], scalars());
    }
    check([G, G, G, G], scalars(), 2);
    check([G, G, G, G], scalars(), 1, 256);
  });
});

describe('host calls of a native run', () => {
  const run = async (calls: Parameters<typeof hostCallModule>[1], values: readonly bigint[]) => {
    const bytes = Buffer.concat(values.map((v) => littleEndian(v, 32)));
    return runNative(await compileNative(hostCallModule(bytes, calls)), new Uint8Array(0));
  };

  test('results in place of operands → read before written, as the public values show', async () => {
    const result = await run([['mulmod256', 0, 0, 0, 0, 32]], [12345n, P]);
    assert.ok(result.ok);
    assert.equal(fromLittleEndian(result.publicValues.subarray(0, 32)), 12345n * 12345n + 12345n);
    const advised = await run([['advice', 1, 0, 0]], [3n, N]);
    assert.ok(advised.ok);
    assert.equal((fromLittleEndian(advised.publicValues.subarray(0, 32)) * 3n) % N, 1n);
  });

  test('unaligned pointers, operands outside memory, calls without meaning → traps', async () => {
    for (const [call, reason] of [
      [['mulmod256', 1024, 4, 32, 64, 96], /unaligned pointer/],
      [['mulmod256', 65512, 0, 0, 0, 0], /out of bounds/],
      [['mulmod256', -8, 0, 0, 0, 32], /out of bounds/],
      [['mulmod256', 1024, 0, 0, 0, 2048], /divide by zero/],
      [['mulmod256', 1024, 32, 32, 32, 0], /overflow/],
      [['advice', 9, 1024, 0], /invalid host call/],
      [['ec_msm', 2, 1024, 0, 256, 128], /invalid host call/],
      [['ec_msm', 1, 1024, 65536 - 128, 0, 128], /out of bounds/],
    ] as const) {
      const result = await run([call], [1n, P]);
      assert.ok(!result.ok, call.join());
      assert.match(result.reason, reason);
    }
  });
});
