import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RLP } from '@ethereumjs/rlp';
import { type ChainSpec, encodeChainSpec } from '../../../client/prover/guest/chain-spec.ts';
import { encodeGuestInput } from '../../../client/prover/guest/input.ts';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { createValidator, type Validation } from '../../../client/prover/guest/validate.ts';
import { needsData } from '../../support/data.ts';
import { chainSpecOfReal, guestInputOf, realBlock } from '../../support/real-blocks.ts';

const validator = createValidator(loadGuest());
const OSAKA = 'mainnet-24628607';

async function validateWith(name: string, chainSpec: Uint8Array): Promise<Validation> {
  return (await validator)(encodeGuestInput({ ...guestInputOf(realBlock(name)), chainSpec }));
}

type Forks = ChainSpec['forks'];
const changes: readonly (readonly [string, string, (forks: Forks) => Forks, string, RegExp])[] = [
  [
    'rejects a listed fork that is not active yet',
    'mainnet-2675001',
    (forks) => [...forks, { name: 'byzantium', by: 'block', activation: 4_370_000n }],
    'chainSpec',
    /byzantium at 4370000 is not active at 2675001/,
  ],
  [
    'rejects a fork left out before another',
    OSAKA,
    (forks) => forks.filter((f) => f.name !== 'shanghai'),
    'chainSpec',
    /fork shanghai is missing before cancun/,
  ],
  [
    'rejects an active fork left out at the end',
    OSAKA,
    (forks) => forks.filter((f) => f.name !== 'bpo2'),
    'header',
    /excessBlobGas/,
  ],
  [
    'rejects an unknown fork',
    OSAKA,
    (forks) => [...forks, { name: 'amsterdam', by: 'time', activation: 0n }],
    'chainSpec',
    /unknown fork amsterdam/,
  ],
  [
    'rejects forks out of order',
    OSAKA,
    (forks) => [...forks.slice(1), ...forks.slice(0, 1)],
    'chainSpec',
    /missing before/,
  ],
  ['rejects a fork listed twice', OSAKA, (forks) => [...forks, ...forks.slice(-1)], 'chainSpec', /listed twice/],
  [
    'rejects a fork activated before its predecessor',
    OSAKA,
    (forks) => forks.map((f) => (f.name === 'cancun' ? { ...f, activation: 1n } : f)),
    'chainSpec',
    /before the fork listed before it/,
  ],
  [
    'rejects a block fork activated by time',
    OSAKA,
    (forks) => forks.map((f) => (f.name === 'london' ? { ...f, by: 'time' } : f)),
    'chainSpec',
    /london is activated by time/,
  ],
  [
    'rejects wrong blob parameters',
    OSAKA,
    (forks) => forks.map((f) => (f.name === 'bpo2' ? { ...f, blobParams: { ...f.blobParams!, target: 13 } } : f)),
    'header',
    /excessBlobGas/,
  ],
  [
    'rejects impossible blob parameters',
    OSAKA,
    (forks) => forks.map((f) => (f.name === 'bpo2' ? { ...f, blobParams: { ...f.blobParams!, target: 22 } } : f)),
    'chainSpec',
    /out of range/,
  ],
  [
    'rejects a blob fork without blob parameters',
    OSAKA,
    (forks) => forks.map((f) => (f.name === 'osaka' ? { ...f, blobParams: undefined } : f)),
    'chainSpec',
    /wrong number of blob params/,
  ],
  [
    'rejects blob parameters before Cancun',
    OSAKA,
    (forks) =>
      forks.map((f) =>
        f.name === 'berlin' ? { ...f, blobParams: { target: 1, max: 2, baseFeeUpdateFraction: 3 } } : f,
      ),
    'chainSpec',
    /berlin has no blob params/,
  ],
];

describe('guest on another chain spec', needsData(), () => {
  for (const [name, block, change, rule, reason] of changes) {
    test(name, async () => {
      const spec = chainSpecOfReal(realBlock(block));
      const result = await validateWith(block, encodeChainSpec({ ...spec, forks: change(spec.forks) }));
      assert.ok(!result.ok);
      assert.equal(result.rule, rule, result.reason);
      assert.match(result.reason, reason);
    });
  }

  test('rejects another chain id where a transaction names the chain', async () => {
    const spec = chainSpecOfReal(realBlock(OSAKA));
    const result = await validateWith(OSAKA, encodeChainSpec({ ...spec, chainId: 2n }));
    assert.ok(!result.ok);
    assert.equal(result.rule, 'transaction', result.reason);
  });

  test('another schedule that gives the same rules → a claim with another chain spec hash', async () => {
    const name = 'mainnet-2675001';
    const spec = chainSpecOfReal(realBlock(name));
    const same = await validateWith(name, encodeChainSpec(spec));
    const other = await validateWith(name, encodeChainSpec({ ...spec, genesisHash: `0x${'00'.repeat(32)}` }));
    assert.ok(same.ok && other.ok);
    assert.notEqual(same.claim.chainSpecHash, other.claim.chainSpecHash);
  });

  test('rejects malformed encodings', async () => {
    const good = encodeChainSpec(chainSpecOfReal(realBlock('mainnet-1')));
    const fields = RLP.decode(good) as (Uint8Array | Uint8Array[])[];
    const cases = [
      new Uint8Array(0),
      good.slice(0, -1),
      Uint8Array.of(...good, 0),
      RLP.encode([2, ...fields.slice(1)] as never),
      RLP.encode(fields.slice(0, 5) as never),
      RLP.encode([...fields, 0] as never),
      RLP.encode(fields.map((field, i) => (i === 4 ? [1, 2] : field)) as never),
      RLP.encode(fields.map((field, i) => (i === 1 ? Uint8Array.of(0, 1) : field)) as never),
    ];
    for (const chainSpec of cases) {
      const result = await validateWith('mainnet-1', chainSpec);
      assert.ok(!result.ok);
      assert.equal(result.rule, 'chainSpec', result.reason);
    }
  });
});
