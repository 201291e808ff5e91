import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseGwei } from 'viem';
import { benchArguments, median, reportBench } from '../support/bench.ts';
import { devClients, rpc } from '../support/dev-node.ts';

/**
 * Milliseconds that a development chain takes to import a block of transfers: without `--prove`, and with it while its prover
 * is busy with an earlier block all the time. Since a machine is not the same from one minute to the next, the slowdown comes
 * from one node: its prover's process is stopped for every second block (SIGSTOP), so that both kinds alternate.
 * Argument: blocks measured by run.
 */
const [BLOCKS = 40] = benchArguments([]).map(Number);
const TRANSFERS = 50;
const ROUNDS = 3;
/** After the prover was stopped or told to go on. */
const SETTLE_MS = 50;
const REPORT = /executed in (\d+) ms, guest agrees in (\d+) ms/;
const MAIN = join(import.meta.dirname, '..', '..', 'client', 'main.js');

type Imports = { readonly executionMs: number[]; readonly guestMs: number[] };
const alone: Imports = { executionMs: [], guestMs: [] };
const proving: Imports = { executionMs: [], guestMs: [] };
const paused: Imports = { executionMs: [], guestMs: [] };

for (let round = 0; round < ROUNDS; round++) {
  await run([], alone);
  await run(['--prove'], proving);
}
const before = median(alone.executionMs);
const after = median(proving.executionMs);
const still = median(paused.executionMs);
reportBench(
  'import',
  { transfers: TRANSFERS, blocks: BLOCKS * ROUNDS, chain: 'dev', priority: 'low' },
  {
    medianMs: round2(before),
    medianProvingMs: round2(after),
    medianPausedMs: round2(still),
    slowdownPercent: round2(100 * (after / still - 1)),
    guestMs: round2(median(alone.guestMs)),
    guestProvingMs: round2(median(proving.guestMs)),
  },
);

async function run(flags: readonly string[], imports: Imports): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'zkl1-bench-'));
  const node = spawn(process.execPath, [MAIN, '--dev', '--json', '--http.port', '0', '--datadir', folder, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => node.on('close', resolve));
  try {
    const lines = linesOf(node);
    const url = await readyUrl(node);
    const clients = devClients(url);
    let nonce = await sendBlock(clients, 0, 1);
    if (flags.length > 0) await untilBusy(url);
    const prover = flags.length > 0 ? childOf(node, 'prover-child') : undefined;
    for (let block = 0; block < BLOCKS; block++) {
      const isPaused = prover !== undefined && block % 2 === 1;
      if (prover !== undefined) process.kill(prover, isPaused ? 'SIGSTOP' : 'SIGCONT');
      await pause(SETTLE_MS);
      lines.splice(0);
      nonce = await sendBlock(clients, nonce, TRANSFERS);
      await untilReported(lines);
      for (const line of lines) {
        const match = REPORT.exec(line);
        if (match === null) continue;
        const { executionMs, guestMs } = isPaused ? paused : imports;
        executionMs.push(Number(match[1]));
        guestMs.push(Number(match[2]));
      }
    }
    if (prover !== undefined) process.kill(prover, 'SIGCONT');
  } finally {
    node.kill('SIGINT');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Sends transfers that stand in one block and waits for it; returns the next nonce. */
async function sendBlock(
  { account, publicClient, chain }: ReturnType<typeof devClients>,
  from: number,
  count: number,
): Promise<number> {
  const raws: `0x${string}`[] = [];
  for (let i = 0; i < count; i++)
    raws.push(
      await account.signTransaction({
        ...{ chainId: chain.id, nonce: from + i, to: `0x${'12'.repeat(20)}`, value: 1n, gas: 21_000n },
        ...{ maxFeePerGas: parseGwei('20'), maxPriorityFeePerGas: 1n },
      }),
    );
  const hashes = await Promise.all(
    raws.map((serializedTransaction) => publicClient.sendRawTransaction({ serializedTransaction })),
  );
  await publicClient.waitForTransactionReceipt({ hash: hashes.at(-1) ?? '0x' });
  return from + count;
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** The guest's check ends after the block's import: nothing of it may run into the next block. */
async function untilReported(lines: readonly string[]): Promise<void> {
  while (!lines.some((line) => REPORT.test(line))) await pause(5);
}

/** A child process of the node by what its command line contains. */
function childOf({ pid }: ChildProcess, program: string): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  const found = children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(program));
  if (found === undefined) throw new Error(`the node has no child ${program}`);
  return Number(found);
}

async function untilBusy(url: string): Promise<void> {
  for (;;) {
    const { current } = (await rpc(url, 'zkl1_provingStatus')).result as { current: { percent: number } | null };
    if (current !== null && current.percent > 0) return;
    await pause(100);
  }
}

function linesOf({ stderr }: ChildProcess): string[] {
  const lines: string[] = [];
  let rest = '';
  stderr?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  return lines;
}

function readyUrl(node: ChildProcess): Promise<string> {
  let stdout = '';
  return new Promise((resolve, reject) => {
    node.on('close', (code) => reject(new Error(`the node ended with ${code}`)));
    node.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes('\n')) resolve((JSON.parse(stdout) as { http: string }).http);
    });
  });
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
