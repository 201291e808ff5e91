import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '../../../client/prover/backends/reference/ntt.ts';
import { Fp } from '../../../client/prover/field/fp.ts';
import { rootOfUnity } from '../../../client/prover/field/roots.ts';
import { randomFp, seededRandom } from '../../support/random.ts';

test('encode → every column’s polynomial at the powers of the root of unity', () => {
  const random = seededRandom(21);
  for (const [logRows, logInvRate, width] of [
    [0, 0, 1],
    [0, 2, 3],
    [3, 1, 5],
    [5, 2, 2],
  ] as const) {
    const m = Uint32Array.from({ length: 2 ** logRows * width }, () => randomFp(random));
    const codeword = encode(m, width, logRows, logInvRate);
    const w = rootOfUnity(logRows + logInvRate);
    for (let z = 0; z < 2 ** (logRows + logInvRate); z++)
      for (let c = 0; c < width; c++) {
        let sum = 0;
        for (let i = 2 ** logRows - 1; i >= 0; i--) sum = Fp.add(Fp.mul(sum, Fp.pow(w, z)), m[i * width + c]!);
        assert.equal(codeword[z * width + c], sum);
      }
  }
});
