// `npm run bench [-- filter…] [--save]`: runs the benchmarks whose name contains a filter, each in a process of its own, and
// prints their JSON, one object per line. `prove=NAME,NAME` gives a benchmark its arguments. With --save the objects
// replace those of the same benchmark and parameters in docs/figures.json, and the README's tables are rendered again.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { renderReadme } from './lib/figures.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { root } from './lib/root.mjs';

ensureInstalled();
await ensureBuilt();

const save = process.argv.includes('--save');
const wanted = process.argv
  .slice(2)
  .filter((a) => !a.startsWith('--'))
  .map((a) => ({ filter: a.split('=')[0], args: a.split('=')[1]?.split(',') ?? [] }));
const folder = join(root, 'dist', 'test', 'bench');
const benches = readdirSync(folder)
  .filter((f) => f.endsWith('.bench.js'))
  .map((f) => f.replace('.bench.js', ''))
  .sort();

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
  renderReadme();
}
process.exitCode = failed === 0 ? 0 : 1;
