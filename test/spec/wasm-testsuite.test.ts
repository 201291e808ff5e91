import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataDir, needsData } from '../support/data.ts';
import { compiledMachine, fastMachine, hasWast2json, referenceMachine, runWast } from '../support/wast/run.ts';

/** Assertions of the integer subset that the executors run and pass. */
const PASSED = 6778;

const skip = hasWast2json() ? needsData() : { skip: 'needs wast2json (package wabt)' };

for (const [name, create] of [
  ['reference', referenceMachine],
  ['fast', fastMachine],
  ['compiling', compiledMachine],
] as const) {
  test(`WebAssembly testsuite on the ${name} executor → every assertion of the integer subset holds`, skip, (t) => {
    const dir = join(dataDir()!, 'wasm-testsuite');
    const reports = readdirSync(dir)
      .filter((f) => f.endsWith('.wast'))
      .map((f) => runWast(join(dir, f), create));
    const excluded = new Map<string, number>();
    for (const r of reports)
      for (const [reason, n] of r.excluded) excluded.set(reason, (excluded.get(reason) ?? 0) + n);
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
}
