import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Block, createBlock } from '@ethereumjs/block';
import { createTxFromRLP } from '@ethereumjs/tx';
import { createAddressFromString } from '@ethereumjs/util';
import { parseGwei } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { knownNetwork } from '../../../client/execution/chain/known-networks.ts';
import type { ChainExecutor } from '../../../client/execution/interface.ts';
import { buildNextBlock } from '../../../client/execution/sealing/build-block.ts';
import { DEV_ACCOUNT_KEYS, DEV_SEALER_KEY } from '../../../client/execution/sealing/dev-accounts.ts';
import { signSeal } from '../../../client/execution/sealing/seal.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { createChainExecutor } from '../../../client/execution/state/executor.ts';
import { Importer } from '../../../client/execution/store/importer.ts';
import { storedChain } from '../../support/stored-chain.ts';

const dev = await knownNetwork('dev');
const { network, block: genesis } = dev;
const sealOf = (block: Block): Uint8Array => signSeal(network, block.hash(), DEV_SEALER_KEY);
const TO = `0x${'11'.repeat(20)}` as const;

/** The next block with one transfer of 1 wei by the first dev account. */
async function transferBlock(executor: ChainExecutor, parent: Block): Promise<Block> {
  const timestamp = parent.header.timestamp + 12n;
  const vm = await executor.vmAfter(parent.header, { number: parent.header.number + 1n, timestamp });
  const raw = await privateKeyToAccount(DEV_ACCOUNT_KEYS[0] ?? '0x').signTransaction({
    chainId: 1337,
    nonce: Number(parent.header.number),
    to: TO,
    value: 1n,
    gas: 21_000n,
    maxFeePerGas: parseGwei('10'),
    maxPriorityFeePerGas: 1n,
  });
  const candidates = [createTxFromRLP(new Uint8Array(Buffer.from(raw.slice(2), 'hex')), { common: vm.common })];
  const coinbase = createAddressFromString(`0x${'c0'.repeat(20)}`);
  const { block } = await buildNextBlock({ vm, parent, timestamp, coinbase, extraData: new Uint8Array(), candidates });
  return block;
}

describe('import', () => {
  test('a block → executed once, stored in one write with receipts, witness and state', async (t) => {
    const { store, executor, view } = await storedChain(t, dev);
    const block = await transferBlock(executor, genesis);
    let executions = 0;
    const counting: ChainExecutor = {
      ...executor,
      execute: (b) => {
        executions++;
        return executor.execute(b);
      },
    };
    const importer = new Importer({ reorgDepth: 64 }, { network, store, view, executor: counting, now: Date.now });
    const write = t.mock.method(store, 'write');
    const { execution } = await importer.importExecuted(block, sealOf(block));
    assert.ok(execution);
    const { witness } = execution;
    assert.equal(executions, 1);
    assert.equal(write.mock.callCount(), 1);
    assert.deepEqual(view.head().hash(), block.hash());
    assert.deepEqual(view.canonicalBlock(1n)?.serialize(), block.serialize());
    assert.equal(view.receipts(block.hash())?.[0]?.cumulativeGasUsed, 21_000n);
    assert.deepEqual(view.findTransaction(block.transactions[0]?.hash() ?? new Uint8Array()), {
      block: view.head(),
      index: 0,
    });
    assert.equal(executor.account(block.header.stateRoot, createAddressFromString(TO).bytes)?.balance, 1n);
    const stored = view.witness(block.hash());
    assert.deepEqual(stored?.state.map(plain), witness.state.map(plain));
    assert.deepEqual(stored?.headers.map(plain), [plain(genesis.header.serialize())]);
  });

  test('its stored witness → enough to execute the block without the store', async (t) => {
    const { importer, executor, view } = await storedChain(t, dev);
    const first = await transferBlock(executor, genesis);
    await importer.importExecuted(first, sealOf(first));
    const second = await transferBlock(executor, first);
    await importer.importExecuted(second, sealOf(second));
    const witness = view.witness(second.hash());
    assert.ok(witness);
    const alone = createChainExecutor(network, ContentMap.ofWitness(witness));
    const again = await alone.execute(alone.decodeBlock(second.serialize()));
    assert.deepEqual(again.stateRoot, second.header.stateRoot);
    assert.deepEqual(again.witness.state.map(plain), witness.state.map(plain));
  });

  test('rejects a block with a wrong state root, leaving the store as it was', async (t) => {
    const { importer, executor, view } = await storedChain(t, dev);
    const block = await transferBlock(executor, genesis);
    const header = { ...block.header, stateRoot: new Uint8Array(32) };
    const wrong = createBlock(
      { header, transactions: block.transactions, withdrawals: [] },
      { common: block.common, skipConsensusFormatValidation: true },
    );
    await assert.rejects(importer.importExecuted(wrong, sealOf(wrong)), { code: 'stateRoot' });
    assert.deepEqual(view.head().hash(), genesis.hash());
    assert.equal(view.blockByHash(wrong.hash()), undefined);
    assert.equal(view.findTransaction(block.transactions[0]?.hash() ?? new Uint8Array()), undefined);
  });
});

function plain(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
