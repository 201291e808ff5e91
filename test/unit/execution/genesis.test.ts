import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { activeForks } from '../../../client/execution/chain/active-forks.ts';
import { parseGenesis } from '../../../client/execution/chain/genesis.ts';
import { parseChainConfig } from '../../../client/execution/chain/genesis-config.ts';
import { knownNetwork, networkByChainId } from '../../../client/execution/chain/known-networks.ts';
import { chainSpecOf, rulesAt } from '../../../client/execution/chain/network.ts';
import { hardforkAt } from '../../../client/execution/chain/rules.ts';
import { repoRoot } from '../../support/data.ts';

const read = (name: string) => JSON.parse(readFileSync(join(repoRoot(), 'genesis', `${name}.json`), 'utf8'));
const { config: DEV } = read('dev');
const parse = (changed: object) => parseChainConfig({ ...DEV, ...changed }, 0n);

describe('known networks', () => {
  const hashes = {
    mainnet: '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
    sepolia: '0x25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9',
    hoodi: '0xbbe312868b376a3001692a646dd2d7d1e4406380dfd86b98aa8a34d1557c971b',
  } as const;
  for (const [name, hash] of Object.entries(hashes)) {
    test(`${name} → its genesis hash, from header and accounts`, async () => {
      assert.equal((await knownNetwork(name as keyof typeof hashes)).network.genesisHash, hash);
    });
  }

  test('by chain id → the same network; another id is rejected, naming those that are known', async () => {
    assert.equal(await networkByChainId(560_048n), await knownNetwork('hoodi'));
    assert.throws(() => networkByChainId(5n), { code: 'unknownChain', message: /chain 5 is not one of mainnet \(1\)/ });
  });

  test('mainnet by height → the rules of @ethereumjs by name, and the forks active there only', async () => {
    const { network } = await knownNetwork('mainnet');
    const heights: readonly (readonly [number: bigint, timestamp: bigint, name: string, forks: number])[] = [
      [1n, 1_438_269_988n, 'chainstart', 0],
      [1_149_999n, 0n, 'chainstart', 0],
      [1_150_000n, 0n, 'homestead', 1],
      [1_920_000n, 0n, 'dao', 1],
      [2_463_000n, 0n, 'tangerineWhistle', 2],
      [7_280_000n, 0n, 'petersburg', 6],
      [15_537_393n, 1_663_224_162n, 'grayGlacier', 12],
      [15_537_394n, 1_663_224_179n, 'paris', 13],
      [17_034_870n, 1_681_338_455n, 'shanghai', 14],
      [19_426_587n, 1_710_338_135n, 'cancun', 15],
      [24_000_000n, 1_764_798_551n, 'osaka', 17],
      [24_000_000n, 1_765_290_070n, 'osaka', 17],
      [24_000_000n, 1_765_290_071n, 'bpo1', 18],
      [24_000_000n, 1_767_747_671n, 'bpo2', 19],
    ];
    for (const [number, timestamp, name, forks] of heights) {
      assert.equal(hardforkAt(network.common, number, timestamp), name);
      assert.equal(activeForks(network.config, number, timestamp).length, forks, `block ${number}`);
    }
  });

  test('the chain spec of a block → active forks with their blob parameters; a later fork does not change it', async () => {
    const { network } = await knownNetwork('mainnet');
    const spec = chainSpecOf(network, { number: 21_000_000n, timestamp: 1_730_000_000n });
    assert.equal(spec.chainId, 1n);
    assert.equal(spec.daoForkBlock, 1_920_000n);
    assert.equal(spec.depositContract, '0x00000000219ab540356cbb839cbe05303d7705fa');
    assert.deepEqual(spec.forks.at(-1), {
      ...{ name: 'cancun', by: 'time', activation: 1_710_338_135n },
      blobParams: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
    });
    assert.deepEqual(spec.forks.at(-3), { name: 'paris', by: 'block', activation: 15_537_394n });
  });
});

describe('blob schedules', () => {
  test('other than mainnet’s, in every fork → what @ethereumjs computes with', async () => {
    const forks = ['cancun', 'prague', 'osaka', 'bpo1', 'bpo2', 'bpo3', 'bpo4', 'bpo5'];
    const blobSchedule = Object.fromEntries(
      forks.map((fork, i) => [fork, { target: 2 + i, max: 20 + i, baseFeeUpdateFraction: 1_000_000 + i }]),
    );
    const times = Object.fromEntries(forks.map((fork, i) => [`${fork}Time`, i * 100]));
    const json = { ...read('dev'), config: { ...DEV, ...times, blobSchedule } };
    const { network } = await parseGenesis('blobs', json);
    for (const [i, fork] of forks.entries()) {
      const rules = rulesAt(network, { number: 1n, timestamp: BigInt(i * 100 + 50) });
      assert.equal(rules.hardfork(), fork);
      const { block } = await parseGenesis('blobs', json);
      rules.updateParams({ 4844: { blobGasPerBlob: 131_072 } });
      assert.ok(block);
      const schedule = rules.getBlobGasSchedule();
      assert.equal(schedule.targetBlobGasPerBlock, BigInt((2 + i) * 131_072));
      assert.equal(schedule.maxBlobGasPerBlock, BigInt((20 + i) * 131_072));
      assert.equal(schedule.blobGasPriceUpdateFraction, BigInt(1_000_000 + i));
    }
  });
});

