import type { ChildProcess } from 'node:child_process';
import { createPublicClient, createWalletClient, defineChain, http, type PublicClient } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { DEV_ACCOUNT_KEYS } from '../../client/execution/sealing/dev-accounts.ts';
import { nodeArguments, spawnNode } from './command.ts';
import type { Lifetime } from './temporary.ts';

const READY_LIMIT_MS = 60_000;

/** A real `zkl1-node` process on a free port. */
export type DevNode = {
  readonly url: string;
  /** multiaddresses for peers; empty without */
  readonly libp2p: readonly string[];
  readonly process: ChildProcess;
  readonly stderr: () => string;
  /** Sends the signal and waits for the process to end; returns its exit code. */
  readonly stop: (signal: NodeJS.Signals) => Promise<number | null>;
};

/** Starts a dev chain in `dataDir`; it is killed when the test ends. */
export const startDevNode = (t: Lifetime, dataDir: string, flags: readonly string[] = []): Promise<DevNode> =>
  startNode(t, dataDir, ['--dev', ...flags]);

/** Starts a node in `dataDir`; it is killed when the test ends. */
export async function startNode(
  t: Lifetime,
  dataDir: string,
  flags: readonly string[],
  program = nodeArguments(),
): Promise<DevNode> {
  const child = spawnNode(['--datadir', dataDir, '--http.port', '0', '--json', ...flags], undefined, program);
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  type Ready = { readonly http: string; readonly libp2p: readonly string[] };
  const { http: url, libp2p } = await new Promise<Ready>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the node is not ready: ${stderr}`)), READY_LIMIT_MS);
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (!stdout.includes('\n')) return;
      clearTimeout(timer);
      resolve(JSON.parse(stdout) as Ready);
    });
    void ended.then((code) => reject(new Error(`the node ended with ${code}: ${stderr}`)));
  });
  return {
    url,
    libp2p,
    process: child,
    stderr: () => stderr,
    stop: async (signal) => {
      child.kill(signal);
      return await ended;
    },
  };
}

/** viem clients for a dev node and its first funded account. */
export function devClients(url: string) {
  const chain = defineChain({
    id: 1337,
    name: 'dev',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  const account = privateKeyToAccount(DEV_ACCOUNT_KEYS[0] ?? '0x');
  const transport = http(url, { retryCount: 0 });
  const publicClient: PublicClient = createPublicClient({ chain, transport, pollingInterval: 50, cacheTime: 0 });
  return { chain, account, publicClient, walletClient: createWalletClient({ chain, account, transport }) };
}

/** One JSON-RPC call; returns the whole response. */
export async function rpc(
  url: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<{ result?: unknown; error?: { code: number; message: string; data?: unknown } }> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  return (await response.json()) as Awaited<ReturnType<typeof rpc>>;
}
