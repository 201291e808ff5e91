import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataDir, needsData } from '../support/data.ts';
import { hasWast2json, runWast } from '../support/wast/run.ts';

/** Assertions of the integer subset that the reference executor runs and passes. */
const PASSED = 6778;

const skip = hasWast2json() ? needsData() : { skip: 'needs wast2json (package wabt)' };

test('WebAssembly testsuite on the executor → every assertion of the integer subset holds', skip, (t) => {
  const dir = join(dataDir()!, 'wasm-testsuite');
  const reports = readdirSync(dir)
    .filter((f) => f.endsWith('.wast'))
    .map((f) => runWast(join(dir, f)));
  const excluded = new Map<string, number>();
  for (const r of reports) for (const [reason, n] of r.excluded) excluded.set(reason, (excluded.get(reason) ?? 0) + n);
  const total = reports.reduce((n, r) => n + r.total, 0);
  const passed = reports.reduce((n, r) => n + r.passed, 0);
  t.diagnostic(`assertions: ${total} in all, ${passed} run and passed`);
  for (const [reason, n] of excluded) t.diagnostic(`excluded: ${n} (${reason})`);
  assert.deepEqual(
    reports.flatMap((r) => r.failures),
    [],
  );
  assert.equal(passed, PASSED);
});
