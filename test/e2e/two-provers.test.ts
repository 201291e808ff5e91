import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../support/data.ts';
import { type DevNode, devClients, rpc, startDevNode, startNode } from '../support/dev-node.ts';
import { temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 1_200_000;
const POLL_MS = 500;
const LOOPBACK = ['--libp2p.addr', '127.0.0.1', '--libp2p.port', '0'];
const RECIPIENT = `0x${'5d'.repeat(20)}` as const;
const SHARED_BLOCKS = 4;

type Proof = { status: string; proofs: { provingTimeMs: string | null }[] };
type Proving = { current: { blockHash: string } | null };

const pause = () => new Promise((resolve) => setTimeout(resolve, POLL_MS));

/** The proof of a block as a node has it; undefined where it has none. */
async function proofOf(node: DevNode, blockHash: string): Promise<Proof['proofs'][number] | undefined> {
  const { result } = await rpc(node.url, 'eth_getBlockProof', [blockHash]);
  return (result as Proof | undefined)?.proofs[0];
}

async function untilProven(node: DevNode, blocks: readonly string[]): Promise<void> {
  for (const block of blocks) while ((await proofOf(node, block)) === undefined) await pause();
}

/** Those of the blocks whose proof this node has made itself. */
async function madeBy(node: DevNode, blocks: readonly string[]): Promise<string[]> {
  const made: string[] = [];
  for (const block of blocks) if (((await proofOf(node, block))?.provingTimeMs ?? null) !== null) made.push(block);
  return made;
}

test('two provers that execute nothing → both work, no block twice; one killed at work → the other takes over', {
  timeout: LIMIT_MS,
}, async (t) => {
  const sealer = await startDevNode(t, temporaryFolder(t), LOOPBACK);
  const follow = (bootnodes: readonly string[]): Promise<DevNode> =>
    startNode(t, temporaryFolder(t), [
      ...['--genesis', join(repoRoot(), 'genesis', 'dev.json'), ...LOOPBACK, '--sync', 'proof'],
      ...['--prove', '--prove.threads', '1', '--prove.priority', 'normal', '--libp2p.bootnodes', ...bootnodes],
    ]);
  const first = await follow(sealer.libp2p);
  const second = await follow([...sealer.libp2p, ...first.libp2p]);
  for (const node of [first, second]) {
    for (let peers = 0; peers < 2; await pause()) {
      peers = ((await rpc(node.url, 'zkl1_peers')).result as { peers: unknown[] }).peers.length;
    }
  }

  const { walletClient, publicClient } = devClients(sealer.url);
  const seal = async (): Promise<string> => {
    const hash = await walletClient.sendTransaction({ to: RECIPIENT, value: 1n });
    return (await publicClient.waitForTransactionReceipt({ hash })).blockHash;
  };
  const blocks: string[] = [];
  while (blocks.length < SHARED_BLOCKS) blocks.push(await seal());
  await untilProven(sealer, blocks);
  await Promise.all([untilProven(first, blocks), untilProven(second, blocks)]);
  const shares = [await madeBy(first, blocks), await madeBy(second, blocks)];
  assert.deepEqual(shares.flat().sort(), [...blocks].sort(), JSON.stringify(shares));
  assert.ok(
    shares.every((share) => share.length > 0),
    JSON.stringify(shares),
  );

  blocks.splice(0, blocks.length, await seal(), await seal());
  let left: string | undefined;
  while (left === undefined) {
    await pause();
    left = ((await rpc(first.url, 'zkl1_provingStatus')).result as Proving).current?.blockHash;
  }
  await first.stop('SIGKILL');
  await untilProven(sealer, blocks);
  await untilProven(second, blocks);
  assert.deepEqual(await madeBy(second, blocks), blocks);
  const { head } = (await rpc(second.url, 'zkl1_syncStatus')).result as { head: { hash: string } };
  assert.equal(head.hash, blocks.at(-1));
  for (const node of [sealer, second]) assert.equal(await node.stop('SIGINT'), 0, node.stderr());
});
