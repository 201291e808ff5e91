import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argumentErrors } from '../../../client/prover/soundness/argument.ts';
import { FIELD_BITS, roundBits, securityBits } from '../../../client/prover/soundness/error.ts';
import { chooseWhir, PROFILES, whirBits, whirParams } from '../../../client/prover/soundness/profiles.ts';
import { johnson, uniqueDecoding } from '../../../client/prover/soundness/proximity.ts';
import { whirErrors } from '../../../client/prover/soundness/whir.ts';

test('the extension field → 154.9 bits', () => {
  assert.ok(FIELD_BITS > 154.9 && FIELD_BITS < 155);
});

test('roundBits adds the terms of a round before grinding', () => {
  assert.equal(roundBits({ round: '', termsLog2: [-100, -100], grindBits: 3 }), 102);
});

for (const profile of Object.values(PROFILES))
  test(`${profile.id} for every table from 2^6 to 2^26 → at least ${profile.targetBits} bits`, () => {
    for (let m = 6; m <= 26; m++) {
      assert.ok(whirBits(profile, m) >= profile.targetBits, `m = ${m}`);
      const { layers, finalLog, logSize } = whirParams(profile, m);
      assert.equal(finalLog + layers.reduce((sum, l) => sum + l.logWidth, 0), logSize);
      assert.ok(finalLog <= 8);
      for (const [i, layer] of layers.entries()) {
        assert.ok(layer.logRows + layer.logInvRate <= 24, 'within the two-adic domain');
        const next = layers[i + 1];
        if (next === undefined) continue;
        assert.equal(next.logRows + next.logWidth, layer.logRows, 'a layer holds what the one before folds to');
        assert.ok(next.logRows + next.logWidth + next.logInvRate < layer.logRows + layer.logWidth + layer.logInvRate);
      }
    }
  });

test('one query, sample or grinding bit less anywhere → below the target', () => {
  for (const profile of [PROFILES.P100, PROFILES.P128])
    for (const m of [18, 24, 26]) {
      const { params, proximity } = chooseWhir(profile, m);
      params.layers.forEach((_, i) => {
        const change = (key: 'queries' | 'oodSamples' | 'foldGrindBits'): number | undefined => {
          const value = params.layers[i]![key];
          if (value === 0) return undefined;
          const layers = params.layers.map((l, j) => (j === i ? { ...l, [key]: value - 1 } : l));
          return securityBits(whirErrors({ ...params, layers }, proximity));
        };
        for (const key of ['queries', 'foldGrindBits'] as const)
          assert.ok((change(key) ?? 0) < profile.targetBits, `${profile.id} m = ${m}, layer ${i}, ${key}`);
      });
    }
});

test('P100 at 2^24 → the query counts that the field’s published tables have', () => {
  assert.deepEqual(
    whirParams(PROFILES.P100, 24).layers.map((l) => l.queries),
    [85, 43, 25, 17],
  );
  assert.deepEqual(
    whirParams(PROFILES['P100-unique'], 24).layers.map((l) => l.queries),
    [203, 102, 86, 85],
  );
});

test('Johnson radius → below 1 − √ρ and above unique decoding; its list is finite', () => {
  for (const logInvRate of [1, 2, 4, 7])
    for (const multiplicity of [3, 10, 50]) {
      const known = johnson(logInvRate, multiplicity);
      assert.ok(known.radius < 1 - Math.sqrt(2 ** -logInvRate));
      if (multiplicity > 3) assert.ok(known.radius > uniqueDecoding(logInvRate).radius);
      assert.ok(known.listSize > 1);
    }
});

test('argumentErrors of the largest block → 100 bits without grinding, 128 with the bits that are named', () => {
  const shape = {
    logLocalFractions: 24,
    logGlobalFractions: 26,
    maxTuple: 18,
    maxDegree: 4,
    maxConstraintsPerChip: 4096,
    maxInstances: 255,
    maxLogHeight: 22,
    maxBatchExponent: 2 ** 22 + 8,
    maxSegments: 1024,
  };
  const lists = { main: 30, interface: 30 };
  assert.ok(securityBits(argumentErrors(shape, { local: 0, global: 0 }, lists)) >= 100);
  const ungrinded = argumentErrors(shape, { local: 0, global: 0 }, lists);
  const weakest = ungrinded.filter((e) => roundBits(e) < 128).map((e) => e.round);
  assert.deepEqual(
    weakest,
    ['logup local', 'logup global', 'opening batch', 'closing batch'].filter((r) => weakest.includes(r)),
  );
});
