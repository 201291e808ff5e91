import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import { createAddressFromString } from '@ethereumjs/util';
import { runBlock } from '@ethereumjs/vm';
import { parseEther, parseGwei } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { buildNextBlock } from '../../../client/execution/sealing/build-block.ts';
import { DEV_ACCOUNT_KEYS } from '../../../client/execution/sealing/dev-accounts.ts';
import { devCommon, genesisVm } from '../../support/dev-vm.ts';

const accounts = DEV_ACCOUNT_KEYS.map((key) => privateKeyToAccount(key));
const COINBASE = createAddressFromString(`0x${'c0'.repeat(20)}`);

async function transfer(
  from: number,
  nonce: number,
  o: { value?: bigint; gas?: bigint; code?: `0x${string}` } = {},
): Promise<TypedTransaction> {
  const raw = await accounts[from]?.signTransaction({
    type: 'eip1559',
    chainId: 1337,
    nonce,
    ...(o.code === undefined ? { to: `0x${'11'.repeat(20)}` as const } : { data: o.code }),
    value: o.value ?? 1n,
    gas: o.gas ?? 21_000n,
    maxFeePerGas: parseGwei('10'),
    maxPriorityFeePerGas: parseGwei('1'),
  });
  return createTxFromRLP(new Uint8Array(Buffer.from((raw ?? '0x').slice(2), 'hex')), { common: devCommon });
}

async function build(candidates: readonly TypedTransaction[]) {
  const { vm, genesis } = await genesisVm();
  return await buildNextBlock({
    vm,
    parent: genesis,
    timestamp: 1000n,
    coinbase: COINBASE,
    extraData: new Uint8Array(),
    candidates,
  });
}

describe('block building', () => {
  test('a built block → runs to exactly its header on another state', async () => {
    const { block, refused } = await build([await transfer(0, 0), await transfer(1, 0), await transfer(0, 1)]);
    assert.deepEqual(refused, []);
    assert.equal(block.transactions.length, 3);
    assert.equal(block.header.gasUsed, 63_000n);
    const { vm } = await genesisVm();
    const result = await runBlock(vm, { block, skipBlockValidation: true });
    assert.deepEqual(result.stateRoot, block.header.stateRoot);
    assert.deepEqual(result.receiptsRoot, block.header.receiptTrie);
    assert.equal((await vm.stateManager.getAccount(createAddressFromString(`0x${'11'.repeat(20)}`)))?.balance, 3n);
  });

  test('an empty block → keeps the rules of its fork: roots, requests hash, base fee', async () => {
    const { block } = await build([]);
    const { vm } = await genesisVm();
    await runBlock(vm, { block, skipBlockValidation: true });
    assert.equal(block.header.baseFeePerGas, 875_000_000n);
    assert.ok(block.header.requestsHash);
    assert.ok(block.header.withdrawalsRoot);
    assert.ok(await block.transactionsTrieIsValid());
  });

  test('a candidate that cannot pay → refused with its reason, the sender’s later ones not tried, others included', async () => {
    const tooMuch = await transfer(0, 0, { value: parseEther('20000') });
    const { block, refused } = await build([tooMuch, await transfer(0, 1), await transfer(1, 0)]);
    assert.equal(block.transactions.length, 1);
    assert.equal(refused.length, 1);
    assert.equal(refused[0]?.transaction, tooMuch);
    assert.match(refused[0]?.reason ?? '', /enough funds/);
  });

  test('a candidate beyond the gas that is left → waits for the next block, not refused', async () => {
    const burning = await Promise.all([0, 1].map((from) => transfer(from, 0, { gas: 16_000_000n, code: '0xfe' })));
    const { block, refused } = await build([...burning, await transfer(2, 0)]);
    assert.equal(block.transactions.length, 2);
    assert.equal(block.header.gasUsed, 16_021_000n);
    assert.deepEqual(refused, []);
  });
});
