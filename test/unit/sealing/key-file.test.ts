import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { DEV_ACCOUNT_KEYS } from '../../../client/execution/sealing/dev-accounts.ts';
import { loadSealerKey } from '../../../client/execution/sealing/key-file.ts';
import { hexOf } from '../../support/bytes.ts';
import { temporaryFolder } from '../../support/temporary.ts';

function written(path: string, text: string, mode = 0o600): string {
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('sealing key file', () => {
  test('no file → a key is made, for its owner alone, and is the same at the next start', (t) => {
    const path = join(temporaryFolder(t), 'seal.key');
    const made = loadSealerKey(path);
    assert.equal(made.isNew, true);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const again = loadSealerKey(path);
    assert.deepEqual([again.isNew, again.address, again.key], [false, made.address, made.key]);
  });

  test('a key that was given, with or without 0x → its address', (t) => {
    const folder = temporaryFolder(t);
    for (const text of [`${DEV_ACCOUNT_KEYS[0]}\n`, (DEV_ACCOUNT_KEYS[0] ?? '').slice(2)]) {
      const { address } = loadSealerKey(written(join(folder, 'seal.key'), text));
      assert.equal(hexOf(address), '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266');
    }
  });

  test('rejects a file that others may read → sealKeyExposed, with the command that helps', (t) => {
    for (const mode of [0o640, 0o604, 0o660]) {
      const path = written(join(temporaryFolder(t), 'seal.key'), DEV_ACCOUNT_KEYS[0] ?? '', mode);
      assert.throws(() => loadSealerKey(path), { code: 'sealKeyExposed', message: /chmod 600/ });
    }
  });

  for (const [what, text] of [
    ['text', 'correct horse battery staple'],
    ['63 digits', 'a'.repeat(63)],
    ['the key 0', '0'.repeat(64)],
    ['a key above the group order', 'f'.repeat(64)],
    ['nothing', ''],
    ['two keys', `${'1'.repeat(64)}\n${'2'.repeat(64)}`],
    ['a megabyte', 'a'.repeat(1 << 20)],
  ] as const) {
    test(`rejects a file that holds ${what} → sealKeyInvalid, without its content`, (t) => {
      const path = written(join(temporaryFolder(t), 'seal.key'), text);
      assert.throws(
        () => loadSealerKey(path),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'sealKeyInvalid');
          assert.ok(text.length < 4 || !error.message.includes(text.slice(0, 8)));
          return true;
        },
      );
      assert.equal(readFileSync(path, 'utf8'), text);
    });
  }

  test('rejects a folder and a path below a file → sealKeyUnreadable', (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, 'sub'));
    assert.throws(() => loadSealerKey(join(folder, 'sub')), { code: 'sealKeyUnreadable' });
    written(join(folder, 'file'), '');
    assert.throws(() => loadSealerKey(join(folder, 'file', 'seal.key')), { code: 'sealKeyUnreadable' });
    assert.throws(() => loadSealerKey(join(folder, 'absent', 'seal.key')), { code: 'sealKeyUnreadable' });
  });
});
