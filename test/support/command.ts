import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { runCommandLine } from '../../client/cli/command-line.ts';
import { repoRoot } from './data.ts';

export type CommandResult = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

const LIMIT_MS = 240_000;

/**
 * How a real `zkl1-node` process is started: the compiled client beside compiled tests,
 * the sources where the tests themselves run from source.
 */
export function nodeArguments(): readonly string[] {
  return import.meta.url.endsWith('.ts')
    ? ['--import', 'tsx', join(repoRoot(), 'client', 'main.ts')]
    : [join(repoRoot(), 'dist', 'client', 'main.js')];
}

/** The compiled client, whatever the tests run from: `ensureDist` first. */
export const builtNode = (): readonly string[] => [join(repoRoot(), 'dist', 'client', 'main.js')];

/** Starts `zkl1-node` with the arguments; standard input is closed. */
export function spawnNode(args: readonly string[], cwd = repoRoot(), program = nodeArguments()): ChildProcess {
  return spawn(process.execPath, [...program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs `zkl1-node` to its end. */
export async function runNode(args: readonly string[]): Promise<CommandResult> {
  const child = spawnNode(args);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearTimeout(timer);
  return { exitCode, stdout, stderr };
}

/** What `runNode` gives, from this process: for commands that end by themselves, many of them in one test. */
export async function runHere(args: readonly string[]): Promise<CommandResult> {
  const written = { stdout: '', stderr: '' };
  const screen = (name: 'stdout' | 'stderr') => ({
    write: (text: string): void => {
      written[name] += text;
    },
  });
  const exitCode = await runCommandLine(args, { stdout: screen('stdout'), stderr: screen('stderr') });
  return { exitCode, ...written };
}

/** The one JSON object that a command printed with `--json`; throws when standard output holds anything else. */
export function jsonOf(result: CommandResult): Record<string, unknown> {
  const lines = result.stdout.trimEnd().split('\n');
  if (lines.length !== 1)
    throw new Error(`expected one line on standard output, got ${lines.length}: ${result.stdout}`);
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
}
