import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPublicClient, type Hex, type Log, webSocket } from 'viem';
import { devClients, startDevNode } from '../support/dev-node.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** Init code that logs the topic 7 and leaves an empty contract. */
const LOGS: Hex = '0x60075f5fa15f5ff3';

test('viem over WebSocket → calls, watchBlocks and watchEvent; the node stops with the connection open', async (t) => {
  const node = await startDevNode(t, temporaryFolder(t));
  const { chain, walletClient, publicClient } = devClients(node.url);
  const transport = webSocket(node.url.replace('http', 'ws'), { reconnect: false, keepAlive: false, retryCount: 0 });
  const client = createPublicClient({ chain, transport });
  assert.equal(await client.getChainId(), 1337);
  const seen = await new Promise<{ numbers: bigint[]; logs: Log[] }>((resolve, reject) => {
    const numbers: bigint[] = [];
    const logs: Log[] = [];
    const take = (): void => {
      if (numbers.length < 2 || logs.length < 1) return;
      stopBlocks();
      stopLogs();
      resolve({ numbers, logs });
    };
    const stopBlocks = client.watchBlocks({
      onError: reject,
      onBlock: ({ number }) => {
        numbers.push(number);
        take();
      },
    });
    const stopLogs = client.watchEvent({
      onError: reject,
      onLogs: (found) => {
        logs.push(...found);
        take();
      },
    });
    const send = async (): Promise<void> => {
      // Answered after the two subscriptions, which were asked for first.
      await client.getBlockNumber();
      for (const request of [{ to: `0x${'34'.repeat(20)}`, value: 1n } as const, { data: LOGS }]) {
        const hash = await walletClient.sendTransaction(request);
        await publicClient.waitForTransactionReceipt({ hash });
      }
    };
    send().catch(reject);
  });
  assert.deepEqual(seen.numbers, [1n, 2n]);
  assert.deepEqual(seen.logs[0]?.topics, [`0x${'7'.padStart(64, '0')}`]);
  assert.equal(seen.logs[0]?.blockNumber, 2n);
  const start = performance.now();
  assert.equal(await node.stop('SIGINT'), 0);
  assert.ok(performance.now() - start < 10_000, 'an open connection does not hold it up');
});
