import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { metaKey, numberOfKey, SCHEMA_VERSION } from '../../../client/execution/store/schema.ts';
import { Store } from '../../../client/execution/store/store.ts';
import { SealedChain } from '../../support/sealed-chain.ts';
import { openChain } from '../../support/stored-chain.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('schema versions', () => {
  test('a store of version 1 → becomes one of this version, once, and its chain goes on', async (t) => {
    const path = temporaryFolder(t);
    const chain = await SealedChain.create(1);
    const [first, second] = await chain.buildMany(chain.genesis.block, 2);
    assert.ok(first && second);
    const { store, importer } = await openChain(path, chain.genesis);
    await importer.importExecuted(first.block, first.seal);
    // What version 1 did not have, and the one thing that it had instead.
    const batch = store.batch().meta('version', text('1')).put('witnesses', chain.genesis.block.hash(), text('empty'));
    for (const key of ['executed', 'applied'] as const) batch.delete('meta', metaKey(key));
    for (const table of ['seals', 'diffs', 'sealed'] as const) {
      for await (const [key] of store.entries(table)) batch.delete(table, key);
    }
    await store.write(batch);
    await store.close();

    const again = await openChain(path, chain.genesis);
    assert.equal(new TextDecoder().decode(again.store.meta('version')), `${SCHEMA_VERSION}`);
    assert.equal(again.store.has('witnesses', chain.genesis.block.hash()), false);
    assert.deepEqual(again.importer.counters(), { executed: 1n, applied: 0n, siblingsRefused: 0n });
    const { result } = await again.importer.importExecuted(second.block, second.seal);
    assert.equal(result.kind, 'head');
    assert.deepEqual(again.importer.counters(), { executed: 2n, applied: 0n, siblingsRefused: 0n });
    await again.store.close();
  });

  test('an empty store of version 1 → migrated', async (t) => {
    const path = temporaryFolder(t);
    const store = await Store.open(path, new Uint8Array(32));
    await store.write(store.batch().meta('version', text('1')));
    await store.close();
    const again = await Store.open(path, new Uint8Array(32));
    assert.equal(numberOfKey(again.meta('executed') ?? new Uint8Array(8).fill(9)), 0n);
    await again.close();
  });

  for (const version of [`${SCHEMA_VERSION + 1}`, '0', '', '1.0', 'constructor', '-1']) {
    test(`rejects schema version "${version}" → storeVersion, leaving it as it was`, async (t) => {
      const path = temporaryFolder(t);
      const store = await Store.open(path, new Uint8Array(32));
      await store.write(store.batch().meta('version', text(version)));
      await store.close();
      await assert.rejects(Store.open(path, new Uint8Array(32)), { code: 'storeVersion' });
      await assert.rejects(Store.open(path, new Uint8Array(32)), { code: 'storeVersion' });
    });
  }
});
