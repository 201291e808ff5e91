import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Hex, parseEther, parseGwei } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { jsonOf, runNode } from '../support/command.ts';
import { devClients, rpc, startDevNode } from '../support/dev-node.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** Init code that stores 42 in slot 0, logs the topic 7 and leaves code that returns slot 0. */
const INIT_CODE: Hex = '0x602a5f5560075f5fa160088060125f395ff35f545f5260205ff3';

describe('dev chain', () => {
  test('a transfer sent with viem → sealed, with receipt, balances and nonce after it', async (t) => {
    const node = await startDevNode(t, temporaryFolder(t));
    const { publicClient, walletClient, account } = devClients(node.url);
    assert.equal(await publicClient.getChainId(), 1337);
    assert.equal(await publicClient.getBlockNumber(), 0n);
    assert.equal(await publicClient.getBalance({ address: account.address }), parseEther('10000'));
    const to = privateKeyToAccount(generatePrivateKey()).address;
    const hash = await walletClient.sendTransaction({ to, value: parseEther('1.5') });
    const receipt = await publicClient.waitForTransactionReceipt({ hash });
    assert.equal(receipt.status, 'success');
    assert.equal(receipt.blockNumber, 1n);
    assert.equal(receipt.gasUsed, 21_000n);
    assert.equal(await publicClient.getBalance({ address: to }), parseEther('1.5'));
    assert.equal(await publicClient.getBalance({ address: to, blockNumber: 0n }), 0n);
    assert.equal(await publicClient.getTransactionCount({ address: account.address }), 1);
    const block = await publicClient.getBlock({ blockNumber: 1n, includeTransactions: true });
    assert.equal(block.hash, receipt.blockHash);
    assert.equal(block.transactions[0]?.hash, hash);
    assert.equal(block.gasUsed, 21_000n);
    const genesis = await publicClient.getBlock({ blockNumber: 0n });
    assert.equal(block.parentHash, genesis.hash);
    const paid = receipt.gasUsed * receipt.effectiveGasPrice;
    assert.equal(await publicClient.getBalance({ address: account.address }), parseEther('9998.5') - paid);
    const found = await publicClient.getTransaction({ hash });
    assert.equal(found.from.toLowerCase(), account.address.toLowerCase());
    assert.equal(found.blockHash, block.hash);
    assert.equal(await node.stop('SIGINT'), 0);
  });

  test('a contract is created, called, reverts and logs as its code says', async (t) => {
    const node = await startDevNode(t, temporaryFolder(t));
    const { publicClient, walletClient } = devClients(node.url);
    const hash = await walletClient.sendTransaction({ data: INIT_CODE });
    const receipt = await publicClient.waitForTransactionReceipt({ hash });
    const address = receipt.contractAddress;
    assert.equal(receipt.status, 'success');
    assert.ok(address);
    assert.equal(receipt.logs.length, 1);
    assert.deepEqual(receipt.logs[0]?.topics, [`0x${'7'.padStart(64, '0')}`]);
    assert.equal(await publicClient.getCode({ address }), '0x5f545f5260205ff3');
    const word = `0x${'2a'.padStart(64, '0')}`;
    assert.equal(await publicClient.getStorageAt({ address, slot: '0x0' }), word);
    assert.equal((await publicClient.call({ to: address })).data, word);
    const reverting: Hex = '0x63deadbeef5f526004601cfd';
    const failed = await rpc(node.url, 'eth_call', [{ data: reverting }, 'latest']);
    assert.deepEqual(failed.error, { code: 3, message: 'execution reverted', data: '0xdeadbeef' });
    const estimate = await publicClient.estimateGas({ to: address });
    const exact = await walletClient.sendTransaction({ to: address, gas: estimate });
    assert.equal((await publicClient.waitForTransactionReceipt({ hash: exact })).status, 'success');
    assert.equal((await rpc(node.url, 'eth_estimateGas', [{ data: reverting }])).error?.code, 3);
    await node.stop('SIGINT');
  });

  test('many transactions at once → all sealed, in the order of their nonces', async (t) => {
    const node = await startDevNode(t, temporaryFolder(t));
    const { publicClient, account, chain } = devClients(node.url);
    const to = `0x${'12'.repeat(20)}` as const;
    const raws = await Promise.all(
      Array.from({ length: 50 }, (_, nonce) =>
        account.signTransaction({
          chainId: chain.id,
          nonce,
          to,
          value: 1n,
          gas: 21_000n,
          maxFeePerGas: parseGwei('20'),
          maxPriorityFeePerGas: 1n,
        }),
      ),
    );
    const hashes = await Promise.all(
      raws.map((serializedTransaction) => publicClient.sendRawTransaction({ serializedTransaction })),
    );
    const receipts = await Promise.all(hashes.map((hash) => publicClient.waitForTransactionReceipt({ hash })));
    assert.ok(receipts.every((r) => r.status === 'success'));
    const places = receipts.map((r) => Number(r.blockNumber) * 1000 + r.transactionIndex);
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    assert.equal(await publicClient.getBalance({ address: to }), 50n);
    await node.stop('SIGINT');
  });

  test('stopped by Ctrl-C or killed → blocks, state and receipts are there after a restart', async (t) => {
    const folder = temporaryFolder(t);
    let hash: Hex = '0x';
    for (const [restart, signal] of (['SIGINT', 'SIGKILL', 'SIGTERM'] as const).entries()) {
      const node = await startDevNode(t, folder);
      const { publicClient, walletClient } = devClients(node.url);
      assert.equal(await publicClient.getBlockNumber(), BigInt(restart));
      if (restart > 0) assert.equal((await publicClient.getTransactionReceipt({ hash })).blockNumber, BigInt(restart));
      hash = await walletClient.sendTransaction({ to: `0x${'34'.repeat(20)}`, value: 1n });
      await publicClient.waitForTransactionReceipt({ hash });
      assert.equal(await publicClient.getBalance({ address: `0x${'34'.repeat(20)}` }), BigInt(restart + 1));
      const code = await node.stop(signal);
      if (signal !== 'SIGKILL') assert.equal(code, 0);
    }
  });

  test('an exported block → executes from its file alone', async (t) => {
    const folder = temporaryFolder(t);
    const node = await startDevNode(t, folder);
    const { publicClient, walletClient } = devClients(node.url);
    const hash = await walletClient.sendTransaction({ data: INIT_CODE });
    const { blockHash } = await publicClient.waitForTransactionReceipt({ hash });
    const witness = (await rpc(node.url, 'debug_executionWitness', ['0x1'])).result;
    await node.stop('SIGINT');
    const file = join(folder, 'block.json');
    const exported = await runNode(['export', '--datadir', folder, '--block', '1', '-o', file, '--json']);
    assert.equal(exported.exitCode, 0, exported.stderr);
    const written = JSON.parse(readFileSync(file, 'utf8')) as { witness: unknown; expected: { blockHash: string } };
    assert.deepEqual(written.witness, witness);
    assert.equal(written.expected.blockHash, blockHash);
    const executed = await runNode(['execute', file, '--json']);
    assert.equal(executed.exitCode, 0, executed.stderr);
    const result = jsonOf(executed) as { ok: boolean; blockHash: string; evm: { ok: boolean }; guest: { ok: boolean } };
    assert.deepEqual([result.ok, result.evm.ok, result.guest.ok, result.blockHash], [true, true, true, blockHash]);
  });

  test('rejects a block to export that does not exist, and an unknown data directory', async (t) => {
    const folder = temporaryFolder(t);
    const node = await startDevNode(t, folder);
    await node.stop('SIGTERM');
    const missing = await runNode(['export', '--datadir', folder, '--block', '7', '-o', join(folder, 'x.json')]);
    assert.equal(missing.exitCode, 3);
    assert.match(missing.stderr, /^zkl1-node: .*block 7.*\n$/);
    const empty = await runNode([
      'export',
      '--datadir',
      join(folder, 'none'),
      '--block',
      '1',
      '-o',
      join(folder, 'x.json'),
    ]);
    assert.equal(empty.exitCode, 3);
    assert.match(empty.stderr, /none/);
  });

  test('rejects a damaged data directory and an output that cannot be written', async (t) => {
    const folder = temporaryFolder(t);
    await (await startDevNode(t, folder)).stop('SIGTERM');
    const unwritable = await runNode([
      'export',
      '--datadir',
      folder,
      '--block',
      '1',
      '-o',
      join(folder, 'no', 'x.json'),
    ]);
    assert.equal(unwritable.exitCode, 3);
    assert.match(unwritable.stderr, /^zkl1-node: cannot write .*x\.json: no such file or folder\n$/);
    writeFileSync(join(folder, 'dev', 'chain', 'CURRENT'), 'junk\n');
    const damaged = await runNode(['--dev', '--datadir', folder, '--http.port', '0', '--json']);
    assert.equal(damaged.exitCode, 3);
    assert.equal((jsonOf(damaged) as { error: { code: string } }).error.code, 'storeDamaged');
    assert.match(damaged.stderr, /^zkl1-node: data directory [^\n]* is damaged[^\n]*\n$/);
  });

  test('rejects a second node on the same data directory or port', async (t) => {
    const folder = temporaryFolder(t);
    const node = await startDevNode(t, folder);
    const locked = await runNode(['--dev', '--datadir', folder, '--http.port', '0']);
    assert.equal(locked.exitCode, 3);
    assert.match(locked.stderr, /^zkl1-node: data directory .* is in use by another process\n$/m);
    const port = new URL(node.url).port;
    const taken = await runNode(['--dev', '--datadir', temporaryFolder(t), '--http.port', port]);
    assert.equal(taken.exitCode, 3);
    assert.match(taken.stderr, new RegExp(`port ${port} .*in use`));
    await node.stop('SIGINT');
  });

  test('rejects bad transactions with the rule they break', async (t) => {
    const node = await startDevNode(t, temporaryFolder(t));
    const { account } = devClients(node.url);
    const sign = (nonce: number, chainId = 1337) =>
      account.signTransaction({
        chainId,
        nonce,
        to: account.address,
        gas: 21_000n,
        maxFeePerGas: parseGwei('20'),
        maxPriorityFeePerGas: 1n,
      });
    const send = async (raw: Hex) => (await rpc(node.url, 'eth_sendRawTransaction', [raw])).error?.message ?? '';
    assert.match(await send('0x02c0'), /invalid transaction/);
    assert.match(await send(await sign(0, 1)), /chain id/);
    assert.equal(await send(await sign(0)), '');
    assert.match(await send(await sign(0)), /already known|nonce too low/);
    await node.stop('SIGINT');
  });

  test('proof, witness and fee methods answer as documented', async (t) => {
    const node = await startDevNode(t, temporaryFolder(t));
    const { publicClient, walletClient } = devClients(node.url);
    assert.equal((await rpc(node.url, 'eth_getBlockProof', ['0x0'])).error?.code, -32001);
    assert.equal((await rpc(node.url, 'eth_getBlockProof', ['pending'])).error?.code, -32001);
    assert.equal((await rpc(node.url, 'eth_getBlockProof', ['0x99'])).error?.code, -32001);
    const hash = await walletClient.sendTransaction({ to: `0x${'34'.repeat(20)}`, value: 1n });
    await publicClient.waitForTransactionReceipt({ hash });
    const { error } = await rpc(node.url, 'eth_getBlockProof', ['latest']);
    assert.equal(error?.code, -32002);
    assert.deepEqual(error?.data, { status: 'notRequested' });
    const history = await publicClient.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] });
    assert.equal(history.oldestBlock, 0n);
    assert.equal(history.baseFeePerGas.length, 3);
    assert.equal(history.reward?.length, 2);
    assert.ok((await publicClient.getGasPrice()) > 0n);
    assert.match(String((await rpc(node.url, 'web3_clientVersion')).result), /^zkl1-node\/v\d/);
    assert.equal((await rpc(node.url, 'net_version')).result, '1337');
    const witness = (await rpc(node.url, 'debug_executionWitness', ['latest'])).result as {
      state: string[];
      headers: string[];
    };
    assert.ok(witness.state.length > 0);
    assert.equal(witness.headers.length, 1);
    await node.stop('SIGINT');
  });
});
