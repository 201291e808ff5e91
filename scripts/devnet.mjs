// `npm run devnet [-- --transactions N]`: a network on this machine: a sealer that proves its blocks, one peer that executes them
// and two that only verify. Prints every node's log with its name, and whenever something changes a table of who is where.
// N transactions are sent one after the other (default 2). Ctrl-C stops all.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { root } from './lib/root.mjs';

const PEERS = [
  { name: 'executes', flags: ['--sync', 'full'] },
  { name: 'verifies-1', flags: ['--sync', 'proof'] },
  { name: 'verifies-2', flags: ['--sync', 'proof'] },
];
const LOOPBACK = ['--libp2p.addr', '127.0.0.1', '--libp2p.port', '0'];
const POLL_MS = 1000;

ensureInstalled();
ensureBuilt();
const at = process.argv.indexOf('--transactions');
const transactions = at < 0 ? 2 : Number(process.argv[at + 1]);
if (!Number.isInteger(transactions) || transactions < 0) {
  console.error('--transactions: expected a whole number');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'zkl1-devnet-'));
const children = [];
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort());

try {
  const sealer = await start('sealer', ['--dev', '--prove', '--prove.priority', 'normal', ...LOOPBACK]);
  const genesis = join(root, 'genesis', 'dev.json');
  const nodes = [sealer];
  for (const { name, flags } of PEERS)
    nodes.push(
      await start(name, ['--genesis', genesis, ...LOOPBACK, '--libp2p.bootnodes', sealer.libp2p[0], ...flags]),
    );
  console.log(`\n${nodes.map(({ name, http }) => `  ${name.padEnd(12)} JSON-RPC ${http}`).join('\n')}\n`);
  const sending = sendAll(sealer.http, transactions).catch((error) => console.error(`sending: ${error.message}`));
  await watch(nodes);
  await sending;
} finally {
  await Promise.all(children.map(end));
  rmSync(folder, { recursive: true, force: true });
}

async function start(name, flags) {
  const main = join(root, 'dist', 'client', 'main.js');
  const args = [main, '--json', '--datadir', join(folder, name), '--http.port', '0', ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  children.push(child);
  createInterface({ input: child.stderr }).on('line', (line) => console.log(`${name.padEnd(12)} ${line}`));
  const ready = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  return { name, ...ready };
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  await ended;
}

async function call(url, method, params = []) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  const { result, error } = await response.json();
  if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  return result;
}

/** Transfers from the first development account, each when the one before is in a block. */
async function sendAll(url, count) {
  const { createTx } = await import('@ethereumjs/tx');
  const { DEV_ACCOUNT_KEYS } = await import(join(root, 'dist/client/execution/sealing/dev-accounts.js'));
  const { knownNetwork } = await import(join(root, 'dist/client/execution/chain/known-networks.js'));
  const { network } = await knownNetwork('dev');
  const common = network.common.copy();
  common.setHardfork('osaka');
  const key = Buffer.from(DEV_ACCOUNT_KEYS[0].slice(2), 'hex');
  for (let nonce = 0; nonce < count && !stop.signal.aborted; nonce++) {
    const fields = {
      type: 2,
      chainId: 1337,
      nonce,
      gasLimit: 21000,
      maxFeePerGas: 10_000_000_000n,
      to: `0x${'de'.repeat(20)}`,
      value: 1n,
    };
    const tx = createTx(fields, { common }).sign(key);
    const hash = await call(url, 'eth_sendRawTransaction', [`0x${Buffer.from(tx.serialize()).toString('hex')}`]);
    while (!stop.signal.aborted && (await call(url, 'eth_getTransactionReceipt', [hash])) === null) await pause();
  }
}

async function watch(nodes) {
  let last = '';
  while (!stop.signal.aborted) {
    const rows = await Promise.all(
      nodes.map(async ({ name, http }) => ({ name, ...(await call(http, 'zkl1_syncStatus')) })),
    );
    const table = rows.map((r) => ({
      node: r.name,
      head: `${Number(r.head.number)} ${r.head.hash.slice(2, 10)}`,
      proven: Number(r.provenNumber),
      executed: Number(r.executed),
      verified: Number(r.verified),
      applied: Number(r.applied),
      state: r.missing === undefined ? r.state : `${r.state} for ${r.missing}`,
    }));
    const text = JSON.stringify(table);
    if (text !== last) console.table(table);
    last = text;
    await pause();
  }
}

function pause() {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, POLL_MS);
    stop.signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
