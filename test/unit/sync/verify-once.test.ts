import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { VerifyResult } from '../../../client/prover/interface.ts';
import { verifyOnce } from '../../../client/sync/verify-once.ts';

const HEADER = Uint8Array.of(1);
const PROOF = Uint8Array.of(2);
const ACCEPTED = { ok: true } as VerifyResult;
const REJECTED = { ok: false } as VerifyResult;

/** A verifier that says what it is told to, and counts. */
function counting(verdict: () => VerifyResult | Error) {
  let calls = 0;
  const verify = verifyOnce(async () => {
    calls++;
    await new Promise((resolve) => setImmediate(resolve));
    const result = verdict();
    if (result instanceof Error) throw result;
    return result;
  });
  return { verify, calls: () => calls };
}

describe('verifying a proof once', () => {
  test('the same bytes at the same time and later → one look', async () => {
    const { verify, calls } = counting(() => ACCEPTED);
    const together = await Promise.all([verify(HEADER, 1, PROOF), verify(HEADER.slice(), 1, PROOF.slice())]);
    assert.deepEqual(together, [ACCEPTED, ACCEPTED]);
    assert.equal(await verify(HEADER, 1, PROOF), ACCEPTED);
    assert.equal(calls(), 1);
  });

  test('another header, type or proof → looked at for itself', async () => {
    const { verify, calls } = counting(() => ACCEPTED);
    await verify(HEADER, 1, PROOF);
    await verify(Uint8Array.of(9), 1, PROOF);
    await verify(HEADER, 2, PROOF);
    await verify(HEADER, 1, Uint8Array.of(9));
    assert.equal(calls(), 4);
  });

  test('a rejection and a failure → not remembered', async () => {
    const verdicts = [REJECTED, new Error('the verifier is gone'), ACCEPTED];
    const { verify, calls } = counting(() => verdicts.shift() ?? REJECTED);
    assert.equal(await verify(HEADER, 1, PROOF), REJECTED);
    await assert.rejects(verify(HEADER, 1, PROOF), /gone/);
    assert.equal(await verify(HEADER, 1, PROOF), ACCEPTED);
    assert.equal(await verify(HEADER, 1, PROOF), ACCEPTED);
    assert.equal(calls(), 3);
  });

  test('many proofs → memory of the last ones alone', async () => {
    const { verify, calls } = counting(() => ACCEPTED);
    for (let i = 0; i < 300; i++) await verify(HEADER, i, PROOF);
    await verify(HEADER, 299, PROOF);
    assert.equal(calls(), 300);
    await verify(HEADER, 0, PROOF);
    assert.equal(calls(), 301);
  });
});
