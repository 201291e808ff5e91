/** What a database gives that is not what was written: the reader says so, in place of telling it to anybody. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RLP } from '@ethereumjs/rlp';
import { ChainView } from '../../../client/execution/store/chain-view.ts';
import { devAddress } from '../../support/memory-chain.ts';
import { SealedChain } from '../../support/sealed-chain.ts';
import { storedChain } from '../../support/stored-chain.ts';

const TO = devAddress(5);
const transfer = { from: 3, nonce: 0, to: TO };

/** Two blocks with a transaction each, imported by their proofs as a proof-syncing node does. */
async function twoBlocks(t: TestContext) {
  const chain = await SealedChain.create(1);
  const { store, executor, importer } = await storedChain(t, chain.genesis);
  const first = await chain.build(chain.genesis.block, { transfers: [transfer] });
  const second = await chain.build(first.block, { transfers: [{ ...transfer, from: 4 }] });
  for (const { proven } of [first, second]) await importer.importProven(proven);
  /** A reader that has read nothing yet. */
  const view = (): ChainView => new ChainView(store, executor.decodeBlock);
  return { store, view, first: first.block, second: second.block };
}

const damaged = (message: RegExp) => ({ code: 'storeDamaged', message });

test('untouched database → bodies, receipts and transactions as they were imported, twice the same', async (t) => {
  const { view, first, second } = await twoBlocks(t);
  const reader = view();
  for (const block of [first, second]) {
    for (let again = 0; again < 2; again++) {
      assert.deepEqual(reader.blockByHash(block.hash())?.serialize(), block.serialize());
      assert.equal(reader.receipts(block.hash())?.length, 1);
      const hash = block.transactions[0]?.hash() ?? new Uint8Array();
      assert.equal(reader.findTransaction(hash)?.index, 0);
    }
  }
  assert.deepEqual(reader.receipts(reader.genesis().hash()), []);
  assert.equal(reader.receipts(new Uint8Array(32)), undefined);
});

test('body of another block, or without its transaction → storeDamaged by the root that it misses', async (t) => {
  const { store, view, first, second } = await twoBlocks(t);
  const other = store.get('bodies', second.hash()) ?? new Uint8Array();
  const empty = RLP.encode([[], [], []]);
  for (const body of [other, empty]) {
    await store.write(store.batch().put('bodies', first.hash(), body));
    assert.throws(() => view().blockByHash(first.hash()), damaged(/body of block 0x[0-9a-f]{64}: .*transactionsRoot/));
    const hash = first.transactions[0]?.hash() ?? new Uint8Array();
    assert.throws(() => view().findTransaction(hash), damaged(/transactionsRoot/));
  }
});

test('receipts with a changed bit, left out, or of no form → storeDamaged', async (t) => {
  const { store, view, first } = await twoBlocks(t);
  const own = store.get('receipts', first.hash()) ?? new Uint8Array();
  const flipped = Uint8Array.from(own);
  flipped[flipped.length - 2]! ^= 1;
  for (const [receipts, rule] of [
    [flipped, /receipts of block 0x[0-9a-f]{64}: .*(receiptsRoot|receipts are not rlp)/],
    [RLP.encode([]), /receiptsRoot/],
    [new Uint8Array([1, 2, 3]), /receipts are not rlp/],
  ] as const) {
    await store.write(store.batch().put('receipts', first.hash(), receipts));
    assert.throws(() => view().receipts(first.hash()), damaged(rule));
  }
});

test('place of a transaction that names another → storeDamaged', async (t) => {
  const { store, view, first, second } = await twoBlocks(t);
  const hash = first.transactions[0]?.hash() ?? new Uint8Array();
  for (const [block, index] of [
    [second, 0],
    [first, 1],
  ] as const) {
    const place = Uint8Array.of(...block.hash(), 0, 0, 0, index);
    await store.write(store.batch().put('transactions', hash, place));
    assert.throws(() => view().findTransaction(hash), damaged(/does not stand at [01] of block [12]/));
  }
});
