import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type BlockHeader, createBlockHeader, type HeaderData } from '@ethereumjs/block';
import { activeForks } from '../../../client/execution/chain/active-forks.ts';
import type { BlockErrorCode } from '../../../client/execution/chain/block-error.ts';
import type { ForkName } from '../../../client/execution/chain/chain-spec.ts';
import { blockDifficulty } from '../../../client/execution/chain/difficulty.ts';
import { validateHeader } from '../../../client/execution/chain/header-rules.ts';
import { knownNetwork } from '../../../client/execution/chain/known-networks.ts';
import { seededRandom } from '../../support/random.ts';

const { network: dev, block: devBlock } = await knownNetwork('dev');
const { network: mainnet } = await knownNetwork('mainnet');
const OMMERS = new Uint8Array(32).fill(7);

function header(data: HeaderData, { common } = dev, parent?: BlockHeader): BlockHeader {
  return createBlockHeader(data, {
    common,
    setHardfork: true,
    skipConsensusFormatValidation: true,
    ...(parent === undefined ? {} : { calcDifficultyFromHeader: parent }),
  });
}

/** A valid child of the dev chain's genesis, with some fields changed. */
function child(changed: HeaderData = {}): BlockHeader {
  const parent = devBlock.header;
  return header({
    parentHash: parent.hash(),
    number: 1n,
    timestamp: parent.timestamp + 12n,
    gasLimit: parent.gasLimit,
    baseFeePerGas: parent.calcNextBaseFee(),
    excessBlobGas: 0n,
    ...changed,
  });
}

const check = (block: BlockHeader): void => validateHeader(dev.config, block, devBlock.header, devBlock.hash());

describe('header rules', () => {
  test('a child that keeps them → accepted', () => check(child()));

  const limit = devBlock.header.gasLimit;
  const lies: readonly (readonly [what: string, code: BlockErrorCode, changed: HeaderData])[] = [
    ['another parent', 'parentHash', { parentHash: new Uint8Array(32) }],
    ['a number that skips one', 'number', { number: 2n }],
    ['its parent’s timestamp', 'timestamp', { timestamp: devBlock.header.timestamp }],
    ['33 bytes of extra data', 'extraData', { extraData: new Uint8Array(33) }],
    ['a gas limit raised by 1/1024', 'gasLimit', { gasLimit: limit + limit / 1024n }],
    ['a gas limit lowered by 1/1024', 'gasLimit', { gasLimit: limit - limit / 1024n }],
    ['a base fee of 1 wei more', 'baseFeePerGas', { baseFeePerGas: devBlock.header.calcNextBaseFee() + 1n }],
    ['a difficulty', 'difficulty', { difficulty: 1n }],
    ['a nonce', 'nonce', { nonce: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1) }],
    ['ommers', 'ommersHash', { uncleHash: OMMERS }],
    ['excess blob gas from nowhere', 'excessBlobGas', { excessBlobGas: 131_072n }],
  ];
  for (const [what, code, changed] of lies) {
    test(`rejects ${what}`, () => assert.throws(() => check(child(changed)), { code }));
  }

  test('rejects a parent whose blob gas costs more than there is, without computing the price', () => {
    const parent = header({ number: 5n, timestamp: 10n, gasLimit: 6000n, baseFeePerGas: 7n, excessBlobGas: 1n << 64n });
    const next = { number: 6n, timestamp: 11n, gasLimit: 6000n, baseFeePerGas: parent.calcNextBaseFee() };
    const block = header({ ...next, parentHash: parent.hash(), excessBlobGas: 1n << 64n });
    assert.throws(() => validateHeader(dev.config, block, parent, parent.hash()), { code: 'excessBlobGas' });
  });

  test('the largest allowed steps of the gas limit → accepted', () => {
    check(child({ gasLimit: limit + limit / 1024n - 1n }));
    check(child({ gasLimit: limit - limit / 1024n + 1n }));
  });

  test('rejects a gas limit below 5000', () => {
    const parent = header({ number: 5n, timestamp: 10n, gasLimit: 5000n, baseFeePerGas: 7n });
    const low = header({ parentHash: parent.hash(), number: 6n, timestamp: 11n, gasLimit: 4999n });
    assert.throws(() => validateHeader(dev.config, low, parent, parent.hash()), { code: 'gasLimit' });
  });

  test('rejects other extra data in the ten blocks from the DAO fork on, and nowhere else', () => {
    const dao = new TextEncoder().encode('dao-hard-fork');
    for (const [offset, isDao] of [
      [-1n, false],
      [0n, true],
      [9n, true],
      [10n, false],
    ] as const) {
      const number = 1_920_000n + offset;
      const parentData = {
        number: number - 1n,
        timestamp: 1_469_020_800n,
        gasLimit: 4_712_388n,
        difficulty: 10n ** 13n,
      };
      // The decoder has the rule too: only its own fork block is out of its reach.
      const parent = header({ ...parentData, extraData: dao }, mainnet);
      const make = (extraData: Uint8Array) =>
        header(
          {
            parentHash: parent.hash(),
            number,
            timestamp: parent.timestamp + 13n,
            gasLimit: parent.gasLimit,
            extraData,
          },
          mainnet,
          parent,
        );
      validateHeader(mainnet.config, make(dao), parent, parent.hash());
      const other = Object.create(make(dao), { extraData: { value: Uint8Array.of(1) } }) as BlockHeader;
      const run = () => validateHeader(mainnet.config, other, parent, parent.hash());
      if (isDao) assert.throws(run, { code: 'extraData' });
      else run();
    }
  });

  test('the first block with a base fee → limit doubled, base fee 1 gwei', () => {
    const parentData = { number: 12_964_999n, timestamp: 1_628_166_000n, gasLimit: 15_000_000n, gasUsed: 3n };
    const parent = header({ ...parentData, difficulty: 10n ** 15n }, mainnet);
    const number = parent.number + 1n;
    const timestamp = parent.timestamp + 9n;
    const valid = {
      ...{ parentHash: parent.hash(), number, timestamp },
      ...{ gasLimit: 30_000_000n, baseFeePerGas: 10n ** 9n, difficulty: 10n ** 15n + (1n << 30n) },
    };
    validateHeader(mainnet.config, header(valid, mainnet), parent, parent.hash());
    const undoubled = header({ ...valid, gasLimit: 15_000_000n }, mainnet);
    assert.throws(() => validateHeader(mainnet.config, undoubled, parent, parent.hash()), { code: 'gasLimit' });
  });
});

