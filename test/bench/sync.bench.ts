import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACCEPTED_KEYS } from '../../client/prover/verifier/accepted-keys.ts';
import { reportBench } from '../support/bench.ts';
import { rpc } from '../support/dev-node.ts';
import { Link } from '../support/p2p/link.ts';
import { freePort, pause } from '../support/process-network.ts';

/**
 * An empty node in `--sync proof` that follows, from genesis, the chain that `scripts/prove-chain.mjs` has grown: blocks with
 * a proof each, no proof twice. Where the time goes: processor seconds of the process that verifies, and of the node
 * itself, which fetches, checks headers, bodies and receipts, applies and stores.
 */
const MAIN = join(import.meta.dirname, '..', '..', 'client', 'main.js');
const GENESIS = join(import.meta.dirname, '..', '..', 'genesis', 'dev.json');
const TICKS_PER_SECOND = 100;
const digest = ACCEPTED_KEYS.find(({ profile }) => profile === 'P100')?.digest ?? '';
const cache = join(process.env.ZKL1_CACHE ?? join(homedir(), '.cache', 'zkl1-node'), digest.slice(0, 16), 'chain');

type Node = { readonly url: string; readonly libp2p: readonly string[]; readonly process: ChildProcess };
type Status = {
  readonly head: { readonly number: string };
  readonly provenHead: { readonly number: string };
  readonly executed: string;
};

const folder = mkdtempSync(join(tmpdir(), 'zkl1-bench-'));
const nodes: Node[] = [];
const cleanup: (() => void)[] = [];
try {
  if (existsSync(cache)) await measure();
  else console.error('skipped: sync: no proven chain for this build: node scripts/prove-chain.mjs');
} finally {
  for (const node of nodes) {
    const ended = new Promise((resolve) => node.process.on('close', resolve));
    node.process.kill('SIGINT');
    await ended;
  }
  for (const end of cleanup) end();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const [port, outside] = [await freePort(), await freePort()];
  const line = await Link.open({ after: (end) => void cleanup.push(end as () => void) }, outside, port, {
    ...{ delayMs: 0, loss: 0, seed: 1 },
  });
  const server = await start(['--dev', '--libp2p.port', String(port), '--datadir', cache]);
  const { provenHead } = await statusOf(server);
  const blocks = Number(provenHead.number);
  if (blocks === 0) throw new Error('the chain has no proven block');
  const through = (server.libp2p[0] ?? '').replace(`/tcp/${port}/`, `/tcp/${outside}/`);
  const peer = await start([
    ...['--genesis', GENESIS, '--sync', 'proof', '--libp2p.port', '0', '--libp2p.bootnodes', through],
    ...['--datadir', join(folder, 'peer')],
  ]);
  let startedAt = performance.now();
  let first = 0;
  let verifierSeconds = 0;
  for (;;) {
    const { head } = await statusOf(peer);
    verifierSeconds = Math.max(verifierSeconds, ...childrenOf(peer.process.pid).map(cpuSeconds));
    const number = Number(head.number);
    // The first blocks stand for a process that starts and derives its key.
    if (first === 0 && number > 0) {
      first = number;
      startedAt = performance.now();
    }
    if (number >= blocks) break;
    await pause(20);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { executed } = await statusOf(peer);
  if (Number(executed) !== 0) throw new Error(`the peer executed ${executed} blocks`);
  const counted = blocks - first;
  const round = (value: number): number => Math.round(value * 100) / 100;
  reportBench(
    'sync',
    { mode: 'proof', chain: 'dev', blocks, profile: 'P100', peers: 1 },
    {
      blocksPerSecond: round(counted / seconds),
      seconds: round(seconds),
      blocksCounted: counted,
      verifierCpuSeconds: round(verifierSeconds),
      nodeCpuSeconds: round(cpuSeconds(peer.process.pid)),
      bytesPerBlock: Math.round(line.carried / blocks),
    },
  );
}

async function statusOf(node: Node): Promise<Status> {
  return (await rpc(node.url, 'zkl1_syncStatus')).result as Status;
}

/** Processor time of a process, of its threads and not of its children; 0 where the system does not tell. */
function cpuSeconds(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}

function childrenOf(pid: number | undefined): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

async function start(flags: readonly string[]): Promise<Node> {
  const common = ['--json', '--http.port', '0', '--libp2p.addr', '127.0.0.1'];
  const child = spawn(process.execPath, [MAIN, ...common, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  const { http, libp2p } = await new Promise<{ http: string; libp2p: readonly string[] }>((resolve, reject) => {
    child.on('close', (code) => reject(new Error(`the node ended with ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes('\n')) resolve(JSON.parse(stdout));
    });
  });
  const node = { url: http, libp2p, process: child };
  nodes.push(node);
  return node;
}
