import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../support/data.ts';
import { type DevNode, devClients, rpc, startDevNode, startNode } from '../support/dev-node.ts';
import { temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 900_000;
const LOOPBACK = ['--libp2p.addr', '127.0.0.1', '--libp2p.port', '0'];
const RECIPIENT = `0x${'5c'.repeat(20)}` as const;

type Status = { head: { number: string; hash: string }; executed: string; applied: string; verified: string };

test('a sealer that does not prove, a prover that does not execute, a peer that does neither → proven, the same head; the prover alone is enough for a late one', {
  timeout: LIMIT_MS,
}, async (t) => {
  const sealer = await startDevNode(t, temporaryFolder(t), LOOPBACK);
  const follow = (flags: readonly string[]): Promise<DevNode> =>
    startNode(t, temporaryFolder(t), [
      ...['--genesis', join(repoRoot(), 'genesis', 'dev.json'), ...LOOPBACK, '--sync', 'proof'],
      ...['--libp2p.bootnodes', sealer.libp2p[0] ?? '', ...flags],
    ]);
  const [prover, verifying] = await Promise.all([follow(['--prove', '--prove.priority', 'normal']), follow([])]);

  const { walletClient, publicClient } = devClients(verifying.url);
  const hash = await walletClient.sendTransaction({ to: RECIPIENT, value: 7n });
  const receipt = await publicClient.waitForTransactionReceipt({ hash, timeout: LIMIT_MS, pollingInterval: 500 });
  assert.equal(receipt.status, 'success');

  for (const node of [prover, verifying]) {
    const { head, executed, applied } = (await rpc(node.url, 'zkl1_syncStatus')).result as Status;
    assert.deepEqual([head.hash, executed, applied], [receipt.blockHash, '0x0', '0x1']);
    assert.equal((await rpc(node.url, 'eth_getBalance', [RECIPIENT, 'latest'])).result, '0x7');
  }
  // The sealer executed the block and has learnt of its proof.
  for (let proven = false; !proven; ) {
    const { result } = await rpc(sealer.url, 'eth_getBlockProof', [receipt.blockHash]);
    proven = (result as { status?: string } | undefined)?.status === 'proved';
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  // One who comes when the sealer is gone has the chain and its proof from the prover, which never executed it.
  for (const node of [sealer, verifying]) assert.equal(await node.stop('SIGINT'), 0, node.stderr());
  const late = await startNode(t, temporaryFolder(t), [
    ...['--genesis', join(repoRoot(), 'genesis', 'dev.json'), ...LOOPBACK, '--sync', 'proof'],
    ...['--libp2p.bootnodes', prover.libp2p[0] ?? ''],
  ]);
  for (let hash = ''; hash !== receipt.blockHash; ) {
    const { head, executed, applied } = (await rpc(late.url, 'zkl1_syncStatus')).result as Status;
    if (head.hash === receipt.blockHash) assert.deepEqual([executed, applied], ['0x0', '0x1']);
    hash = head.hash;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  assert.equal((await rpc(late.url, 'eth_getBalance', [RECIPIENT, 'latest'])).result, '0x7');
  for (const node of [prover, late]) assert.equal(await node.stop('SIGINT'), 0, node.stderr());
});
