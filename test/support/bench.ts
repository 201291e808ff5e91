import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

/** What a benchmark prints: where, with what, what came out. */
export type BenchReport = {
  readonly bench: string;
  readonly commit: string;
  readonly date: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly node: string;
  };
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly figures: Readonly<Record<string, unknown>>;
};

/** Prints a benchmark's result as one JSON object on standard output: what `npm run bench` collects. */
export function reportBench(
  bench: string,
  parameters: BenchReport['parameters'],
  figures: BenchReport['figures'],
): void {
  const report: BenchReport = {
    bench,
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
      node: process.version,
    },
    parameters,
    figures,
  };
  console.log(JSON.stringify(report));
}

function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    // The figures themselves, and what shows them, change with each benchmark that is saved.
    const measured = ['.', ':(exclude)docs', ':(exclude)README.md'];
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', ...measured) === '' ? '' : '+';
    return git('rev-parse', '--short', 'HEAD') + changed;
  } catch {
    return 'unknown';
  }
}

/** The middle value; the mean of the two middle ones where there is an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return Number.isInteger(half) ? (sorted[half - 1]! + sorted[half]!) / 2 : sorted[Math.floor(half)]!;
}

/** Benchmarks are modules: their arguments are these words of the command line, or `otherwise`. */
export const benchArguments = (otherwise: readonly string[]): readonly string[] =>
  process.argv.length > 2 ? process.argv.slice(2) : otherwise;
