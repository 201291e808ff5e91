import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { readArguments } from './lib/arguments.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { root } from './lib/root.mjs';

/** A file that takes longer hangs. */
const FILE_TIMEOUT_MS = 20 * 60_000;

const USAGE = `
npm test [-- FILTER …]

Installs and builds what is missing, then runs the tests whose path contains a filter, by default all. What needs Rust or a
system package that is not there is skipped by name. With ZKL1_TEST_FULL=1 tests of chance try more.
`;
const { positionals: filters } = readArguments('test', USAGE, {}, true);

ensureInstalled();
await ensureBuilt();

const sources = testFiles('test').filter((path) => filters.length === 0 || filters.some((f) => path.includes(f)));
const files = sources.map((path) => join(root, 'dist', path.replace(/\.ts$/, '.js')));

const counts = { passed: 0, failed: 0, skipped: 0 };
const skipped = [];
const failed = [];

if (files.length > 0) {
  const events = run({ files, concurrency: Math.min(2, availableParallelism()), timeout: FILE_TIMEOUT_MS });
  events.on('test:pass', (event) => {
    if (event.details.type === 'suite') return;
    if (isWholeFile(event)) return fail(event, 'holds no test');
    if (event.skip !== undefined || event.todo !== undefined) {
      counts.skipped++;
      const reason = event.skip ?? event.todo;
      skipped.push(`${event.name}: ${typeof reason === 'string' && reason !== '' ? reason : 'no reason given'}`);
    } else {
      counts.passed++;
    }
  });
  events.on('test:fail', (event) => {
    if (event.details.type !== 'suite' || event.details.error?.failureType !== 'subtestsFailed') fail(event);
  });
  events.compose(spec).pipe(process.stdout);
  await new Promise((resolve, reject) => {
    process.stdout.on('unpipe', resolve);
    events.on('error', reject);
  });
}

if (failed.length > 0) console.log(`\nfailed:\n${failed.map((line) => `  ${line}`).join('\n')}`);
if (skipped.length > 0) console.log(`\nskipped:\n${skipped.map((line) => `  ${line}`).join('\n')}`);
const ran = counts.passed + counts.failed > 0;
if (!ran) console.log(filters.length > 0 ? `\nno test ran: nothing matches ${filters.join(' ')}` : '\nno test ran');
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = ran && counts.failed === 0 ? 0 : 1;

function fail(event, reason = '') {
  counts.failed++;
  const parts = isWholeFile(event) ? [inRoot(event.name), reason] : [inRoot(event.file ?? ''), event.name, reason];
  failed.push(parts.filter((part) => part !== '').join(' · '));
}

function inRoot(path) {
  return path.startsWith(root) ? path.slice(root.length + 1) : path;
}

/** The runner reports a file without tests as one passed test that bears the file's name. */
function isWholeFile(event) {
  return event.nesting === 0 && files.includes(event.name);
}

function testFiles(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return testFiles(path);
      return entry.name.endsWith('.test.ts') ? [path] : [];
    })
    .sort();
}
