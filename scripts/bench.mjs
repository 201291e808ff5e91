import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments, refuse } from './lib/arguments.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { renderFigures } from './lib/figures.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { root } from './lib/root.mjs';

const SUFFIX = '.bench.ts';
const benches = readdirSync(join(root, 'test', 'bench'))
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();
const USAGE = `
npm run bench [-- FILTER[=NAME,NAME…] …] [--save]

Runs the benchmarks whose name contains a filter (by default all), each in a process of its own, and prints their figures,
one JSON object per line: ${benches.join(', ')}.

  prove=NAME,NAME   for these blocks in place of its own; also executor, validation and verify
  --save            puts the figures into docs/figures.json, in place of those of the same benchmark and parameters, and
                    renders the README's tables, docs/targets.md and docs/stages.svg again
`;

const { values, positionals } = readArguments('bench', USAGE, { save: { type: 'boolean', default: false } }, true);
const { save } = values;
const wanted = positionals.map((a) => ({ filter: a.split('=')[0], args: a.split('=')[1]?.split(',') ?? [] }));
for (const { filter } of wanted)
  if (!benches.some((bench) => bench.includes(filter))) refuse('bench', `there is no benchmark ${filter}`);
ensureInstalled();
await ensureBuilt();
const folder = join(root, 'dist', 'test', 'bench');

const reports = [];
let failed = 0;
for (const bench of benches) {
  const match = wanted.find(({ filter }) => bench.includes(filter));
  if (wanted.length > 0 && match === undefined) continue;
  console.error(`bench ${bench}`);
  const run = spawnSync(process.execPath, ['--expose-gc', join(folder, `${bench}.bench.js`), ...(match?.args ?? [])], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: root,
    maxBuffer: 2 ** 26,
  });
  if (run.status !== 0) {
    console.error(`bench ${bench} ended with ${run.status ?? run.signal}`);
    failed++;
  }
  for (const line of run.stdout.split('\n').filter((l) => l.startsWith('{'))) {
    console.log(line);
    reports.push(JSON.parse(line));
  }
}
if (save && reports.length > 0) {
  const path = join(root, 'docs', 'figures.json');
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
  const key = (r) => JSON.stringify([r.bench, r.parameters]);
  const replaced = new Set(reports.map(key));
  const all = [...before.filter((r) => !replaced.has(key(r))), ...reports].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  writeFileSync(path, `[\n${all.map((r) => `  ${JSON.stringify(r)}`).join(',\n')}\n]\n`);
  renderFigures();
}
process.exitCode = failed === 0 ? 0 : 1;
