import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { ensureDist } from '../support/built.ts';
import { needsChromium, openPage } from '../support/chromium.ts';
import { builtNode, spawnNode } from '../support/command.ts';
import { repoRoot } from '../support/data.ts';
import { type DevNode, devClients, rpc, startDevNode, startNode } from '../support/dev-node.ts';
import { tableRows } from '../support/documented.ts';
import { temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 900_000;
const POLL_MS = 250;
const LOOPBACK = ['--libp2p.addr', '127.0.0.1', '--libp2p.port', '0'];
const RECIPIENT = `0x${'5a'.repeat(20)}` as const;
/** Init code: an empty log, slot 0 becomes 1, and 7 wei go on to the recipient; what it creates has no code. */
const INIT_CODE = `0x60006000a060016000556000600060006000600773${RECIPIENT.slice(2)}5af100` as const;
const DOCUMENT = readFileSync(join(repoRoot(), 'docs', 'network.md'), 'utf8');

type Place = { readonly number: string; readonly hash: string };
type Status = {
  readonly mode: string;
  readonly head: Place;
  readonly provenHead: Place;
  readonly unproven: string;
  readonly executed: string;
  readonly applied: string;
  readonly acceptedProofTypes: readonly string[];
};

const status = async (node: DevNode): Promise<Status> => (await rpc(node.url, 'zkl1_syncStatus')).result as Status;

async function until(node: DevNode, isReached: (status: Status) => boolean): Promise<Status> {
  for (;;) {
    const now = await status(node);
    if (isReached(now)) return now;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A light client as a process of its own, from when the node has granted its subscription. */
async function follower(t: TestContext, url: string) {
  const flags = ['--rpc', url.replace('http', 'ws'), '--network', 'dev', '--from', '1', '--blocks', '1', '--json'];
  const child = spawnNode(['light', ...flags]);
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'close');
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  while (!/^told of proofs by ws:/m.test(stderr)) {
    assert.equal(child.exitCode, null, stderr);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { stderr: () => stderr, verified: async () => [(await ended)[0], stdout] as const };
}

/** The first word of a node's subscription, which it has granted when this returns. */
async function listener(
  t: TestContext,
  url: string,
): Promise<{ readonly word: Promise<{ readonly blockHash: string; readonly status: string }> }> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  t.after(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newBlockProofs'] }));
  await once(socket, 'message');
  const word = once(socket, 'message').then(([data]) => JSON.parse(String(data)).params.result);
  return { word };
}

test('a sealer that proves, a peer that executes, two that only verify, light clients of those → one block everywhere, 0 executed by whoever verifies', {
  timeout: LIMIT_MS,
}, async (t) => {
  const browser = needsChromium();
  const hasBrowser = browser.skip === undefined;
  if (hasBrowser) ensureDist();
  const sealer = await startDevNode(t, temporaryFolder(t), [...LOOPBACK, '--prove', '--prove.priority', 'normal']);
  const follow = (flags: readonly string[], program?: readonly string[]): Promise<DevNode> =>
    startNode(
      t,
      temporaryFolder(t),
      [
        ...['--genesis', join(repoRoot(), 'genesis', 'dev.json'), ...LOOPBACK],
        ...['--libp2p.bootnodes', sealer.libp2p[0] ?? '', ...flags],
      ],
      program,
    );
  const [executing, verifying, serving] = await Promise.all([
    follow([]),
    follow(['--sync', 'proof']),
    follow(['--sync', 'proof', ...(hasBrowser ? ['--http.light-page'] : [])], hasBrowser ? builtNode() : undefined),
  ]);
  // Light clients are told by peers that have the proof from others.
  const light = await follower(t, verifying.url);
  const { word } = await listener(t, verifying.url);
  const page = hasBrowser ? await openPage(t) : undefined;
  await page?.goTo(`${serving.url}/light/?network=dev&from=1`);
  await page?.until(`/waiting for block 1/.test(document.getElementById('status')?.innerText)`);

  const { walletClient, publicClient } = devClients(sealer.url);
  const hash = await walletClient.sendTransaction({ data: INIT_CODE, value: 7n });
  const { blockHash, contractAddress } = await publicClient.waitForTransactionReceipt({ hash });

  const executed = await until(executing, ({ head }) => head.hash === blockHash);
  assert.deepEqual([executed.mode, executed.executed, executed.applied], ['full', '0x1', '0x0']);
  for (const node of [verifying, serving]) {
    const { mode, provenHead, unproven, ...counts } = await until(node, ({ head }) => head.hash === blockHash);
    assert.deepEqual([mode, counts.executed, counts.applied], ['proof', '0x0', '0x1']);
    assert.deepEqual([provenHead, unproven], [{ number: '0x1', hash: blockHash }, '0x0']);
  }
  // Whoever executes learns of the proof as well.
  for (const node of [sealer, executing]) await until(node, ({ provenHead }) => provenHead.hash === blockHash);

  const told = await word;
  assert.deepEqual([told.blockHash, told.status], [blockHash, 'proved']);
  const [exitCode, stdout] = await light.verified();
  assert.equal(exitCode, 0, light.stderr());
  assert.deepEqual(JSON.parse(stdout), { ok: true, verified: 1, head: { number: 1, hash: blockHash } });
  await t.test('the page of a peer that only verifies, in Chromium → verifies the block too', browser, async () => {
    const shown = `document.querySelector('tr[data-number="1"][data-verdict="valid"]')?.innerText`;
    assert.match(String(await page?.until(shown)), new RegExp(`^1\\s+${blockHash}\\s.*valid, 100 bits$`));
    assert.deepEqual(page?.errors, []);
  });

  const stateOf = async ({ url }: DevNode) => {
    const { result: proof } = await rpc(url, 'eth_getProof', [contractAddress, ['0x0'], 'latest']);
    const { result: logs } = await rpc(url, 'eth_getLogs', [{ fromBlock: '0x0', address: contractAddress }]);
    return { proof, logs } as { proof: { storageProof: { value: string }[] }; logs: object[] };
  };
  const state = await stateOf(sealer);
  assert.deepEqual([state.proof.storageProof[0]?.value, state.logs.length], ['0x1', 1]);
  for (const node of [executing, verifying, serving]) {
    assert.deepEqual(await stateOf(node), state);
    const { result } = await rpc(node.url, 'eth_getBalance', [RECIPIENT, 'latest']);
    assert.equal(result, '0x7');
    const receipt = (await rpc(node.url, 'eth_getTransactionReceipt', [hash])).result as { status: string };
    assert.equal(receipt.status, '0x1');
    const { result: proof, error } = await rpc(node.url, 'eth_getBlockProof', [blockHash]);
    assert.equal((proof as { status: string } | undefined)?.status, 'proved', JSON.stringify(error));
  }

  const strict = await follow([
    ...['--sync', 'proof', '--proofs.accept', '129'],
    ...['--proofs.fallback', 'execute', '--proofs.fallback-after', '1'],
  ]);
  const without = await until(strict, ({ head }) => head.hash === blockHash);
  assert.deepEqual(
    [without.executed, without.applied, without.provenHead.number, without.acceptedProofTypes],
    ['0x1', '0x0', '0x0', ['0x81']],
    'a proof of a type that is not accepted counts for nothing',
  );

  const documented = (from: string, head: string, shown: object): void => {
    const rows = tableRows(DOCUMENT.slice(DOCUMENT.indexOf(from)), head);
    const fields = new Set(rows.flatMap(([names = '']) => [...names.matchAll(/`(\w+)`/g)].map((m) => m[1] ?? '')));
    for (const field of Object.keys(shown)) assert.ok(fields.has(field), `docs/network.md, ${from}: lacks ${field}`);
  };
  const { peers, ...own } = (await rpc(verifying.url, 'zkl1_peers')).result as { peers: readonly object[] };
  assert.ok(peers.length > 0);
  documented('## `zkl1_syncStatus`', 'field', without);
  documented('## `zkl1_peers`', 'field', own);
  for (const peer of peers) documented('## `zkl1_peers`', 'field of a peer', peer);
  for (const node of [sealer, executing, verifying, serving, strict])
    assert.equal(await node.stop('SIGINT'), 0, node.stderr());
});
