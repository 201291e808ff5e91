import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadOrCreateKey } from '../../../client/p2p/host/key-file.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('key file that is absent → made with mode 600, the same key afterwards', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'libp2p', 'key');
  const key = await loadOrCreateKey(path);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.match(readFileSync(path, 'utf8'), /^[0-9a-f]{64}\n$/);
  assert.ok((await loadOrCreateKey(path)).equals(key));
  assert.deepEqual(readdirSync(join(folder, 'libp2p')), ['key']);
});

test('key file made twice at once → one key', async (t) => {
  const path = join(temporaryFolder(t), 'key');
  const [a, b] = await Promise.all([loadOrCreateKey(path), loadOrCreateKey(path)]);
  assert.ok(a.equals(b));
});

test('key file that others may read → keyFileExposed', async (t) => {
  const path = join(temporaryFolder(t), 'key');
  await loadOrCreateKey(path);
  chmodSync(path, 0o640);
  await assert.rejects(loadOrCreateKey(path), { code: 'keyFileExposed' });
});

test('key file with other content → keyFileMalformed, and it stays', async (t) => {
  const path = join(temporaryFolder(t), 'key');
  for (const text of ['', '00'.repeat(31), `${'00'.repeat(33)}\n`, 'g'.repeat(64)]) {
    writeFileSync(path, text, { mode: 0o600 });
    await assert.rejects(loadOrCreateKey(path), { code: 'keyFileMalformed' });
    assert.equal(readFileSync(path, 'utf8'), text);
  }
});

test('key file in a place that cannot be written → keyFileUnreadable', async (t) => {
  const path = join(temporaryFolder(t), 'file');
  writeFileSync(path, '');
  await assert.rejects(loadOrCreateKey(join(path, 'key')), { code: 'keyFileUnreadable' });
});
