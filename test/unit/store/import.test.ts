import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Block, createBlock } from '@ethereumjs/block';
import { createTxFromRLP } from '@ethereumjs/tx';
import { createAddressFromString } from '@ethereumjs/util';
import { parseGwei } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { knownNetwork } from '../../../client/execution/chain/known-networks.ts';
import type { ChainExecutor } from '../../../client/execution/interface.ts';
import { buildNextBlock } from '../../../client/execution/sealing/build-block.ts';
import { DEV_ACCOUNT_KEYS } from '../../../client/execution/sealing/dev-accounts.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { createChainExecutor } from '../../../client/execution/state/executor.ts';
import { ChainView } from '../../../client/execution/store/chain-view.ts';
import { commitGenesis, contentSource, importBlock } from '../../../client/execution/store/commit.ts';
import { Store } from '../../../client/execution/store/store.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const { network, block: genesis, state } = await knownNetwork('dev');
const TO = `0x${'11'.repeat(20)}` as const;

async function devStore(t: TestContext) {
  const store = await Store.open(temporaryFolder(t), genesis.hash());
  await commitGenesis(store, genesis, state ?? { nodes: [], codes: [] });
  t.after(() => store.close());
  const executor = createChainExecutor(network, contentSource(store));
  return { store, executor, view: new ChainView(store, executor.decodeBlock) };
}

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
    const { store, executor, view } = await devStore(t);
    const block = await transferBlock(executor, genesis);
    let executions = 0;
    const counting: ChainExecutor = {
      ...executor,
      execute: (b) => {
        executions++;
        return executor.execute(b);
      },
    };
    const write = t.mock.method(store, 'write');
    const { witness } = await importBlock(counting, store, block);
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
    const { store, executor, view } = await devStore(t);
    const first = await transferBlock(executor, genesis);
    await importBlock(executor, store, first);
    const second = await transferBlock(executor, first);
    await importBlock(executor, store, second);
    const witness = view.witness(second.hash());
    assert.ok(witness);
    const alone = createChainExecutor(network, ContentMap.ofWitness(witness));
    const again = await alone.execute(alone.decodeBlock(second.serialize()));
    assert.deepEqual(again.stateRoot, second.header.stateRoot);
    assert.deepEqual(again.witness.state.map(plain), witness.state.map(plain));
  });

  test('rejects a block with a wrong state root, leaving the store as it was', async (t) => {
    const { store, executor, view } = await devStore(t);
    const block = await transferBlock(executor, genesis);
    const header = { ...block.header, stateRoot: new Uint8Array(32) };
    const wrong = createBlock(
      { header, transactions: block.transactions, withdrawals: [] },
      { common: block.common, skipConsensusFormatValidation: true },
    );
    await assert.rejects(importBlock(executor, store, wrong), { code: 'stateRoot' });
    assert.deepEqual(view.head().hash(), genesis.hash());
    assert.equal(view.blockByHash(wrong.hash()), undefined);
    assert.equal(view.findTransaction(block.transactions[0]?.hash() ?? new Uint8Array()), undefined);
  });
});

function plain(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