describe('difficulty', () => {
  const heights: readonly (readonly [fork: string, number: bigint])[] = [
    ['frontier', 200_500n],
    ['frontier with the bomb', 1_149_999n],
    ['homestead', 1_800_000n],
    ['byzantium', 4_370_000n],
    ['byzantium with the bomb', 7_279_999n],
    ['constantinople', 7_280_000n],
    ['istanbul with the bomb', 9_199_999n],
    ['muir glacier', 9_200_000n],
    ['arrow glacier', 13_773_000n],
    ['gray glacier', 15_050_000n],
  ];
  for (const [fork, number] of heights) {
    test(`of random parents in ${fork} → that of @ethereumjs`, () => {
      const random = seededRandom(Number(number % 1000n) + 1);
      const forks = activeForks(mainnet.config, number, 0n);
      const isActive = (name: ForkName): boolean => forks.some((active) => active.name === name);
      for (let i = 0; i < 60; i++) {
        const difficulty = i === 0 ? 131_072n : BigInt(random()) * BigInt(random());
        const parentData = { number: number - 1n, timestamp: 1_500_000_000n, gasLimit: 8_000_000n, difficulty };
        const parent = header({ ...parentData, ...(i % 2 === 0 ? {} : { uncleHash: OMMERS }) }, mainnet);
        const timestamp = parent.timestamp + 1n + BigInt(random() % (i % 5 === 0 ? 2000 : 40));
        const library = header({ number, timestamp, gasLimit: 8_000_000n }, mainnet).ethashCanonicalDifficulty(parent);
        assert.equal(blockDifficulty(isActive, number, timestamp, parent), library);
      }
    });
  }

  test('in London → the bomb delayed by 9.7 M blocks (EIP-3554), where @ethereumjs keeps 9 M', () => {
    const number = 12_965_000n;
    const active = activeForks(mainnet.config, number, 0n).map(({ name }) => name);
    const parent = header(
      { number: number - 1n, timestamp: 100n, gasLimit: 8_000_000n, difficulty: 10n ** 15n },
      mainnet,
    );
    const ours = blockDifficulty((name) => active.includes(name), number, 109n, parent);
    const library = header({ number, timestamp: 109n, gasLimit: 8_000_000n }, mainnet).ethashCanonicalDifficulty(
      parent,
    );
    assert.equal(ours, 10n ** 15n + (1n << 30n));
    assert.equal(library, 10n ** 15n + (1n << 37n));
  });
});

describe('base fee and excess blob gas', () => {
  const cases = [
    ['cancun', 1_710_338_135n + 1000n],
    ['prague', 1_746_612_311n + 1000n],
    ['osaka', 1_764_798_551n + 1000n],
    ['bpo1', 1_765_290_071n + 1000n],
    ['bpo2', 1_767_747_671n + 1000n],
  ] as const;
  for (const [fork, timestamp] of cases) {
    test(`after random parents in ${fork} → those of @ethereumjs`, () => {
      const random = seededRandom(Number(timestamp % 997n));
      for (let i = 0; i < 80; i++) {
        const gasLimit = 30_000_000n;
        const parent = header(
          {
            number: 20_000_000n,
            timestamp,
            gasLimit,
            gasUsed: BigInt(random() % 30_000_001),
            baseFeePerGas: BigInt(random() % (i % 3 === 0 ? 20 : 50_000_000_000)),
            blobGasUsed: 131_072n * BigInt(random() % 10),
            excessBlobGas: i % 4 === 0 ? 0n : BigInt(random() % 100_000_000),
          },
          mainnet,
        );
        const probe = header({ number: 20_000_001n, timestamp: timestamp + 12n, gasLimit }, mainnet);
        const valid: HeaderData = {
          parentHash: parent.hash(),
          number: 20_000_001n,
          timestamp: timestamp + 12n,
          gasLimit,
          baseFeePerGas: parent.calcNextBaseFee(),
          excessBlobGas: parent.calcNextExcessBlobGas(probe.common),
        };
        validateHeader(mainnet.config, header(valid, mainnet), parent, parent.hash());
      }
    });
  }
});
