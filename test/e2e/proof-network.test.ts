import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../support/data.ts';
import { type DevNode, devClients, rpc, startDevNode, startNode } from '../support/dev-node.ts';
import { temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 900_000;
const POLL_MS = 250;
const LOOPBACK = ['--libp2p.addr', '127.0.0.1', '--libp2p.port', '0'];
const RECIPIENT = `0x${'5a'.repeat(20)}` as const;

type Status = {
  mode: string;
  state: string;
  head: { number: string; hash: string };
  executed: string;
  applied: string;
};

const status = async (node: DevNode): Promise<Status> => (await rpc(node.url, 'zkl1_syncStatus')).result as Status;

async function untilHead(node: DevNode, hash: string): Promise<Status> {
  for (;;) {
    const now = await status(node);
    if (now.head.hash === hash) return now;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

test('a sealer that proves, a peer that executes and one that only verifies → the same head and state, 0 blocks executed by the last', {
  timeout: LIMIT_MS,
}, async (t) => {
  const sealer = await startDevNode(t, temporaryFolder(t), [...LOOPBACK, '--prove', '--prove.priority', 'normal']);
  const follow = (flags: readonly string[]): Promise<DevNode> =>
    startNode(t, temporaryFolder(t), [
      ...['--genesis', join(repoRoot(), 'genesis', 'dev.json'), ...LOOPBACK],
      ...['--libp2p.bootnodes', sealer.libp2p[0] ?? '', ...flags],
    ]);
  const [executing, verifying] = await Promise.all([follow([]), follow(['--sync', 'proof'])]);

  const { walletClient, publicClient } = devClients(sealer.url);
  const hash = await walletClient.sendTransaction({ to: RECIPIENT, value: 7n });
  const { blockHash } = await publicClient.waitForTransactionReceipt({ hash });

  const executed = await untilHead(executing, blockHash);
  assert.deepEqual([executed.mode, executed.executed, executed.applied], ['full', '0x1', '0x0']);
  const applied = await untilHead(verifying, blockHash);
  assert.deepEqual([applied.mode, applied.executed, applied.applied], ['proof', '0x0', '0x1']);

  for (const node of [executing, verifying]) {
    const { result } = await rpc(node.url, 'eth_getBalance', [RECIPIENT, 'latest']);
    assert.equal(result, '0x7');
    const receipt = (await rpc(node.url, 'eth_getTransactionReceipt', [hash])).result as { status: string };
    assert.equal(receipt.status, '0x1');
  }
  const { result, error } = await rpc(verifying.url, 'eth_getBlockProof', [blockHash]);
  assert.equal((result as { status: string } | undefined)?.status, 'proved', JSON.stringify(error));
  for (const node of [sealer, executing, verifying]) assert.equal(await node.stop('SIGINT'), 0, node.stderr());
});
