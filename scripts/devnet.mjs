import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readArguments, wholeNumber } from './lib/arguments.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { DevSender, rpc } from './lib/dev-sender.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { root } from './lib/root.mjs';

const USAGE = `
npm run devnet [-- --transactions N] [--blocks N] [--json]

A network on this machine: a sealer that proves its blocks, one peer that executes them, two that only verify, and a light
client that has no state at all. Prints every node's log with its name, and a table of who is where whenever something
changes. Ctrl-C stops all.

  --transactions N   sent one after the other (default 2, or as many as blocks)
  --blocks N         ends by itself once every node holds N blocks with their proofs
  --json             standard output has one object per change and nothing else
  --built            dist/ is up to date: builds nothing
`;
const PEERS = [
  { name: 'executes', flags: ['--sync', 'full'] },
  { name: 'verifies-1', flags: ['--sync', 'proof', '--http.light-page'] },
  { name: 'verifies-2', flags: ['--sync', 'proof'] },
];
/** Follows over the first verifying peer's RPC: it trusts the genesis alone. */
const LIGHT = 'light';
const LOOPBACK = ['--libp2p.addr', '127.0.0.1', '--libp2p.port', '0'];
const POLL_MS = 1000;

const options = readOptions();
ensureInstalled();
if (!options.built) await ensureBuilt();

const folder = mkdtempSync(join(tmpdir(), 'zkl1-devnet-'));
const children = [];
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort());
const say = options.json ? console.error : console.log;

try {
  const nodes = [];
  const sealer = await start('sealer', ['--dev', '--prove', '--prove.priority', 'normal', ...LOOPBACK]);
  nodes.push(sealer);
  const follow = ['--genesis', join(root, 'genesis', 'dev.json'), ...LOOPBACK, '--libp2p.bootnodes', sealer.libp2p[0]];
  nodes.push(...(await Promise.all(PEERS.map(({ name, flags }) => start(name, [...follow, ...flags])))));
  const served = nodes.find(({ light }) => light);
  const light = startLight(served.http);
  const lines = nodes.map(({ name, http }) => `  ${name.padEnd(12)} JSON-RPC ${http}`);
  say(`\n${[...lines, `  ${LIGHT.padEnd(12)} in a browser: ${served.light}?network=dev&from=1`].join('\n')}\n`);
  const sending = sendAll(sealer.http, options.transactions);
  await Promise.all([sending, watch(nodes, light, options.blocks)]);
} catch (error) {
  if (!stop.signal.aborted) {
    console.error(`devnet: ${error.message}`);
    process.exitCode = 1;
  }
} finally {
  stop.abort();
  await Promise.all(children.map(end));
  rmSync(folder, { recursive: true, force: true });
}

function readOptions() {
  const { values } = readArguments('devnet', USAGE, {
    transactions: { type: 'string' },
    blocks: { type: 'string' },
    json: { type: 'boolean', default: false },
    built: { type: 'boolean', default: false },
  });
  const blocks = wholeNumber('devnet', 'blocks', values.blocks);
  const transactions = wholeNumber('devnet', 'transactions', values.transactions) ?? blocks ?? 2;
  return { json: values.json, built: values.built, blocks, transactions };
}

/** Each node in a process group of its own: Ctrl-C comes to this script, which stops them in order. */
async function start(name, flags) {
  const main = join(root, 'dist', 'client', 'main.js');
  const args = [main, '--json', '--datadir', join(folder, name), '--http.port', '0', ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  children.push(child);
  createInterface({ input: child.stderr }).on('line', (line) => say(`${name.padEnd(12)} ${line}`));
  const ready = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`${name} ended with ${code ?? signal} before it was ready`)));
  });
  endsEarly(name, child);
  return { name, ...ready };
}

/** A light client over a node's RPC; returns its row of the table, which changes as it verifies. */
function startLight(url) {
  const main = join(root, 'dist', 'client', 'main.js');
  const args = [main, 'light', '--rpc', url, '--genesis', join(root, 'genesis', 'dev.json'), '--from', '1'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  children.push(child);
  const row = { node: LIGHT, head: 0, hash: '0x', proven: 0, executed: 0, verified: 0, applied: 0, state: 'follows' };
  createInterface({ input: child.stderr }).on('line', (line) => {
    say(`${LIGHT.padEnd(12)} ${line}`);
    const [, number, hash] = /^block (\d+) (0x[0-9a-f]{64}) +verified/.exec(line) ?? [];
    if (number === undefined) return;
    row.head = row.proven = Number(number);
    row.hash = hash;
    row.verified++;
  });
  endsEarly(LIGHT, child);
  return row;
}

function endsEarly(name, child) {
  child.once('exit', (code, signal) => {
    if (stop.signal.aborted) return;
    console.error(`devnet: ${name} ended with ${code ?? signal}`);
    process.exitCode = 1;
    stop.abort();
  });
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  await ended;
}

/** Transfers from the first development account, each when the one before is in a block. */
async function sendAll(url, count) {
  const sender = await DevSender.create(url, stop.signal);
  for (let nonce = 0; nonce < count && !stop.signal.aborted; nonce++) await sender.transfer(nonce);
}

/** Shows where everyone is until it is stopped, or every node holds so many proven blocks. */
async function watch(nodes, light, blocks) {
  let last = '';
  while (!stop.signal.aborted) {
    const table = [...(await Promise.all(nodes.map(statusOf))), { ...light }];
    const text = JSON.stringify(table);
    if (text !== last) {
      if (options.json) console.log(JSON.stringify({ nodes: table }));
      else console.table(table.map(({ hash, ...row }) => ({ ...row, hash: hash.slice(2, 10) })));
    }
    last = text;
    const isSame = new Set(table.map(({ hash }) => hash)).size === 1;
    if (blocks !== undefined && isSame && table.every(({ head, proven }) => head >= blocks && proven >= blocks)) return;
    await pause();
  }
}

async function statusOf({ name, http }) {
  const { head, provenHead, executed, verified, applied, state, missing } = await rpc(
    http,
    'zkl1_syncStatus',
    [],
    stop.signal,
  );
  return {
    node: name,
    head: Number(head.number),
    hash: head.hash,
    proven: Number(provenHead.number),
    executed: Number(executed),
    verified: Number(verified),
    applied: Number(applied),
    state: missing === undefined ? state : `${state} for ${missing}`,
  };
}

function pause() {
  return new Promise((resolve) => {
    const timer = setTimeout(done, POLL_MS);
    stop.signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      stop.signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
