import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, reportBench } from '../support/bench.ts';
import { benchBlocks } from '../support/bench-proofs.ts';

/**
 * Real blocks proven and verified by the command line, as a user does it: one process each, all cores. Arguments are
 * blocks by name; long ones take minutes.
 */
const BLOCKS = ['mainnet-1', 'mainnet-2675001', 'mainnet-21688509'];
/** Shorter proofs are made several times. */
const REPEATED_BELOW_MS = 30_000;
const RUNS = 3;
const MAIN = join(import.meta.dirname, '..', '..', 'client', 'main.js');
const HEAP = '--max-old-space-size=8192';

type ProveJson = {
  readonly provingMs: number;
  readonly proofBytes: number;
  readonly segments: number;
  readonly instructions: number;
  readonly cells: number;
  readonly interactions: number;
  readonly peakRssBytes: number;
  readonly stages: Readonly<Record<string, number>>;
};

const folder = mkdtempSync(join(tmpdir(), 'zkl1-bench-'));
try {
  for (const { name, file: block } of benchBlocks(BLOCKS)) {
    const proof = join(folder, `${name}.proof`);
    const runs: ProveJson[] = [];
    do runs.push(prove(block, proof));
    while (runs.length < RUNS && runs[0]!.provingMs < REPEATED_BELOW_MS);
    const best = runs.reduce((a, b) => (b.provingMs < a.provingMs ? b : a));
    const work = best.cells + 1.5 * best.interactions;
    const verifyMs = [1, 2, 3].map(() => verifyOnce(proof));
    reportBench(
      'prove',
      { block: name, command: 'prove', profile: 'P100', backend: 'wasm' },
      {
        ...measured(best),
        runs: runs.length,
        medianProvingMs: median(runs.map((r) => r.provingMs)),
        workPerSecond: Math.round((1000 * work) / best.provingMs),
        verifyMs: Math.round(Math.min(...verifyMs)),
      },
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** The figures among what `prove` prints. */
function measured(json: ProveJson): ProveJson {
  const { provingMs, proofBytes, segments, instructions, cells, interactions, peakRssBytes, stages } = json;
  return { provingMs, proofBytes, segments, instructions, cells, interactions, peakRssBytes, stages };
}

function prove(block: string, proof: string): ProveJson {
  const { status, stdout, stderr } = spawnSync(process.execPath, [HEAP, MAIN, 'prove', block, '-o', proof, '--json'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 24,
  });
  if (status !== 0) throw new Error(`prove ended with ${status}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as ProveJson;
}

function verifyOnce(proof: string): number {
  const out = execFileSync(process.execPath, [MAIN, 'verify', proof, '--json'], { encoding: 'utf8' });
  return (JSON.parse(out) as { readonly verifyMs: number }).verifyMs;
}
