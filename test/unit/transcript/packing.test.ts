import assert from 'node:assert/strict';
import { test } from 'node:test';
import { P } from '../../../client/prover/field/fp.ts';
import { packedBytes, packFields, unpackFields } from '../../../client/prover/transcript/packing.ts';
import { ProverTranscript } from '../../../client/prover/transcript/prover-transcript.ts';
import { Rejection } from '../../../client/prover/transcript/rejection.ts';
import { VerifierTranscript } from '../../../client/prover/transcript/verifier-transcript.ts';
import { randomFp, seededRandom } from '../../support/random.ts';

/** The definition: one number of 31 · count bits, written byte by byte. */
function packedByDefinition(words: readonly number[]): number[] {
  let bits = 0n;
  words.forEach((w, i) => {
    bits |= BigInt(w) << BigInt(31 * i);
  });
  return Array.from({ length: packedBytes(words.length) }, (_, k) => Number((bits >> BigInt(8 * k)) & 0xffn));
}

test('packFields of 0 to 20 elements behind other bytes → their bits by definition, and back', () => {
  const random = seededRandom(31);
  for (let count = 0; count <= 20; count++)
    for (const words of [
      Array.from({ length: count }, () => randomFp(random)),
      new Array<number>(count).fill(P - 1),
      new Array<number>(count).fill(0),
    ]) {
      const out = new Uint8Array(3 + packedBytes(count)).fill(0xff, 0, 3);
      packFields(words, out, 3);
      assert.deepEqual([...out], [0xff, 0xff, 0xff, ...packedByDefinition(words)]);
      assert.deepEqual(unpackFields(out, 3, count), Uint32Array.from(words));
    }
});

/** What a verifier that reads `count` elements of E says about these bytes. */
function verdict(bytes: Uint8Array, count: number): string {
  const tr = new VerifierTranscript(bytes);
  try {
    tr.readExts('openings', count);
    tr.end();
    return 'accepted';
  } catch (error) {
    if (error instanceof Rejection) return `${error.stage}/${error.code}`;
    throw error;
  }
}

test('elements, digests and nonces of a proof → as short as they can be, and read as they were sent', () => {
  const prover = new ProverTranscript();
  const exts = [
    [1, 2, 3, 4, 5],
    [P - 1, P - 2, 0, P - 3, 6],
  ] as const;
  prover.sendExts('openings', exts);
  prover.send('layerCap', [0xffff_ffff, 7]);
  const bytes = prover.bytes();
  assert.equal(bytes.length, 39 + 8);
  const verifier = new VerifierTranscript(bytes);
  assert.deepEqual(verifier.readExts('openings', 2), exts);
  assert.deepEqual([...verifier.readWords('layerCap', 2)], [0xffff_ffff, 7]);
  verifier.end();
  assert.deepEqual(verifier.state(), prover.state());
});

test('rejects every other encoding of the same elements, and a proof that ends within them', () => {
  const prover = new ProverTranscript();
  prover.sendExts('openings', [[0, 1, 2, 3, P - 1]]);
  const bytes = prover.bytes();
  assert.equal(verdict(bytes, 1), 'accepted');
  for (const bit of [3, 4, 5, 6, 7]) {
    const changed = bytes.slice();
    changed[19]! |= 1 << bit;
    assert.equal(verdict(changed, 1), 'transcript/paddingBits', `bit ${bit}`);
  }
  // P instead of 0 as the first element.
  const alias = bytes.slice();
  alias[0]! |= P & 0xff;
  alias[3]! |= P >>> 24;
  assert.equal(verdict(alias, 1), 'transcript/notCanonical');
  for (const n of [0, 1, 19]) assert.equal(verdict(bytes.subarray(0, n), 1), 'transcript/truncated', `${n} bytes`);
  assert.equal(verdict(Uint8Array.from([...bytes, 0]), 1), 'transcript/trailingBytes');
});
