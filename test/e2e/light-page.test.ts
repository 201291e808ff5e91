import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { ACCEPTED_KEYS } from '../../client/prover/verifier/accepted-keys.ts';
import { ensureDist } from '../support/built.ts';
import { needsChromium, openPage, type Page } from '../support/chromium.ts';
import { builtNode } from '../support/command.ts';
import { devClients, startNode } from '../support/dev-node.ts';
import { temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 600_000;
const PROVING_MS = 240_000;
const SETTINGS = 'light/?network=dev&from=1';

type Answer = { result?: { proofs?: { proofData: string; proofHash: string }[] } };

/** Changes one bit of each proof in an answer, as a careful liar does: the hash fits. */
function withFlippedProofs(body: string): string {
  const answer = JSON.parse(body) as Answer;
  for (const entry of answer.result?.proofs ?? []) {
    const bytes = Buffer.from(entry.proofData.slice(2), 'hex');
    bytes[bytes.length - 10]! ^= 1;
    entry.proofData = `0x${bytes.toString('hex')}`;
    entry.proofHash = `0x${Buffer.from(keccak_256(bytes)).toString('hex')}`;
  }
  return JSON.stringify(answer);
}

/** Stands before a node, its page included; lies while it is told to. */
async function proxy(t: TestContext, node: string): Promise<{ readonly url: string; isLying: boolean }> {
  const state = { url: '', isLying: true };
  const forward = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { method = 'GET', url = '/' } = request;
    const type = request.headers['content-type'];
    const answer = await fetch(`${node}${url}`, {
      method,
      ...(method === 'POST' ? { body: Buffer.concat(chunks) } : {}),
      headers: type === undefined ? {} : { 'content-type': type },
    });
    const body = await answer.text();
    const lies = state.isLying && method === 'POST';
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
    response.end(lies ? withFlippedProofs(body) : body);
  };
  const server = createServer((request, response) => {
    forward(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

const row = (number: number, verdict: string): string =>
  `document.querySelector('tr[data-number="${number}"][data-verdict="${verdict}"]')?.innerText`;

async function shownText(page: Page, number: number, verdict: string, limitMs?: number): Promise<string> {
  return String(await page.until(row(number, verdict), limitMs));
}

test('the page in Chromium → verifies what a node proves as it is proven, rejects a changed proof by stage and rule', {
  timeout: LIMIT_MS,
  ...needsChromium(),
}, async (t) => {
  ensureDist();
  const flags = ['--dev', '--prove', '--prove.priority', 'normal', '--http.light-page'];
  const node = await startNode(t, temporaryFolder(t), flags, builtNode());
  const { walletClient, publicClient } = devClients(node.url);
  const seal = async (): Promise<string> => {
    const hash = await walletClient.sendTransaction({ to: `0x${'34'.repeat(20)}`, value: 1n });
    return (await publicClient.waitForTransactionReceipt({ hash })).blockHash;
  };
  const first = await seal();
  const page = await openPage(t);
  await page.goTo(`${node.url}/${SETTINGS}`);
  await page.until(`/waiting for block 1/.test(document.getElementById('status')?.innerText)`);
  const text = await shownText(page, 1, 'valid', PROVING_MS);
  assert.match(text, new RegExp(`^1\\s+${first}\\s+0x[0-9a-f]{40}\\s+\\d+ kB\\s+\\d+ ms\\s+valid, 100 bits$`));

  await page.reload();
  await page.until('document.readyState === "complete"');
  assert.match(await shownText(page, 1, 'valid'), new RegExp(first));

  // The node's word comes by WebSocket: without it the page would look again after a second at the earliest.
  const second = await seal();
  assert.match(await shownText(page, 2, 'valid', PROVING_MS), new RegExp(second));
  assert.deepEqual(page.errors, []);

  const liar = await proxy(t, node.url);
  await page.goTo(`${liar.url}/${SETTINGS}`);
  for (const number of [1, 2]) {
    const rejection = await shownText(page, number, 'rejected');
    assert.match(rejection, new RegExp(`^${number}\\s+rejected: proofRejected \\([\\w-]+/\\w+\\)$`));
  }
  assert.equal(await page.value(`document.querySelectorAll('[data-verdict="valid"]').length`), 0);
  const color = `getComputedStyle(document.querySelector('[data-verdict="rejected"] .verdict')).color`;
  assert.notEqual(await page.value(color), await page.value('getComputedStyle(document.body).color'));
  liar.isLying = false;
  await page.reload();
  assert.match(await shownText(page, 1, 'valid'), new RegExp(first));
  await page.goTo(`${node.url}/${SETTINGS}&revoke=0x${ACCEPTED_KEYS[0]?.digest}`);
  assert.match(await shownText(page, 1, 'rejected'), /^1\s+rejected: keyRevoked$/);
  // A node that is gone is no reason to fail.
  assert.equal(await node.stop('SIGINT'), 0);
  await page.until(
    `document.getElementById('status')?.dataset.kind === 'failed' || /waiting/.test(document.getElementById('status')?.innerText)`,
  );
});
