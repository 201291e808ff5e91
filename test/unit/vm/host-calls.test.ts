import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { decodeModule } from '../../../client/prover/vm/decode.ts';
import { prepare } from '../../../client/prover/vm/executable.ts';
import { Executor, type TrapReason } from '../../../client/prover/vm/execute.ts';
import { lower } from '../../../client/prover/vm/lower.ts';
import { record } from '../../../client/prover/vm/record.ts';
import { fromLittleEndian, type HostCalls, hostCallModule, littleEndian } from '../../support/host-call-module.ts';
import { seededRandom } from '../../support/random.ts';
import { recordViolations } from '../../support/record-checker.ts';

const OUT = 1024;
const random = seededRandom(7);
const wide = (bits: number): bigint => {
  let value = 0n;
  for (let k = 0; k < bits; k += 32) value = (value << 32n) | BigInt(random());
  return value & (2n ** BigInt(bits) - 1n);
};

const { p: P, n: N } = secp256k1.Point.CURVE();
const LAMBDA = 0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72n;

/** Runs the calls on memory that starts with the values; the records of the run must be consistent too. */
function run(values: readonly (readonly [bigint, number])[], calls: HostCalls): Executor | TrapReason {
  const bytes = Buffer.concat(values.map(([value, size]) => littleEndian(value, size)));
  const executable = prepare(lower(decodeModule(hostCallModule(bytes, calls))));
  const executor = new Executor(executable);
  const outcome = executor.run();
  const recorded = record(executable, new Uint8Array(0));
  assert.equal(recorded.end.ok, outcome.ok);
  if (!outcome.ok) return outcome.reason;
  if (recorded.end.ok)
    assert.deepEqual(recordViolations(executable.program, recorded.segments, recorded.end.cells), []);
  return executor;
}

function result(values: readonly (readonly [bigint, number])[], calls: HostCalls, bytes: number): bigint | TrapReason {
  const outcome = run(values, calls);
  return typeof outcome === 'string' ? outcome : fromLittleEndian(outcome.memory.subarray(OUT, OUT + bytes));
}

describe('mulmod256', () => {
  const mulmod = (a: bigint, b: bigint, c: bigint, m: bigint): bigint | TrapReason => {
    const values = [a, b, c, m].map((v) => [v, 32] as const);
    return result(values, [['mulmod256', OUT, 0, 32, 64, 96]], 32);
  };
  const TOP = 2n ** 256n - 1n;

  test('edge values and random ones → (a · b + c) mod m', () => {
    const edges = [0n, 1n, 2n, TOP, TOP - 1n, 2n ** 255n, P, P - 1n, 2n ** 128n];
    const cases = edges.flatMap((a) => edges.map((m) => [a, edges[3]!, TOP, m] as const));
    for (let k = 0; k < 20; k++) cases.push([wide(256), wide(256), wide(256), wide(256)]);
    for (const [a, b, c, m] of cases) {
      if (m === 0n) continue;
      const expected = (a * b + c) / m > TOP ? 'integer overflow' : (a * b + c) % m;
      assert.equal(mulmod(a, b, c, m), expected, `${a} ${b} ${c} ${m}`);
    }
  });

  test('modulus 0 → traps', () => assert.equal(mulmod(1n, 2n, 3n, 0n), 'integer divide by zero'));

  test('pointers that are not multiples of 8, or end outside memory → trap', () => {
    assert.equal(run([], [['mulmod256', OUT, 4, 32, 64, 96]]), 'unaligned pointer');
    assert.equal(run([[1n, 32]], [['mulmod256', 65512, 0, 0, 0, 0]]), 'out of bounds memory access');
    assert.equal(run([[1n, 32]], [['mulmod256', -8, 0, 0, 0, 0]]), 'out of bounds memory access');
    assert.equal(run([[1n, 32]], [['mulmod256', 0, 0, 0, 0, 65536]]), 'out of bounds memory access');
  });

  test('result in place of operands, operands that are one → read before written', () => {
    const value = 12345678901234567890n;
    const outcome = run(
      [
        [value, 32],
        [P, 32],
      ],
      [
        ['mulmod256', 0, 0, 0, 0, 32],
        ['mulmod256', 16, 0, 0, 0, 32],
      ],
    );
    assert.ok(typeof outcome !== 'string');
    const square = value * value + value;
    const memory = square + (P << 256n);
    const modulus = memory >> 256n;
    const second = (square * square + square) % modulus;
    assert.equal(fromLittleEndian(outcome.memory.subarray(16, 48)), second);
  });
});

