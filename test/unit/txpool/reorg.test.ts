import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rulesAt } from '../../../client/execution/chain/network.ts';
import { TransactionPool } from '../../../client/execution/txpool/pool.ts';
import { returnedTransactions } from '../../../client/execution/txpool/returned.ts';
import { hexOf } from '../../support/bytes.ts';
import { devAddress } from '../../support/memory-chain.ts';
import { SealedChain } from '../../support/sealed-chain.ts';
import { storedChain } from '../../support/stored-chain.ts';

const TO = devAddress(5);

describe('transaction pool over a reorg', () => {
  test('transactions of a block that lost → wait again; those that the other chain has do not', async (t) => {
    const chain = await SealedChain.create(2);
    const { network, block: genesis } = chain.genesis;
    const shared = { from: 4, nonce: 0, to: TO };
    const own = [
      { from: 3, nonce: 0, to: TO },
      { from: 3, nonce: 1, to: TO },
      { from: 6, nonce: 0, to: TO },
    ];
    const lost = await chain.build(genesis, { by: 0, transfers: [shared, ...own] });
    const won = await chain.build(genesis, { transfers: [shared, { from: 6, nonce: 0, to: devAddress(7) }] });
    const { executor, importer } = await storedChain(t, chain.genesis, {
      onHead: (change) => pool.onNewHead(returnedTransactions(change)),
    });
    const pool: TransactionPool = new TransactionPool({
      common: () => rulesAt(network, importer.head().header),
      gasLimit: () => 30_000_000n,
      account: async (address) =>
        executor.account(importer.head().header.stateRoot, address) ?? { nonce: 0n, balance: 0n },
      onAdded: () => {},
      now: Date.now,
    });
    for (const fields of [shared, ...own]) await pool.submit((await chain.sign(fields, genesis)).serialize());
    await importer.importExecuted(lost.block, lost.seal);
    assert.equal(pool.size, 0);
    await importer.importExecuted(won.block, won.seal);
    const waiting = [...pool.executable(won.block.header.calcNextBaseFee())];
    assert.deepEqual(
      waiting.map((tx) => [hexOf(tx.getSenderAddress().bytes), tx.nonce]),
      [
        [devAddress(3), 0n],
        [devAddress(3), 1n],
      ],
    );
    assert.equal(pool.size, 2);
  });
});
