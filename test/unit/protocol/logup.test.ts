import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runGkr } from '../../../client/prover/backends/reference/gkr.ts';
import { EXT_WORDS, extVec, getExt, setExt } from '../../../client/prover/field/ext-vec.ts';
import { P } from '../../../client/prover/field/fp.ts';
import { type Ext, Fp5 } from '../../../client/prover/field/fp5.ts';
import { initialSponge } from '../../../client/prover/hash/sponge.ts';
import { mleExt } from '../../../client/prover/poly/evaluate.ts';
import { boundQuadratic, type GkrClaim, verifyGkr } from '../../../client/prover/protocol/logup/verify.ts';
import { LABELS } from '../../../client/prover/transcript/labels.ts';
import { ProverTranscript } from '../../../client/prover/transcript/prover-transcript.ts';
import { Rejection } from '../../../client/prover/transcript/rejection.ts';
import { VerifierTranscript } from '../../../client/prover/transcript/verifier-transcript.ts';
import { randomExt, seededRandom } from '../../support/random.ts';

const GKR_LABELS = {
  root: LABELS.gkrRoot,
  lambda: LABELS.gkrLambda,
  round: { message: LABELS.gkrRound, challenge: LABELS.gkrPoint },
  children: LABELS.gkrChildren,
  child: LABELS.gkrChild,
};

function randomFractions(log: number, seed: number) {
  const random = seededRandom(seed);
  const fractions = { kind: 'fractions', p: extVec(2 ** log), q: extVec(2 ** log), log } as const;
  for (let i = 0; i < 2 ** log; i++) {
    setExt(fractions.p, i, randomExt(random));
    setExt(fractions.q, i, randomExt(random));
  }
  return fractions;
}

/** Values in each message of a run: the roots; per layer its rounds and the children. */
function messageSizes(logs: readonly number[]): number[] {
  const layers = Array.from({ length: Math.max(...logs) }, (_, k) => {
    const rounds = Array.from({ length: k }, (_, j) => (j === 0 ? 1 : 2));
    return [...rounds, 4 * logs.filter((log) => log > k).length];
  });
  return [2 * logs.length, ...layers.flat()];
}

/** What the verifier makes of these words, or why it rejects them. */
function verified(words: Uint32Array, logs: readonly number[]): GkrClaim[] | string {
  const tr = new ProverTranscript();
  // Message by message, since each ends with a whole byte.
  let at = 0;
  for (const values of messageSizes(logs)) {
    tr.sendFields('gkrRoot', words.subarray(at, at + EXT_WORDS * values));
    at += EXT_WORDS * values;
  }
  assert.equal(at, words.length);
  try {
    return verifyGkr(new VerifierTranscript(tr.bytes()), logs);
  } catch (error) {
    if (error instanceof Rejection) return `${error.stage}/${error.code}`;
    throw error;
  }
}

for (const logs of [[0], [1], [5], [0, 0], [3, 0], [0, 2], [1, 1], [4, 2], [2, 5]]) {
  const vectors = logs.map((log, v) => randomFractions(log, 100 * log + v));
  const run = runGkr(vectors, GKR_LABELS, initialSponge());
  const sizes = logs.map((log) => `2^${log}`).join(' and ');

  test(`verifyGkr of ${sizes} fractions → their sums, and their extensions’ values at its points`, () => {
    const claims = verified(run.messages, logs) as GkrClaim[];
    assert.deepEqual(
      claims.map(({ point }) => point.length),
      logs,
    );
    assert.deepEqual(
      claims.flatMap(({ point }) => point),
      run.point,
    );
    assert.deepEqual(
      claims.flatMap(({ root, p, q }) => [root.p, root.q, p, q]),
      run.values,
    );
    for (const [v, { root, point, p, q }] of claims.entries()) {
      const fractions = vectors[v]!;
      assert.deepEqual(p, mleExt(fractions.p, point));
      assert.deepEqual(q, mleExt(fractions.q, point));
      let sum = Fp5.ZERO;
      for (let i = 0; i < 2 ** logs[v]!; i++)
        sum = Fp5.add(sum, Fp5.mul(getExt(fractions.p, i), Fp5.inv(getExt(fractions.q, i))));
      assert.deepEqual(Fp5.mul(root.p, Fp5.inv(root.q)), sum);
    }
  });

  // Vectors of one fraction have no layer: their roots are claims for the zerocheck.
  if (!logs.includes(0))
    test(`rejects any changed value of a run over ${sizes} fractions → logup/gkrLayer`, () => {
      for (let at = 0; at < run.messages.length; at += EXT_WORDS) {
        const changed = run.messages.slice();
        changed[at] = (changed[at]! + 1) % P;
        assert.equal(verified(changed, logs), 'logup/gkrLayer', `value ${at / EXT_WORDS}`);
      }
    });
}

test('rejects errors of two vectors’ roots that cancel', () => {
  const logs = [2, 2];
  const { messages } = runGkr([randomFractions(2, 1), randomFractions(2, 2)], GKR_LABELS, initialSponge());
  const changed = messages.slice();
  changed[0] = (changed[0]! + 1) % P;
  changed[2 * EXT_WORDS] = (changed[2 * EXT_WORDS]! + P - 1) % P;
  assert.equal(verified(changed, logs), 'logup/gkrLayer');
});

test('rejects a sum with denominator zero → logup/zeroDenominator', () => {
  assert.equal(verified(new Uint32Array(2 * EXT_WORDS).fill(1, 0, EXT_WORDS), [0]), 'logup/zeroDenominator');
});

test('boundQuadratic of any quadratic, coordinates 0 and 1 included → its value', () => {
  const random = seededRandom(8);
  for (const z of [Fp5.ZERO, Fp5.ONE, randomExt(random)]) {
    const [c0, c1, c2, r] = Array.from({ length: 4 }, () => randomExt(random)) as [Ext, Ext, Ext, Ext];
    const t = (x: Ext): Ext => Fp5.add(c0, Fp5.mul(x, Fp5.add(c1, Fp5.mul(x, c2))));
    const [at0, at1] = [t(Fp5.ZERO), t(Fp5.ONE)];
    const claim = Fp5.add(Fp5.mul(Fp5.sub(Fp5.ONE, z), at0), Fp5.mul(z, at1));
    assert.deepEqual(boundQuadratic(claim, z, Fp5.sub(at1, at0), c2, r), t(r));
  }
});
