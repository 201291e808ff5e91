import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { systemReason } from '../../../client/errors.ts';
import { privateGenesis } from '../../../client/node/private-genesis.ts';
import { temporaryFolder } from '../../support/temporary.ts';

describe('errors of the system', () => {
  const cases: readonly (readonly [string, (folder: string) => unknown, string])[] = [
    ['a file that is not there', (folder) => readFileSync(join(folder, 'x')), 'no such file or folder'],
    ['a folder read as a file', (folder) => readFileSync(folder), 'it is a folder'],
    ['a path below a file', (folder) => readFileSync(join(folder, 'file', 'x')), 'a part of the path is not a folder'],
    ['a folder that exists', (folder) => mkdirSync(folder), 'file already exists'],
    ['a name that is too long', (folder) => writeFileSync(join(folder, 'a'.repeat(5000)), ''), 'name too long'],
  ];
  for (const [what, act, reason] of cases)
    test(`${what} → words without code, call and path`, (t) => {
      const folder = temporaryFolder(t);
      writeFileSync(join(folder, 'file'), '');
      assert.throws(
        () => act(folder),
        (error) => systemReason(error) === reason,
      );
    });

  test('an address that is not of this machine → words without code, call and address', async () => {
    const error = await new Promise((resolve) =>
      createServer().once('error', resolve).listen({ port: 0, host: '192.0.2.1' }),
    );
    assert.equal(systemReason(error), 'address not available');
  });

  test('an error of anything else → its message', () => {
    assert.equal(systemReason(new Error('ENOENT: a code that nobody gave')), 'ENOENT: a code that nobody gave');
    assert.equal(systemReason(Object.assign(new Error('odd'), { code: 'constructor' })), 'odd');
    assert.equal(systemReason('text'), 'text');
  });
});

describe('a genesis file', () => {
  const cases: readonly (readonly [string, (path: string) => void, RegExp])[] = [
    ['that is not there', () => {}, /^genesis file \S+ does not exist$/],
    ['that is a folder', (path) => mkdirSync(path), /^genesis file \S+ cannot be read: it is not a regular file$/],
    ['that is not JSON', (path) => writeFileSync(path, '{'), /^genesis file \S+ is not JSON: /],
  ];
  for (const [what, make, message] of cases)
    test(`${what} → genesisUnreadable, says so`, async (t) => {
      const path = join(temporaryFolder(t), 'genesis.json');
      make(path);
      await assert.rejects(privateGenesis(path), { code: 'genesisUnreadable', message });
    });
});
