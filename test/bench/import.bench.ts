import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseGwei } from 'viem';
import { benchArguments, median, reportBench } from '../support/bench.ts';
import { devClients, rpc } from '../support/dev-node.ts';

/**
 * Milliseconds that a development chain takes to import a block of transfers: alone, and while its prover is busy with an
 * earlier block all the time. Runs alternate, so that both see the same machine.
 * Argument: blocks measured by run.
 */
const [BLOCKS = 40] = benchArguments([]).map(Number);
const TRANSFERS = 50;
const ROUNDS = 3;
const MAIN = join(import.meta.dirname, '..', '..', 'client', 'main.js');

type Imports = { readonly executionMs: number[]; readonly guestMs: number[] };
const alone: Imports = { executionMs: [], guestMs: [] };
const proving: Imports = { executionMs: [], guestMs: [] };

for (let round = 0; round < ROUNDS; round++) {
  await run([], alone);
  await run(['--prove'], proving);
}
const before = median(alone.executionMs);
const after = median(proving.executionMs);
reportBench(
  'import',
  { transfers: TRANSFERS, blocks: BLOCKS * ROUNDS, chain: 'dev', priority: 'low' },
  {
    medianMs: round2(before),
    medianProvingMs: round2(after),
    slowdownPercent: round2(100 * (after / before - 1)),
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
    lines.splice(0);
    for (let block = 0; block < BLOCKS; block++) nonce = await sendBlock(clients, nonce, TRANSFERS);
    for (const line of lines) {
      const match = /executed in (\d+) ms, guest agrees in (\d+) ms/.exec(line);
      if (match === null) continue;
      imports.executionMs.push(Number(match[1]));
      imports.guestMs.push(Number(match[2]));
    }
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

async function untilBusy(url: string): Promise<void> {
  for (;;) {
    const { current } = (await rpc(url, 'zkl1_provingStatus')).result as { current: { percent: number } | null };
    if (current !== null && current.percent > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
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
