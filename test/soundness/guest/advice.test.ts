import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { BROKEN_RULES } from '../../../client/prover/guest/validate.ts';
import { AdviceKind, fromWords, SECP256K1, toWords } from '../../../client/prover/vm/accelerators.ts';
import { compileNative, type NativeResult, runNative } from '../../../client/prover/vm/native.ts';
import { type RecoveryCall, recoveryBlock } from '../../support/recovery-block.ts';

const { p: P, n: N } = SECP256K1;
const module = compileNative(loadGuest().wasm);
const { INVERSE, SQUARE_ROOT, GLV_SPLIT } = AdviceKind;

/** What the host answers instead: its words from the true ones and from what it was asked; unchanged by default. */
type Lie = (answer: bigint, asked: readonly [bigint, bigint]) => bigint;

/** Runs the guest on a block with these calls; the host lies to each question of a kind. */
async function runWith(
  calls: readonly RecoveryCall[],
  kind: number,
  lie: Lie,
): Promise<NativeResult & { lies: number }> {
  const { input } = await recoveryBlock(calls);
  const honest = await module;
  let lies = 0;
  const arithmetic: typeof honest.arithmetic = {
    ...honest.arithmetic,
    advice: (operands, inputs) => {
      const answer = honest.arithmetic.advice(operands, inputs);
      if (operands[0] !== kind || typeof answer === 'string') return answer;
      const asked = [fromWords(inputs.subarray(0, 8)), fromWords(inputs.subarray(8))] as const;
      const told = lie(fromWords(answer), asked);
      if (told !== fromWords(answer)) lies++;
      return Uint32Array.from(toWords(told, 12));
    },
  };
  return { ...runNative({ ...honest, arithmetic }, input), lies };
}

/** A point, and a signature whose R it is. */
const G = secp256k1.Point.BASE.toAffine();
const SIGNED: RecoveryCall = { hash: 0x1234n << 200n, v: 27n, r: G.x, s: 0x5678n << 180n };
/** x = 5 has no point: 5³ + 7 = 132 is no square modulo p. */
const NO_SQUARE = 132n;
const NO_POINT: RecoveryCall = { ...SIGNED, r: 5n };

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base % P];
  for (let e = exponent; e > 0n; e >>= 1n) {
    if ((e & 1n) === 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

/** A point whose y is so small that y + p fits 32 bytes; p ≡ 7 mod 9, so a cube's root is its power (p + 2) / 9. */
function pointWithSmallY(): { readonly x: bigint; readonly y: bigint } {
  for (let y = 1n; ; y++) {
    const cube = (y * y - 7n + P) % P;
    const x = power(cube, (P + 2n) / 9n);
    if (power(x, 3n) === cube && x < N) return { x, y };
  }
}

/** An x with a point, whose inverse is so small that inverse + n fits 32 bytes. */
function xWithSmallInverse(): bigint {
  for (let inverse = 2n; ; inverse++) {
    const x = secp256k1.Point.Fn.inv(inverse);
    if (x < P && power(power(x, 3n) + 7n, (P - 1n) / 2n) === 1n) return x;
  }
}

async function fails(calls: readonly RecoveryCall[], kind: number, lie: Lie): Promise<void> {
  const result = await runWith(calls, kind, lie);
  assert.ok(result.lies > 0, 'the host never lied');
  assert.ok(!result.ok, 'the guest made a claim');
  const rules: Readonly<Record<number, string>> = BROKEN_RULES;
  assert.equal(rules[result.code], 'advice', result.reason);
}

async function claims(calls: readonly RecoveryCall[], kind: number, lie: Lie): Promise<Uint8Array> {
  const result = await runWith(calls, kind, lie);
  assert.ok(result.ok, result.ok ? '' : result.reason);
  return result.publicValues;
}
const truth: Lie = (answer) => answer;

const HALF = 2n ** 128n;
const SIGNS = 2n ** 256n;

describe('guest with a host whose advice lies', () => {
  test('the truth → a claim, also about a signature without a point', async () => {
    await claims([SIGNED, NO_POINT], 0, truth);
  });

  const lies: readonly (readonly [string, readonly RecoveryCall[], number, Lie])[] = [
    ['an inverse that is none', [SIGNED], INVERSE, (v) => v + 1n],
    ['zeros, as if there were no inverse', [SIGNED], INVERSE, () => 0n],
    ['the negative inverse', [SIGNED], INVERSE, (v) => N - v],
    ['an inverse not below n', [{ ...SIGNED, r: xWithSmallInverse() }], INVERSE, (v) => (v + N < SIGNS ? v + N : v)],
    ['a root that is none', [SIGNED], SQUARE_ROOT, (y) => y + 1n],
    ['0 for a root', [SIGNED], SQUARE_ROOT, () => 0n],
    [
      'a root not below p',
      [{ ...SIGNED, r: pointWithSmallY().x }],
      SQUARE_ROOT,
      (y) => (smallRoot(y) + P < SIGNS ? smallRoot(y) + P : y),
    ],
    ['no root of a square', [SIGNED], SQUARE_ROOT, (_, [t]) => power(P - t, (P + 1n) / 4n) ^ 1n],
    ['a root where there is no point', [NO_POINT], SQUARE_ROOT, (y, [t]) => (t === NO_SQUARE ? G.y : y)],
    ['0 where there is no point', [NO_POINT], SQUARE_ROOT, (y, [t]) => (t === NO_SQUARE ? 0n : y)],
    ['no root of −t where there is no point', [NO_POINT], SQUARE_ROOT, (y, [t]) => (t === NO_SQUARE ? y + 1n : y)],
    ['another k₁', [SIGNED], GLV_SPLIT, (k) => k ^ 1n],
    ['another k₂', [SIGNED], GLV_SPLIT, (k) => k ^ HALF],
    ['the other sign of k₁', [SIGNED], GLV_SPLIT, (k) => k ^ SIGNS],
    ['the other sign of k₂', [SIGNED], GLV_SPLIT, (k) => k ^ (2n * SIGNS)],
    ['both other signs', [SIGNED], GLV_SPLIT, (k) => k ^ (3n * SIGNS)],
    ['halves exchanged', [SIGNED], GLV_SPLIT, (k) => ((k % HALF) << 128n) + ((k >> 128n) % HALF) + (k >> 256n) * SIGNS],
    ['the lower 128 bits of k and nothing', [SIGNED], GLV_SPLIT, (_, [k]) => k % HALF],
    ['halves of another number', [SIGNED], GLV_SPLIT, () => 1n],
    ['minus zero', [{ ...SIGNED, hash: 0n }], GLV_SPLIT, (k) => (k === 0n ? SIGNS : k)],
  ];
  for (const [name, calls, kind, lie] of lies) {
    test(`rejects ${name}`, () => fails(calls, kind, lie));
  }

  test('the other root, or another word that is not used → the same claim', async () => {
    const expected = await claims([SIGNED], 0, truth);
    for (const [kind, lie] of [
      [SQUARE_ROOT, (y) => P - y],
      [SQUARE_ROOT, (y) => y + 7n * SIGNS],
      [INVERSE, (v) => v + 7n * SIGNS],
      [GLV_SPLIT, (k) => k + 4n * SIGNS],
    ] as const satisfies readonly (readonly [number, Lie])[]) {
      assert.deepEqual(await claims([SIGNED], kind, lie), expected);
    }
  });
});

/** Of the two roots the one of 33 bits. */
const smallRoot = (y: bigint): bigint => (y < P - y ? y : P - y);
