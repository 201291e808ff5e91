import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments } from './lib/arguments.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { root } from './lib/root.mjs';

const BLOCKS = ['mainnet-1150001', 'mainnet-21688509', 'mainnet-24628607'];
const REPORT = join(root, 'docs', 'check-full.json');

const USAGE = `
npm run check:full [-- NAME …] [--status]

What every commit has no time for: checks every row of larger real blocks, proves and verifies ${BLOCKS.length} by the command line, and
writes docs/check-full.json: commit, machine, date, keys and what was seen. Blocks by name: these are proven, and no row
is checked.

  --status   ends with 1 unless that report's keys are this build's, and does nothing else
`;
const { values, positionals } = readArguments(
  'check:full',
  USAGE,
  { status: { type: 'boolean', default: false } },
  true,
);
ensureInstalled();
await ensureBuilt();
const { ACCEPTED_KEYS } = await import(join(root, 'dist/client/prover/verifier/accepted-keys.js'));
const keys = ACCEPTED_KEYS.map((k) => k.digest);

if (values.status) status();
else run(positionals);

function status() {
  if (!existsSync(REPORT)) {
    console.error('error: no full check is on record: run npm run check:full');
    process.exitCode = 1;
    return;
  }
  const report = JSON.parse(readFileSync(REPORT, 'utf8'));
  const same = JSON.stringify(report.keys) === JSON.stringify(keys);
  const what = `the last full check (${report.date}, commit ${report.commit})`;
  if (same) console.log(`${what} is of this build's keys`);
  else console.error(`error: ${what} is of other keys than this build's: run npm run check:full`);
  process.exitCode = same ? 0 : 1;
}

/** Row checks of the real blocks, the larger one included. */
function checkRows() {
  console.error('checking rows');
  const test = join(root, 'dist', 'test', 'conformance', 'prover', 'row-check.test.js');
  const { status, stdout } = spawnSync(process.execPath, ['--max-old-space-size=12000', '--test', test], {
    encoding: 'utf8',
    env: { ...process.env, ZKL1_TEST_FULL: '1' },
  });
  if (status !== 0) throw new Error(`the row check failed: ${stdout.slice(-2000)}`);
  const passed = [...stdout.matchAll(/(mainnet-\d+) in the machine/g)].map(([, name]) => name);
  return [...new Set(passed)];
}

function run(names) {
  const rowsChecked = names.length > 0 ? [] : checkRows();
  const data = process.env.ZKL1_TEST_DATA ?? join(root, '..', 'shared', 'data');
  const folder = mkdtempSync(join(tmpdir(), 'zkl1-check-'));
  const main = join(root, 'dist', 'client', 'main.js');
  const cli = (...args) => {
    const start = performance.now();
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--max-old-space-size=12000', main, ...args, '--json'],
      {
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      },
    );
    if (status !== 0) throw new Error(`${args.join(' ')}: ended with ${status}: ${stdout}${stderr.slice(-2000)}`);
    return { ...JSON.parse(stdout), seconds: Math.round((performance.now() - start) / 100) / 10 };
  };
  const blocks = [];
  try {
    for (const name of names.length > 0 ? names : BLOCKS) {
      const file = join(data, 'blocks', `${name}.json`);
      const proof = join(folder, `${name}.proof`);
      console.error(`proving ${name}`);
      const { seconds, proofBytes, segments, instructions, cells, interactions, peakRssBytes } = cli(
        'prove',
        file,
        '-o',
        proof,
      );
      const { ok, claim, verifyMs } = cli('verify', proof);
      blocks.push({
        name,
        ok,
        blockHash: claim.blockHash,
        seconds,
        proofBytes,
        segments,
        instructions,
        cells,
        interactions,
        peakRssBytes,
        verifyMs,
      });
      console.error(`${name}: proven in ${seconds} s, verified in ${Math.round(verifyMs)} ms`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', cwd: root }).trim();
  const machine = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, node: process.version };
  const report = { commit, date: new Date().toISOString().slice(0, 10), machine, keys, rowsChecked, blocks };
  writeFileSync(REPORT, `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(JSON.stringify(report));
}
