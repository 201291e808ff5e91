import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../support/data.ts';

const LIMIT_MS = 600_000;
/** Compiled tests run from dist/, which must not be rebuilt under them. */
const BUILT = import.meta.url.endsWith('.js') ? ['--built'] : [];
type Row = {
  readonly node: string;
  readonly head: number;
  readonly hash: string;
  readonly executed: number;
  readonly applied: number;
};

/** Runs `npm run devnet` and gives what it printed, once it has ended. */
async function devnet(
  flags: readonly string[],
  onLine?: (kill: (signal: NodeJS.Signals) => void) => void,
): Promise<{ readonly code: number | null; readonly lines: readonly string[]; readonly stderr: string }> {
  const child = spawn(process.execPath, [join(repoRoot(), 'scripts', 'devnet.mjs'), ...BUILT, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (stdout.includes('\n')) onLine?.((signal) => child.kill(signal));
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, lines: stdout.split('\n').slice(0, -1), stderr };
}

test('devnet --blocks 1 --json → sealer, executing and verifying peers and a light client on one proven block, then all stop', {
  timeout: LIMIT_MS,
}, async () => {
  const { code, lines, stderr } = await devnet(['--blocks', '1', '--json']);
  assert.equal(code, 0, stderr);
  const { nodes } = JSON.parse(lines.at(-1) ?? '') as { readonly nodes: readonly Row[] };
  assert.deepEqual(
    nodes.map(({ node, head, executed, applied }) => [node, head, executed, applied]),
    [
      ['sealer', 1, 1, 0],
      ['executes', 1, 1, 0],
      ['verifies-1', 1, 0, 1],
      ['verifies-2', 1, 0, 1],
      ['light', 1, 0, 0],
    ],
  );
  assert.equal(new Set(nodes.map(({ hash }) => hash)).size, 1);
  assert.doesNotMatch(stderr, /Warning|ALARM|error in/);
});

test('devnet, Ctrl-C → all nodes stop, exit code 0', { timeout: LIMIT_MS }, async () => {
  const { code, stderr } = await devnet(['--transactions', '0', '--json'], (kill) => kill('SIGINT'));
  assert.equal(code, 0, stderr);
  for (const name of ['sealer', 'executes', 'verifies-1', 'verifies-2'])
    assert.match(stderr, new RegExp(`^${name} +stopping$`, 'm'));
});

test('devnet with a flag that is none → one line that names it, exit code 2', async () => {
  for (const flags of [['--blocks', 'x'], ['--speed']]) {
    const { code, stderr } = await devnet(flags);
    assert.equal(code, 2);
    assert.match(stderr, /^devnet: [^\n]*(blocks|speed)[^\n]*\n$/);
  }
});
