/** What each `--libp2p.*` and `--proofs.*` flag does, on real nodes; `--proofs.accept` also in proof-network.test.ts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { loadOrCreateKey } from '../../client/p2p/host/key-file.ts';
import { ACCEPTED_KEYS } from '../../client/prover/verifier/accepted-keys.ts';
import { jsonOf, runHere } from '../support/command.ts';
import { repoRoot } from '../support/data.ts';
import { type DevNode, devClients, rpc, startDevNode, startNode } from '../support/dev-node.ts';
import { soon, testHost } from '../support/p2p/host.ts';
import { freePort } from '../support/process-network.ts';
import { temporaryFolder } from '../support/temporary.ts';

const GENESIS = join(repoRoot(), 'genesis', 'dev.json');

type Shown = {
  readonly self: { readonly id: string; readonly addresses: readonly string[] };
  readonly peers: readonly { readonly id: string }[];
};
const shown = async (node: DevNode): Promise<Shown> => (await rpc(node.url, 'zkl1_peers')).result as Shown;

test('--libp2p.addr, .port, .ws-port, .key, .announce, .bootnodes, .max-peers; --proofs.fallback execute → what each says', async (t) => {
  const [port, wsPort] = [await freePort(), await freePort()];
  const key = join(temporaryFolder(t), 'identity.key');
  const sealer = await startDevNode(t, temporaryFolder(t), [
    ...['--libp2p.addr', '127.0.0.1', '--libp2p.port', `${port}`, '--libp2p.ws-port', `${wsPort}`],
    ...['--libp2p.key', key, '--libp2p.max-peers', '1'],
  ]);
  const { self } = await shown(sealer);
  const [address = '', webSocket = ''] = self.addresses;
  assert.deepEqual(self.addresses, sealer.libp2p);
  assert.equal(address, `/ip4/127.0.0.1/tcp/${port}/p2p/${self.id}`);
  assert.equal(webSocket, `/ip4/127.0.0.1/tcp/${wsPort}/ws/p2p/${self.id}`);
  const host = await testHost(t, {}, { key: await loadOrCreateKey(key), listen: undefined });
  assert.equal(host.peerId, self.id);
  const socket = new WebSocket(`ws://127.0.0.1:${wsPort}`);
  await once(socket, 'open');
  socket.terminate();
  await once(socket, 'close');

  const follower = await startNode(t, temporaryFolder(t), [
    ...['--genesis', GENESIS, '--libp2p.addr', '127.0.0.1', '--libp2p.port', '0', '--libp2p.bootnodes', address],
    ...['--libp2p.announce', '/dns4/peer.example/tcp/30000', '--libp2p.announce', '/ip4/192.0.2.1/tcp/1'],
    ...['--sync', 'proof', '--proofs.fallback', 'execute', '--proofs.fallback-after', '1'],
  ]);
  const own = await shown(follower);
  assert.deepEqual(own.self.addresses, [
    `/dns4/peer.example/tcp/30000/p2p/${own.self.id}`,
    `/ip4/192.0.2.1/tcp/1/p2p/${own.self.id}`,
  ]);
  while ((await shown(sealer)).peers.length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(
    (await shown(sealer)).peers.map(({ id }) => id),
    [own.self.id],
  );
  const second = await testHost(t, {}, { listen: undefined });
  await assert.rejects(second.dial(address, soon()), { code: 'dialFailed' });

  const { walletClient, publicClient } = devClients(sealer.url);
  const hash = await walletClient.sendTransaction({ to: `0x${'5f'.repeat(20)}`, value: 1n });
  const { blockHash } = await publicClient.waitForTransactionReceipt({ hash });
  type Status = { head: { hash: string }; mode: string; executed: string; applied: string; verified: string };
  for (;;) {
    const { head, ...rest } = (await rpc(follower.url, 'zkl1_syncStatus')).result as Status;
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (head.hash !== blockHash) continue;
    const { mode, executed, applied, verified } = rest;
    assert.deepEqual([mode, executed, applied, verified], ['proof', '0x1', '0x0', '0x0']);
    break;
  }
  for (const node of [sealer, follower]) assert.equal(await node.stop('SIGINT'), 0, node.stderr());
});

const [P100 = ''] = ACCEPTED_KEYS.map(({ digest }) => `0x${digest}`);

describe('options of proofs that no proof could meet', () => {
  const cases: readonly (readonly [flags: readonly string[], message: RegExp])[] = [
    [['--proofs.accept', '7'], /^--proofs\.accept: expected types among 128, 129, got 7$/],
    [['--proofs.min-bits', '129'], /^--proofs\.min-bits: no accepted proof type has 129 bits/],
    [['--proofs.accept', '128', '--proofs.min-bits', '128'], /^--proofs\.min-bits: no accepted proof type/],
    [['--proofs.required', '2'], /^--proofs\.required: this build verifies proofs of 1 guest, got 2$/],
    [['--prove', '--proofs.min-bits', '128'], /^--prove makes proofs of type 128, and this node takes only 129$/],
    [['--prove', '--proofs.revoke', P100], /^--prove makes proofs of type 128, and this node takes only 129$/],
  ];
  for (const [flags, message] of cases)
    test(`${flags.join(' ')} → exit code 2 before anything is opened`, async (t) => {
      const result = await runHere(['--dev', '--datadir', join(temporaryFolder(t), 'none'), ...flags, '--json']);
      assert.equal(result.exitCode, 2);
      assert.match((jsonOf(result).error as { message: string }).message, message);
    });
});
