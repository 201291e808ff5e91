import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchArguments, median, reportBench } from '../support/bench.ts';
import { devClients } from '../support/dev-node.ts';
import { Link } from '../support/p2p/link.ts';
import { freePort } from '../support/process-network.ts';

/**
 * A sealer that proves and a peer that only verifies, on loopback: from the moment that a proof is announced to the moment
 * that the peer has imported its block, and what passes between them. For the same blocks, as the nodes tell it: verified on
 * the peer, executed in `@ethereumjs/vm` and in the guest in V8 by the sealer. Argument: blocks.
 */
const [BLOCKS = 20] = benchArguments([]).map(Number);
/** Blocks before those that count: processes start, keys are derived, V8 optimises. */
const WARM_UP = 2;
const MAIN = join(import.meta.dirname, '..', '..', 'client', 'main.js');
const GENESIS = join(import.meta.dirname, '..', '..', 'genesis', 'dev.json');

type Times = {
  executed: number;
  guest: number;
  verified: number;
  proving: number;
  announcedAt: number;
  importedAt: number;
};

const folder = mkdtempSync(join(tmpdir(), 'zkl1-bench-'));
const children: ChildProcess[] = [];
const cleanup: (() => void)[] = [];
try {
  const times = new Map<number, Partial<Times>>();
  const at = (number: string | undefined, part: Partial<Times>): void => {
    times.set(Number(number), { ...times.get(Number(number)), ...part });
  };
  const [port, outside] = [await freePort(), await freePort()];
  const line = await Link.open({ after: (end) => void cleanup.push(end as () => void) }, outside, port, {
    delayMs: 0,
    loss: 0,
    seed: 1,
  });
  const sealer = await start(
    ['--dev', '--prove', '--prove.priority', 'normal', '--libp2p.port', String(port), '--datadir', join(folder, 'a')],
    (text) => {
      const executed = /^block (\d+) .* executed in (\d+) ms, guest agrees in (\d+) ms/.exec(text);
      if (executed !== null) at(executed[1], { executed: Number(executed[2]), guest: Number(executed[3]) });
      const proven = /^block (\d+) .* proven in ([\d.]+) s, \d+ kB, verified in (\d+) ms/.exec(text);
      if (proven !== null)
        at(proven[1], {
          proving: Number(proven[2]) * 1000,
          verified: Number(proven[3]),
          announcedAt: performance.now(),
        });
    },
  );
  const through = (sealer.libp2p[0] ?? '').replace(`/tcp/${port}/`, `/tcp/${outside}/`);
  await start(
    [
      ...['--genesis', GENESIS, '--sync', 'proof', '--libp2p.port', '0', '--libp2p.bootnodes', through],
      ...['--datadir', join(folder, 'b')],
    ],
    (text) => {
      const imported = /^block (\d+) .* verified and applied/.exec(text);
      if (imported !== null) at(imported[1], { importedAt: performance.now() });
    },
  );
  const { account, walletClient, publicClient } = devClients(sealer.http);
  let carriedBefore = 0;
  for (let number = 1; number <= WARM_UP + BLOCKS; number++) {
    if (number === WARM_UP + 1) carriedBefore = line.carried;
    await walletClient.sendTransaction({ account, to: `0x${'6e'.repeat(20)}`, value: 1n, nonce: number - 1 });
    while (times.get(number)?.importedAt === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const carried = line.carried - carriedBefore;
  const { result } = (await publicClient
    .request({ method: 'eth_getBlockProof' as never, params: ['latest'] as never })
    .then((value) => ({ result: value }))) as { readonly result: { proofs: readonly { proofSize: string }[] } };
  const counted = [...times].filter(([number]) => number > WARM_UP).map(([, t]) => t as Times);
  const delays = counted
    .map(({ announcedAt, importedAt }) => Math.max(0, importedAt - announcedAt))
    .sort((a, b) => a - b);
  const percentile = (share: number): number => Math.round(delays[Math.ceil(share * delays.length) - 1] ?? Number.NaN);
  reportBench(
    'network',
    { blocks: BLOCKS, transactionsPerBlock: 1, chain: 'dev', profile: 'P100', line: 'loopback' },
    {
      announcedToImportedP50Ms: percentile(0.5),
      announcedToImportedP99Ms: percentile(0.99),
      bytesPerBlock: Math.round(carried / BLOCKS),
      proofBytes: Number(result.proofs[0]?.proofSize),
      verifyMs: median(counted.map(({ verified }) => verified)),
      executeMs: median(counted.map(({ executed }) => executed)),
      guestMs: median(counted.map(({ guest }) => guest)),
      provingMs: median(counted.map(({ proving }) => proving)),
    },
  );
} finally {
  for (const child of children) {
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGINT');
    await ended;
  }
  for (const end of cleanup) end();
  rmSync(folder, { recursive: true, force: true });
}

type Ready = { readonly http: string; readonly libp2p: readonly string[] };

/** Starts a node; every line that it writes to standard error is given on. */
function start(flags: readonly string[], onLine: (text: string) => void): Promise<Ready> {
  const common = ['--json', '--http.port', '0', '--libp2p.addr', '127.0.0.1'];
  const child = spawn(process.execPath, [MAIN, ...common, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let rest = '';
  child.stderr.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) onLine(text);
  });
  let stdout = '';
  return new Promise((resolve, reject) => {
    child.on('close', (code) => reject(new Error(`the node ended with ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes('\n')) resolve(JSON.parse(stdout) as Ready);
    });
  });
}