describe('chain configuration', () => {
  test('Paris → mergeForkBlock, else mergeNetsplitBlock, else the genesis block where it has the total difficulty', () => {
    const paris = (changed: object, difficulty = 0n) =>
      parseChainConfig(
        { ...DEV, mergeNetsplitBlock: undefined, terminalTotalDifficulty: undefined, ...changed },
        difficulty,
      ).forks.find(({ name }) => name === 'paris')?.activation;
    assert.equal(paris({ mergeForkBlock: 5, mergeNetsplitBlock: 9 }), 5n);
    assert.equal(paris({ mergeNetsplitBlock: 9 }), 9n);
    assert.equal(paris({ terminalTotalDifficulty: 131_072 }, 131_072n), 0n);
    assert.throws(() => paris({ terminalTotalDifficulty: 131_073 }, 131_072n), {
      code: 'genesisInvalid',
      message: /mergeForkBlock/,
    });
  });

  const rejections: readonly (readonly [what: string, key: string, changed: object])[] = [
    ['no chain id', 'chainId', { chainId: undefined }],
    ['chain id 0', 'chainId', { chainId: 0 }],
    ['a fork below one that is there', 'byzantiumBlock', { byzantiumBlock: undefined }],
    ['forks out of order', 'pragueTime', { cancunTime: 10, pragueTime: 9 }],
    ['a block number that is no number', 'londonBlock', { londonBlock: 'soon' }],
    ['a negative activation', 'osakaTime', { osakaTime: -1 }],
    ['a BPO fork without blob parameters', 'blobSchedule.bpo1', { bpo1Time: 1 }],
    [
      'more target than maximum blobs',
      'blobSchedule.osaka',
      { blobSchedule: { ...DEV.blobSchedule, osaka: { target: 9, max: 6, baseFeeUpdateFraction: 1 } } },
    ],
    ['a deposit contract of 19 bytes', 'depositContractAddress', { depositContractAddress: `0x${'00'.repeat(19)}` }],
    ['half of Spurious Dragon', 'eip155Block', { eip155Block: 1 }],
    ['a clique chain', 'clique', { clique: { period: 5, epoch: 30_000 } }],
    ['a fork whose rules are unknown', 'amsterdamTime', { amsterdamTime: 5 }],
  ];
  for (const [what, key, changed] of rejections) {
    test(`rejects ${what}, naming the key`, () => {
      assert.throws(
        () => parse(changed),
        (error: Error & { code?: string; detail?: { key: string } }) =>
          error.code === 'genesisInvalid' && error.detail?.key === key && error.message.includes(key),
      );
    });
  }
});

describe('genesis files', () => {
  const bad: readonly (readonly [what: string, key: string, changed: object])[] = [
    ['without accounts or a state root', 'alloc', { alloc: undefined }],
    ['with another state root than its accounts have', 'stateRoot', { stateRoot: `0x${'11'.repeat(32)}` }],
    ['with another genesis hash', 'genesisHash', { genesisHash: `0x${'11'.repeat(32)}` }],
    ['without a gas limit', 'gasLimit', { gasLimit: undefined }],
    ['with a nonce of 9 bytes', 'nonce', { nonce: `0x${'11'.repeat(9)}` }],
    ['with extra data that is no hex', 'extraData', { extraData: 'hello' }],
    ['with an address of 19 bytes', `alloc.${'11'.repeat(19)}`, { alloc: { ['11'.repeat(19)]: { balance: '0x1' } } }],
    [
      'with a balance that is no number',
      `alloc.${'11'.repeat(20)}.balance`,
      { alloc: { ['11'.repeat(20)]: { balance: 'much' } } },
    ],
  ];
  for (const [what, key, changed] of bad) {
    test(`rejects a file ${what}, naming the key`, async () => {
      await assert.rejects(
        parseGenesis('test', { ...read('dev'), ...changed }),
        (error: Error & { code?: string; detail?: { key: string } }) =>
          error.code === 'genesisInvalid' && error.detail?.key === key,
      );
    });
  }
});
