import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readArguments, wholeNumber } from './lib/arguments.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { chainCache } from './lib/chain-cache.mjs';
import { DevSender } from './lib/dev-sender.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { root } from './lib/root.mjs';

const POLL_MS = 500;
/** Blocks that wait for the prover, so that it never waits. */
const AHEAD = 3;

const USAGE = `
node scripts/prove-chain.mjs [--blocks N] [--minutes M]

Grows a development chain of small blocks, each with a proof of its own, until it has N of them (100) or M minutes (60) are
over. The chain is kept outside the repository, in ZKL1_CACHE (~/.cache/zkl1-node), under the verification key's digest:
what is there counts, and a run that was killed goes on where it was. npm run bench -- sync syncs a node from it.
`;
const { values } = readArguments('prove-chain', USAGE, {
  blocks: { type: 'string', default: '100' },
  minutes: { type: 'string', default: '60' },
});
const blocks = wholeNumber('prove-chain', 'blocks', values.blocks);
const minutes = wholeNumber('prove-chain', 'minutes', values.minutes);
ensureInstalled();
await ensureBuilt();
const dataDir = chainCache();
mkdirSync(dataDir, { recursive: true });
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort());

const args = ['--dev', '--prove', '--prove.from', '1', '--prove.priority', 'normal', '--json', '--http.port', '0'];
const main = join(root, 'dist', 'client', 'main.js');
const node = spawn(
  process.execPath,
  [main, ...args, '--libp2p.addr', '127.0.0.1', '--libp2p.port', '0', '--datadir', dataDir],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  },
);
const ended = new Promise((resolve) => node.once('exit', resolve));
try {
  const { http } = await new Promise((resolve, reject) => {
    createInterface({ input: node.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    node.once('exit', (code) => reject(new Error(`the node ended with ${code}`)));
  });
  const sender = await DevSender.create(http);
  const until = Date.now() + minutes * 60_000;
  let before;
  for (;;) {
    const { head, provenHead } = await sender.call('zkl1_syncStatus');
    const [number, proven] = [Number(head.number), Number(provenHead.number)];
    if (proven !== before) console.log(`${proven} of ${blocks} blocks proven, in ${dataDir}`);
    before = proven;
    if (proven >= blocks || stop.signal.aborted || Date.now() >= until) break;
    if (number < blocks && number - proven < AHEAD) await sender.transfer(number);
    else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
} finally {
  node.kill('SIGINT');
  await ended;
}
