import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runGkr } from '../../../client/prover/backends/reference/gkr.ts';
import { EXT_WORDS, extVec, setExt } from '../../../client/prover/field/ext-vec.ts';
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

function randomFractions(log: number) {
  const random = seededRandom(log + 5);
  const fractions = { kind: 'fractions', p: extVec(2 ** log), q: extVec(2 ** log), log } as const;
  for (let i = 0; i < 2 ** log; i++) {
    setExt(fractions.p, i, randomExt(random));
    setExt(fractions.q, i, randomExt(random));
  }
  return fractions;
}

/** Values in each message of a run: the root; per layer its rounds and the children. */
function messageSizes(log: number): number[] {
  const layer = (k: number): number[] => [...Array.from({ length: k }, (_, j) => (j === 0 ? 1 : 2)), 4];
  return [2, ...Array.from({ length: log }, (_, k) => layer(k)).flat()];
}

/** What the verifier makes of these words, or why it rejects them. */
function verified(words: Uint32Array, log: number): GkrClaim | string {
  const tr = new ProverTranscript();
  // Message by message, since each ends with a whole byte.
  let at = 0;
  for (const values of messageSizes(log)) {
    tr.sendFields('gkrRoot', words.subarray(at, at + EXT_WORDS * values));
    at += EXT_WORDS * values;
  }
  assert.equal(at, words.length);
  try {
    return verifyGkr(new VerifierTranscript(tr.bytes()), log);
  } catch (error) {
    if (error instanceof Rejection) return `${error.stage}/${error.code}`;
    throw error;
  }
}

for (const log of [0, 1, 2, 5]) {
  const fractions = randomFractions(log);
  const { messages } = runGkr(fractions, GKR_LABELS, initialSponge());

  test(`verifyGkr of 2^${log} fractions → their sum, and their extensions’ values at its point`, () => {
    const claim = verified(messages, log) as GkrClaim;
    assert.equal(claim.point.length, log);
    assert.deepEqual(claim.p, mleExt(fractions.p, claim.point));
    assert.deepEqual(claim.q, mleExt(fractions.q, claim.point));
    let sum = Fp5.ZERO;
    for (let i = 0; i < 2 ** log; i++) {
      const [p, q] = [fractions.p, fractions.q].map(
        (v) => [...v.subarray(EXT_WORDS * i, EXT_WORDS * (i + 1))] as unknown as Ext,
      );
      sum = Fp5.add(sum, Fp5.mul(p!, Fp5.inv(q!)));
    }
    assert.deepEqual(Fp5.mul(claim.root.p, Fp5.inv(claim.root.q)), sum);
  });

  if (log > 0)
    test(`rejects any changed value of a run over 2^${log} fractions → logup/gkrLayer`, () => {
      for (let at = 0; at < messages.length; at += EXT_WORDS) {
        const changed = messages.slice();
        changed[at] = (changed[at]! + 1) % P;
        assert.equal(verified(changed, log), 'logup/gkrLayer', `value ${at / EXT_WORDS}`);
      }
    });
}

test('rejects a sum with denominator zero → logup/zeroDenominator', () => {
  assert.equal(verified(new Uint32Array(2 * EXT_WORDS).fill(1, 0, EXT_WORDS), 0), 'logup/zeroDenominator');
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
