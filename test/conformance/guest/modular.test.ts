import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { createValidator } from '../../../client/prover/guest/validate.ts';
import { type ContractBlock, contractBlock, wordHex } from '../../support/contract-block.ts';
import { seededRandom } from '../../support/random.ts';

const validator = createValidator(loadGuest());
const TOP = 2n ** 256n - 1n;
const random = seededRandom(31);
const wide = (bits: number): bigint =>
  Array.from({ length: 8 }, random).reduce((value, word) => (value << 32n) | BigInt(word), 0n) >> BigInt(256 - bits);

async function accepted({ input, blockHash }: ContractBlock): Promise<void> {
  const verdict = (await validator)(input);
  assert.ok(verdict.ok, verdict.ok ? '' : `${verdict.rule}: ${verdict.reason}`);
  assert.equal(verdict.claim.blockHash, blockHash);
}

describe('modular arithmetic in the guest against BigInt', () => {
  /** For i = 0, 96, … below the call data's size: storage[i] = (a + b) mod m, storage[i + 1] = a · b mod m of its words. */
  const CODE = [
    '60005b36811015603157', // i; while i < CALLDATASIZE
    '8060400135', // m
    '8160200135', // b
    '8235', // a
    '088155', // SSTORE(i, ADDMOD)
    '80604001358160200135', // m, b
    '8235',
    '098160010155', // SSTORE(i + 1, MULMOD)
    '606001600256', // i += 96
    '5b00',
  ].join('');

  test('ADDMOD and MULMOD of edge values and random ones, a modulus of 0 and 1 → the same', async () => {
    const edges = [0n, 1n, 2n, TOP, TOP - 1n, 2n ** 255n, 2n ** 128n];
    const cases = edges.flatMap((a) => edges.map((m) => [a, TOP, m] as const));
    for (let k = 0; k < 40; k++) cases.push([wide(256), wide(256), wide(1 + (random() % 256))]);
    const block = await contractBlock(CODE, [cases.flat().map(wordHex).join('')], 12_000_000n);
    for (const [k, [a, b, m]] of cases.entries()) {
      const [sum, product] = m === 0n ? [0n, 0n] : [(a + b) % m, (a * b) % m];
      const slot = BigInt(96 * k);
      assert.deepEqual([block.stored(slot), block.stored(slot + 1n)], [sum, product], `${a} ${b} ${m}`);
    }
    await accepted(block);
  });

  /** Calls MODEXP with the call data behind its first word, which is the slot of the first 32 bytes of up to 64. */
  const MODEXP_CODE =
    '602036038060206000376040611000826000600' + '55afa5061100051600035556110205160003560010155' + '00';

  test('MODEXP with operands shorter and longer than a word, leading zeros, a modulus of 0 and 1 → the same', async () => {
    const power = (base: bigint, exponent: bigint, m: bigint): bigint => {
      let [result, square] = [1n % m, base % m];
      for (let e = exponent; e > 0n; e >>= 1n) {
        if ((e & 1n) === 1n) result = (result * square) % m;
        square = (square * square) % m;
      }
      return result;
    };
    type Operand = readonly [value: bigint, bytes: number];
    const cases: readonly (readonly [Operand, Operand, Operand])[] = [
      [
        [wide(256), 32],
        [wide(256), 32],
        [wide(256), 32],
      ],
      [
        [TOP, 32],
        [TOP, 32],
        [TOP, 32],
      ],
      [
        [TOP, 32],
        [TOP, 32],
        [1n, 32],
      ],
      [
        [TOP, 32],
        [0n, 32],
        [1n, 1],
      ],
      [
        [5n, 1],
        [0n, 0],
        [7n, 1],
      ],
      [
        [0n, 0],
        [0n, 1],
        [7n, 2],
      ],
      [
        [0n, 32],
        [9n, 2],
        [7n, 32],
      ],
      [
        [wide(256), 32],
        [65537n, 3],
        [0n, 32],
      ],
      [
        [(wide(256) << 300n) | wide(256), 72],
        [wide(64), 8],
        [wide(255) | 1n, 32],
      ],
      [
        [(wide(256) << 256n) | wide(256), 64],
        [3n, 1],
        [2n ** 128n, 17],
      ],
      [
        [(1n << 512n) - 1n, 64],
        [wide(256), 40],
        [wide(256), 64],
      ],
      [
        [wide(256), 32],
        [wide(256), 32],
        [(wide(256) << 200n) | 1n, 57],
      ],
      [
        [wide(256), 32],
        [2n, 1],
        [2n, 33],
      ],
    ];
    const hex = ([value, bytes]: Operand): string => (bytes === 0 ? '' : value.toString(16).padStart(2 * bytes, '0'));
    const calls = cases.map((operands, k) => {
      const lengths = operands.map(([, bytes]) => wordHex(BigInt(bytes))).join('');
      return wordHex(BigInt(2 * k + 2)) + lengths + operands.map(hex).join('');
    });
    const block = await contractBlock(MODEXP_CODE, calls);
    for (const [k, [[base], [exponent], [m, bytes]]] of cases.entries()) {
      const expected = m === 0n ? 0n : power(base, exponent, m);
      const slot = BigInt(2 * k + 2);
      const stored = (block.stored(slot) << 256n) | block.stored(slot + 1n);
      assert.equal(stored >> BigInt(8 * (64 - bytes)), expected, `case ${k}`);
    }
    await accepted(block);
  });
});
