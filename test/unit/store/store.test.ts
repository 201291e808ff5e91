import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../../client/execution/store/directory.ts';
import { metaKey, numberKey, numberOfKey } from '../../../client/execution/store/schema.ts';
import { Store } from '../../../client/execution/store/store.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const GENESIS = new Uint8Array(32).fill(7);
const rejectsWith = (code: string, message: RegExp) => (error: Error & { code?: string }) => {
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

describe('store', () => {
  test('a written batch → is there after closing and opening', async (t) => {
    const path = join(temporaryFolder(t), 'deep', 'chain');
    const store = await Store.open(path, GENESIS);
    const key = new Uint8Array(32).fill(1);
    await store.write(
      store
        .batch()
        .put('headers', key, Uint8Array.of(1))
        .put('bodies', key, Uint8Array.of(2))
        .put('canonical', numberKey(5n), key)
        .meta('head', key),
    );
    await store.close();
    const again = await Store.open(path, GENESIS);
    assert.deepEqual([...(again.get('headers', key) ?? [])], [1]);
    assert.deepEqual([...(again.get('bodies', key) ?? [])], [2]);
    assert.deepEqual(Uint8Array.from(again.canonicalHash(5n) ?? []), key);
    assert.deepEqual(Uint8Array.from(again.meta('head') ?? []), key);
    assert.equal(again.get('receipts', key), undefined);
    await again.write(again.batch().delete('headers', key));
    assert.equal(again.has('headers', key), false);
    await again.close();
  });

  test('entries of a table → in the order of their keys, those of other tables left out', async (t) => {
    const store = await Store.open(temporaryFolder(t), GENESIS);
    const batch = store.batch();
    for (const n of [300n, 2n, 256n]) batch.put('canonical', numberKey(n), Uint8Array.of(1));
    await store.write(batch.put('jobs', numberKey(3n), Uint8Array.of(1)));
    const keys: bigint[] = [];
    for await (const [key] of store.entries('canonical')) keys.push(numberOfKey(key));
    assert.deepEqual(keys, [2n, 256n, 300n]);
    await store.close();
  });

  test('rejects a height that is not a u64', () => {
    assert.throws(() => numberKey(-1n), RangeError);
    assert.throws(() => numberKey(1n << 64n), RangeError);
    assert.equal(numberOfKey(numberKey((1n << 64n) - 1n)), (1n << 64n) - 1n);
  });
});

describe('data directory', () => {
  test('rejects a second opener while the first holds it', async (t) => {
    const path = temporaryFolder(t);
    const store = await Store.open(path, GENESIS);
    await assert.rejects(Store.open(path, GENESIS), rejectsWith('storeLocked', /in use/));
    await store.close();
  });

  test('rejects a folder with other files', async (t) => {
    const path = temporaryFolder(t);
    writeFileSync(join(path, 'letter.txt'), 'x');
    await assert.rejects(Store.open(path, GENESIS), rejectsWith('storeForeign', /letter\.txt/));
    assert.deepEqual(readdirSync(path), ['letter.txt']);
  });

  test('rejects a database that another program wrote', async (t) => {
    const path = temporaryFolder(t);
    const database = await openDatabase(path);
    await database.put(Uint8Array.of(1), Uint8Array.of(2));
    await database.close();
    await assert.rejects(Store.open(path, GENESIS), rejectsWith('storeForeign', /schema version/));
  });

  test('rejects a store of another chain', async (t) => {
    const path = temporaryFolder(t);
    await (await Store.open(path, GENESIS)).close();
    await assert.rejects(Store.open(path, new Uint8Array(32)), rejectsWith('storeOtherChain', /0x0707/));
  });

  test('rejects a store of another schema version', async (t) => {
    const path = temporaryFolder(t);
    const store = await Store.open(path, GENESIS);
    await store.write(store.batch().put('meta', metaKey('version'), new TextEncoder().encode('99')));
    await store.close();
    await assert.rejects(Store.open(path, GENESIS), rejectsWith('storeVersion', /99/));
  });

  const damage: readonly (readonly [string, (path: string) => void])[] = [
    ['CURRENT is overwritten', (path) => writeFileSync(join(path, 'CURRENT'), 'junk\n')],
    ['CURRENT is missing', (path) => rmSync(join(path, 'CURRENT'))],
    [
      'the manifest is overwritten',
      (path) => {
        const manifest = readdirSync(path).find((name) => name.startsWith('MANIFEST')) ?? '';
        writeFileSync(join(path, manifest), 'junk');
      },
    ],
  ];
  for (const [name, act] of damage) {
    test(`rejects a damaged folder: ${name}`, async (t) => {
      const path = temporaryFolder(t);
      await (await Store.open(path, GENESIS)).close();
      act(path);
      await assert.rejects(Store.open(path, GENESIS), rejectsWith('storeDamaged', /damaged/));
    });
  }

  test('rejects a path below a file', async (t) => {
    const path = join(temporaryFolder(t), 'file');
    writeFileSync(path, '');
    await assert.rejects(Store.open(join(path, 'chain'), GENESIS), rejectsWith('storeUnopenable', /cannot be used/));
  });
});

describe('kill -9 while writing', () => {
  const writer = fileURLToPath(new URL(`../../support/store-writer${import.meta.url.slice(-3)}`, import.meta.url));
  const loader = writer.endsWith('.ts') ? ['--import', 'tsx'] : [];

  test('every batch reported as stored is there, and every batch is whole', async (t) => {
    const path = temporaryFolder(t);
    mkdirSync(path, { recursive: true });
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, [...loader, writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      let reported = -1n;
      child.stdout.on('data', (chunk: Buffer) => {
        const complete = chunk.toString().trimEnd().split('\n');
        reported = BigInt(complete.at(-1) ?? '-1');
        if (reported >= BigInt(40 + 17 * round)) child.kill('SIGKILL');
      });
      await new Promise((resolve) => child.on('close', resolve));
      const store = await Store.open(path, new Uint8Array(32));
      const head = numberOfKey(store.meta('head') ?? new Uint8Array(8));
      assert.ok(reported >= 40n);
      assert.ok(head >= reported, `head ${head} < reported ${reported}`);
      for (let n = 0n; n <= head; n++) {
        for (const table of ['headers', 'bodies', 'receipts', 'witnesses'] as const) {
          assert.equal(store.get(table, numberKey(n))?.length, 10_000);
        }
      }
      assert.equal(store.has('headers', numberKey(head + 1n)), false);
      await store.close();
      rmSync(path, { recursive: true });
      mkdirSync(path);
    }
  });
});
