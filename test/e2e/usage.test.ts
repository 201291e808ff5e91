import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { jsonOf, runNode } from '../support/command.ts';
import { repoRoot } from '../support/data.ts';

describe('command line', () => {
  test('--version → the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(repoRoot(), 'package.json'), 'utf8')) as { version: string };
    const result = await runNode(['--version']);
    assert.deepEqual(result, { exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('an unknown option → one line that names it, exit code 2', async () => {
    const result = await runNode(['--bogus']);
    assert.equal(result.exitCode, 2);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /^zkl1-node: .*bogus.*\n$/);
  });

  test('an unknown command → one line that names it, exit code 2', async () => {
    const result = await runNode(['frobnicate']);
    assert.equal(result.exitCode, 2);
    assert.match(result.stderr, /^zkl1-node: .*frobnicate.*\n$/);
  });

  test('flags of a part that is not on → one line that names the first, exit code 2', async () => {
    for (const [flag, part] of [
      ['--prove.threads=2', '--prove'],
      ['--seal.max-unproven=3', '--seal'],
    ] as const) {
      const result = await runNode(['--dev', flag]);
      assert.equal(result.exitCode, 2);
      assert.equal(result.stderr, `zkl1-node: ${flag.split('=')[0]} says nothing without ${part}\n`);
    }
  });

  test('a usage error with --json → one JSON object with ok false', async () => {
    const result = await runNode(['--bogus', '--json']);
    assert.equal(result.exitCode, 2);
    const { ok, error } = jsonOf(result) as { ok: boolean; error: { code: string; message: string } };
    assert.equal(ok, false);
    assert.equal(error.code, 'usage');
    assert.match(error.message, /bogus/);
  });
});
