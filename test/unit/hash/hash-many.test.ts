import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3 as noble } from '@noble/hashes/blake3.js';
import { blake3, blake3Keyed, bytesFromWords, IV_WORDS, wordsFromBytes } from '../../../client/prover/hash/blake3.ts';
import type { ManyInputs } from '../../../client/prover/hash/hash-many.ts';
import { hashLeaves, hashNodes } from '../../../client/prover/hash/merkle-hash.ts';
import { checkMultiproof } from '../../../client/prover/hash/merkle-multiproof.ts';
import { absorb, initialSponge } from '../../../client/prover/hash/sponge.ts';
import { seededRandom } from '../../support/random.ts';
import { ALL_KERNELS, WASM_KERNELS } from '../../support/verifier-kernels.ts';

const random = seededRandom(61);
const words = (count: number): Uint32Array => Uint32Array.from({ length: count }, () => random());
const KEY = new TextEncoder().encode('whats the Elvish word for friend');

for (const { name, hashMany } of ALL_KERNELS) {
  test(`${name}: leaves of any length and number → BLAKE3 of each, as an independent implementation has it`, () => {
    for (const rowWords of [1, 2, 15, 16, 17, 31, 32, 81, 255, 256, 257, 600])
      for (const count of [0, 1, 3, 4, 5, 9]) {
        const rows = words(count * rowWords);
        const expected = Array.from({ length: count }, (_, k) =>
          noble(bytesFromWords(rows.slice(k * rowWords, (k + 1) * rowWords))),
        );
        const actual = bytesFromWords(hashLeaves(rows, count, rowWords, hashMany));
        assert.deepEqual(actual, Uint8Array.from(expected.flatMap((d) => [...d])), `${count} of ${rowWords} words`);
      }
  });

  test(`${name}: BLAKE3 of messages of any number of chunks → an independent implementation’s, keyed or not`, () => {
    for (const bytes of [1025, 2048, 2049, 3072, 3073, 4096, 5121, 8192, 31_744, 102_400]) {
      const input = Uint8Array.from({ length: bytes }, (_, i) => i % 251);
      assert.deepEqual(blake3(input, 131, hashMany), noble(input, { dkLen: 131 }), `${bytes} bytes`);
      const keyed = blake3Keyed(KEY, input, 32, hashMany);
      assert.deepEqual(keyed, noble(input, { key: KEY, dkLen: 32 }), `${bytes} bytes, keyed`);
    }
  });
}

test('kernels on inputs of all lengths, strides, numbers and counters → the same words as plain TypeScript', () => {
  const [plain] = ALL_KERNELS;
  for (let k = 0; k < 400; k++) {
    const length = random() % 257;
    const stride = length + (random() % 3);
    const count = random() % 11;
    const edge = [0, 0xffff_ffff, random()][k % 3]!;
    const inputs: ManyInputs = {
      ...{ words: words(count * stride).fill(edge, 0, random() % 40), stride, count, length },
      ...{ key: k % 2 === 0 ? IV_WORDS : wordsFromBytes(KEY), counter: random() % 2 ** 20, step: k % 5 === 0 ? 1 : 0 },
      ...{ flags: random() % 32, first: random() % 2, last: random() % 16 },
    };
    assert.deepEqual(WASM_KERNELS.hashMany(inputs), plain!.hashMany(inputs), `case ${k}`);
  }
});

test('kernels on a call that is smaller than the one before → nothing of that is left in the result', () => {
  const [plain] = ALL_KERNELS;
  hashLeaves(words(40 * 256), 40, 256, WASM_KERNELS.hashMany);
  for (const rowWords of [1, 17, 100]) {
    const rows = words(5 * rowWords);
    assert.deepEqual(
      hashLeaves(rows, 5, rowWords, WASM_KERNELS.hashMany),
      hashLeaves(rows, 5, rowWords, plain!.hashMany),
    );
  }
});

test('absorb and checkMultiproof with any kernels → one state, one verdict', () => {
  const leaves = words(8 * 20);
  let level = hashLeaves(leaves, 8, 20);
  for (let n = 4; n >= 1; n /= 2) level = hashNodes(level, n);
  const opened = { indices: [0, 1, 2, 3, 4, 5, 6, 7], rows: leaves, rowWords: 20 };
  const changed = { ...opened, rows: leaves.map((x, i) => (i === 159 ? x ^ 1 : x)) };
  const long = words(3000);
  for (const { name, hashMany } of ALL_KERNELS) {
    assert.ok(checkMultiproof(level, 3, opened, new Uint32Array(), hashMany), name);
    assert.ok(!checkMultiproof(level, 3, changed, new Uint32Array(), hashMany), name);
    assert.deepEqual(absorb(initialSponge(), 7, long, hashMany), absorb(initialSponge(), 7, long), name);
  }
});
