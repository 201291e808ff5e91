import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../support/data.ts';
import { devClients, rpc, startDevNode, startNode } from '../support/dev-node.ts';
import { temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 240_000;
const LOOPBACK = ['--libp2p.addr', '127.0.0.1', '--libp2p.port', '0'];
const RECIPIENT = `0x${'5b'.repeat(20)}` as const;

type Peers = { pooledTransactions: number; counters: { transactions: { taken: number; announced: number } } };

test('transaction sent to a node that does not seal → a sealer two peers away includes it, the receipt is read where it was sent', {
  timeout: LIMIT_MS,
}, async (t) => {
  const sealer = await startDevNode(t, temporaryFolder(t), LOOPBACK);
  const follow = (bootnode: string | undefined) =>
    startNode(t, temporaryFolder(t), [
      ...['--genesis', join(repoRoot(), 'genesis', 'dev.json'), ...LOOPBACK],
      ...['--libp2p.bootnodes', bootnode ?? ''],
    ]);
  const near = await follow(sealer.libp2p[0]);
  const far = await follow(near.libp2p[0]);

  const { walletClient, publicClient } = devClients(far.url);
  for (let value = 1n; value <= 3n; value++) {
    const hash = await walletClient.sendTransaction({ to: RECIPIENT, value });
    const receipt = await publicClient.waitForTransactionReceipt({ hash });
    assert.equal(receipt.status, 'success');
    assert.equal(receipt.blockNumber, value);
  }
  assert.equal((await rpc(far.url, 'eth_getBalance', [RECIPIENT, 'latest'])).result, '0x6');
  const shown = (await rpc(far.url, 'zkl1_peers')).result as Peers;
  assert.equal(shown.pooledTransactions, 0);
  assert.ok(shown.counters.transactions.announced >= 3);
  for (const node of [sealer, near, far]) assert.equal(await node.stop('SIGINT'), 0, node.stderr());
});