describe('advice', () => {
  const advice = (kind: number, a: bigint, b: bigint): bigint | TrapReason => {
    const values = [[a, 32] as const, [b, 32] as const];
    return result(values, [['advice', kind, OUT, 0]], 48);
  };

  test('inverse → its product is 1; 0 where there is none', () => {
    for (let k = 0; k < 20; k++) {
      const a = wide(256);
      const v = advice(1, a, N);
      assert.ok(typeof v === 'bigint' && v < N && (v * a) % N === 1n);
    }
    assert.equal(advice(1, 6n, 9n), 0n);
    assert.equal(advice(1, 0n, N), 0n);
    assert.equal(advice(1, 5n, 0n), 0n);
    assert.equal(advice(1, 5n, 1n), 0n);
  });

  test('square root → a root of t or of −t, whichever is a square', () => {
    const roots = [0, 0];
    for (let k = 0; k < 20; k++) {
      const t = wide(256) % P;
      const y = advice(2, t, P);
      assert.ok(typeof y === 'bigint' && y < P);
      const isSquare = (y * y) % P === t;
      assert.ok(isSquare || (y * y + t) % P === 0n);
      roots[isSquare ? 1 : 0]!++;
    }
    assert.ok(roots.every((n) => n > 0));
    assert.equal(advice(2, 0n, P), 0n);
    assert.equal(advice(2, 7n, 0n), 0n);
  });

  test('GLV split → k₁ + λ·k₂ ≡ k, both below 2^128', () => {
    const scalars = [0n, 1n, N - 1n, N, LAMBDA, 2n ** 256n - 1n, ...Array.from({ length: 30 }, () => wide(256))];
    for (const k of scalars) {
      const split = advice(3, k, 5n);
      assert.ok(typeof split === 'bigint');
      const half = 2n ** 128n - 1n;
      const signs = split >> 256n;
      const k1 = (split & half) * ((signs & 1n) === 1n ? -1n : 1n);
      const k2 = ((split >> 128n) & half) * ((signs & 2n) === 2n ? -1n : 1n);
      assert.ok(signs < 4n);
      assert.equal((((k1 + LAMBDA * k2 - k) % N) + N) % N, 0n, `${k}`);
    }
  });

  test('unknown kind, unaligned pointer → traps', () => {
    assert.equal(advice(0, 1n, 1n), 'invalid host call');
    assert.equal(advice(4, 1n, 1n), 'invalid host call');
    assert.equal(run([], [['advice', 1, 8, 4]]), 'unaligned pointer');
    assert.equal(run([], [['advice', 1, 12, 8]]), 'unaligned pointer');
  });
});

describe('ec_msm', () => {
  type Affine = { readonly x: bigint; readonly y: bigint };
  const G = secp256k1.Point.BASE;
  const infinity: Affine = { x: 0n, y: 0n };
  const affine = (point: typeof G): Affine => (point.is0() ? infinity : point.toAffine());
  const msm = (points: readonly Affine[], scalars: readonly bigint[], curve = 1, bits = 128): Affine | TrapReason => {
    const values = [
      ...points.flatMap(({ x, y }) => [[x, 32] as const, [y, 32] as const]),
      ...scalars.map((s) => [s, 16] as const),
    ];
    const packed = result(values, [['ec_msm', curve, OUT, 0, 256, bits]], 64);
    return typeof packed === 'bigint' ? { x: packed & (2n ** 256n - 1n), y: packed >> 256n } : packed;
  };
  const multiple = (k: bigint): typeof G => (k % N === 0n ? secp256k1.Point.ZERO : G.multiply(((k % N) + N) % N));

  test('random points and scalars → the sum that noble-curves gives', () => {
    for (let round = 0; round < 3; round++) {
      const logs = [wide(250), wide(250), wide(250), wide(250)];
      const scalars = [wide(128), wide(128), wide(128), wide(128)];
      const sum = logs.reduce((total, log, k) => total + log * scalars[k]!, 0n);
      const points = logs.map((log) => affine(multiple(log)));
      assert.deepEqual(msm(points, scalars), affine(multiple(sum)));
    }
  });

  test('infinity, equal and opposite points, zero scalars, sums that vanish → their sum', () => {
    const cases: readonly (readonly [readonly bigint[], readonly bigint[]])[] = [
      [
        [0n, 0n, 0n, 0n],
        [1n, 2n, 3n, 4n],
      ],
      [
        [1n, 2n, 3n, 4n],
        [0n, 0n, 0n, 0n],
      ],
      [
        [5n, 5n, -5n, -5n],
        [9n, 3n, 1n, 2n ** 128n - 1n],
      ],
      [
        [1n, -1n, 2n, -2n],
        [7n, 7n, 9n, 9n],
      ],
      [
        [1n, LAMBDA, -1n, -LAMBDA],
        [3n, 5n, 2n ** 127n, 1n],
      ],
      [
        [1n, 2n, 3n, 4n],
        [1n, 1n, 1n, 1n],
      ],
    ];
    for (const [logs, scalars] of cases) {
      const sum = logs.reduce((total, log, k) => total + log * scalars[k]!, 0n);
      const points = logs.map((log) => affine(multiple(log)));
      assert.deepEqual(msm(points, scalars), affine(multiple(sum)));
    }
  });

  test('another curve or size, coordinates of p or more, points on no curve → traps', () => {
    const g = affine(G);
    const ones = [1n, 1n, 1n, 1n];
    assert.equal(msm([g, g, g, g], ones, 2), 'invalid host call');
    assert.equal(msm([g, g, g, g], ones, 1, 127), 'invalid host call');
    assert.equal(msm([{ x: P, y: 0n }, g, g, g], ones), 'invalid curve point');
    assert.equal(msm([{ x: g.x, y: g.y + 1n }, g, g, g], ones), 'invalid curve point');
  });
});
