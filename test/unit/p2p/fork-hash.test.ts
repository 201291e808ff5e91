import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forkSchedule } from '../../../client/p2p/proofs/fork-hash.ts';

const MAINNET = {
  hash: '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
  timestamp: 0n,
} as const;
const BLOCKS = [
  ...[1_150_000n, 1_920_000n, 2_463_000n, 2_675_000n, 4_370_000n, 7_280_000n, 9_069_000n, 9_200_000n],
  ...[12_244_000n, 12_965_000n, 13_773_000n, 15_050_000n],
];
const TIMES = [1_681_338_455n, 1_710_338_135n, 1_746_612_311n];

test('fork hashes of mainnet → those of EIP-2124 and of geth', () => {
  assert.deepEqual(forkSchedule(MAINNET, BLOCKS, TIMES).hashes, [
    ...['fc64ec04', '97c2c34c', '91d1f948', '7a64da13', '3edd5b10', 'a00bc324', '668db0af', '879d6e30', 'e029e991'],
    ...['0eb440f6', 'b715077d', '20c327fc', 'f0afd0e3', 'dce96c2d', '9f3d2254', 'c376cf8b'],
  ]);
});

test('fork hash at a block → of the last fork that is active there', () => {
  const { hashAt } = forkSchedule(MAINNET, [...BLOCKS, 1_150_000n, 0n], TIMES);
  assert.equal(hashAt(0n, 0n), 'fc64ec04');
  assert.equal(hashAt(1_149_999n, 0n), 'fc64ec04');
  assert.equal(hashAt(1_150_000n, 0n), '97c2c34c');
  assert.equal(hashAt(17_034_869n, 1_681_338_443n), 'f0afd0e3');
  assert.equal(hashAt(17_034_870n, 1_681_338_455n), 'dce96c2d');
  assert.equal(hashAt(30_000_000n, 1_900_000_000n), 'c376cf8b');
});

test('fork hashes where all forks are active at genesis → one', () => {
  const { hashes, hashAt } = forkSchedule({ ...MAINNET, timestamp: 1000n }, [0n, 0n], [0n, 1000n]);
  assert.deepEqual(hashes, ['fc64ec04']);
  assert.equal(hashAt(9n, 9n), 'fc64ec04');
});
