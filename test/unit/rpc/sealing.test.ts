import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RpcPorts } from '../../../client/rpc/interface.ts';
import { sealingMethods } from '../../../client/rpc/zkl1/sealing.ts';
import { hexOf } from '../../support/bytes.ts';
import { devAddress } from '../../support/memory-chain.ts';
import { SealedChain } from '../../support/sealed-chain.ts';
import { storedChain } from '../../support/stored-chain.ts';

test('zkl1_sealerFaults after two seals at one height → sealer, height, and both headers with their seals', async (t) => {
  const chain = await SealedChain.create(1);
  const built = [await chain.build(chain.genesis.block), await chain.build(chain.genesis.block, { extra: 1 })];
  const { importer } = await storedChain(t, chain.genesis);
  const [method] = sealingMethods({ sealing: { faults: importer.sealerFaults } } as RpcPorts);
  assert.equal(method?.name, 'zkl1_sealerFaults');
  assert.deepEqual(await method?.call([], { origin: '' }), []);
  for (const { block, seal } of built) await importer.checkHeader({ header: block.header.serialize(), seal });
  const blocks = built.map(({ block, seal }) => ({
    hash: hexOf(block.hash()),
    header: hexOf(block.header.serialize()),
    seal: hexOf(seal),
  }));
  assert.deepEqual(await method?.call([], { origin: '' }), [{ sealer: devAddress(0), number: '0x1', blocks }]);
});
