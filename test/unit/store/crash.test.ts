import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { executeBlock } from '../../../client/execution/state/execute-block.ts';
import { chainData } from '../../../client/execution/store/chain-data.ts';
import { Store } from '../../../client/execution/store/store.ts';
import { bytesOf, hexOf } from '../../support/bytes.ts';
import { devAddress } from '../../support/memory-chain.ts';
import { SealedChain } from '../../support/sealed-chain.ts';
import { openChain } from '../../support/stored-chain.ts';
import { temporaryFolder } from '../../support/temporary.ts';

/** `ZKL1_TEST_FULL=1` kills more often. */
const ROUNDS = process.env.ZKL1_TEST_FULL === '1' ? 20 : 4;
const writer = fileURLToPath(new URL(`../../support/chain-writer${import.meta.url.slice(-3)}`, import.meta.url));
const loader = writer.endsWith('.ts') ? ['--import', 'tsx'] : [];

/** Runs the writer until it has reported some more blocks than before; returns all that it reported. */
async function killedWriter(path: string, reports: number, delayMs: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [...loader, writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (timer === undefined && text.split('\n').length > reports) {
      timer = setTimeout(() => child.kill('SIGKILL'), delayMs);
    }
  });
  await new Promise((resolve) => child.on('close', resolve));
  return text.split('\n').slice(0, -1);
}

describe('kill -9 of a process that imports', () => {
  test('again and again in one folder → all that was reported is there, whole, and the chain goes on', async (t) => {
    const path = temporaryFolder(t);
    const chain = await SealedChain.create(2);
    let head = 0n;
    for (let round = 0; round < ROUNDS; round++) {
      const reported = await killedWriter(path, 6 * (round + 1), 7 * round);
      const { store, view, importer, executor } = await openChain(path, chain.genesis);
      const data = chainData(store);
      for (const hash of reported) {
        const block = view.blockByHash(bytesOf(hash));
        assert.ok(block, `block ${hash} was reported in round ${round} and is not there`);
        for (const table of ['body', 'receipts', 'stateDiff'] as const) assert.ok(data[table](bytesOf(hash)), table);
        assert.equal(data.sealedHeader(bytesOf(hash))?.seal.length, 65);
        const transfers = executor.account(block.header.stateRoot, bytesOf(devAddress(5)))?.balance ?? 0n;
        assert.equal(transfers, 10_000n * 10n ** 18n + block.header.number);
      }
      assert.ok(importer.head().header.number >= head, 'the head went back');
      head = importer.head().header.number;
      let stored = 0n;
      for await (const _ of store.entries('headers')) stored++;
      const { executed, applied } = importer.counters();
      assert.equal(executed + applied + 1n, stored);
      let canonical = 0n;
      for await (const _ of store.entries('canonical')) canonical++;
      assert.equal(canonical, head + 1n);
      for (let block = importer.head(); block.header.number > 0n; block = view.requireBlock(block.header.parentHash)) {
        assert.ok(view.isCanonical(block));
        for (const [index, transaction] of block.transactions.entries()) {
          const place = view.findTransaction(transaction.hash());
          assert.deepEqual(
            [hexOf(place?.block.hash() ?? new Uint8Array()), place?.index],
            [hexOf(block.hash()), index],
          );
        }
        const witness = view.witness(block.hash());
        if (witness !== undefined) await executeBlock(chain.genesis.network, block, ContentMap.ofWitness(witness));
      }
      for await (const _ of importer.sealerFaults()) assert.fail('a sealer is accused');
      await store.close();
    }
    assert.ok(head > 12n, `head ${head}`);
  });
});

describe('a disk that is full', () => {
  const canLimit = process.platform === 'linux';
  test(
    'a write beyond the limit of a file’s size → storeFull, and the store as it was',
    canLimit ? {} : { skip: 'needs ulimit' },
    async (t) => {
      const path = temporaryFolder(t);
      const filler = fileURLToPath(new URL(`../../support/store-filler${import.meta.url.slice(-3)}`, import.meta.url));
      const node = [process.execPath, ...loader, filler, path].map((word) => `'${word}'`).join(' ');
      // 1024 blocks of 1 KiB; without the trap the signal would end the process before the write could fail.
      const child = spawn('bash', ['-c', `trap '' XFSZ; ulimit -f 1024; exec ${node}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      await new Promise((resolve) => child.on('close', resolve));
      const lines = text.trim().split('\n');
      assert.match(lines.at(-1) ?? '', /^storeFull storeFull no space left for data directory/);
      const reported = lines.length - 1;
      const store = await Store.open(path, new Uint8Array(32));
      let entries = 0;
      for await (const _ of store.entries('headers')) entries++;
      assert.equal(entries, reported);
      assert.ok(reported > 1);
      await store.write(store.batch().put('headers', new Uint8Array(32), Uint8Array.of(1)));
      await store.close();
    },
  );
});

describe('a truncated database', () => {
  test('its table files cut short → storeDamaged at opening or reading, never another value', async (t) => {
    const path = temporaryFolder(t);
    const store = await Store.open(path, new Uint8Array(32));
    const KEYS = 200;
    const value = (n: number): Uint8Array => new Uint8Array(65_536).map((_, i) => (i * 31 + n * 7 + (i >> 8)) & 255);
    const key = (n: number): Uint8Array => new Uint8Array(32).fill(n);
    // Several times what LevelDB keeps in its log before it writes a table file.
    for (let n = 0; n < KEYS; ) {
      const batch = store.batch();
      for (const end = n + 50; n < end; n++) batch.put('nodes', key(n), value(n));
      await store.write(batch);
    }
    await store.close();
    const tables = readdirSync(path).filter((name) => /\.(ldb|sst)$/.test(name));
    assert.ok(tables.length > 0);
    for (const name of tables) truncateSync(join(path, name), readFileSync(join(path, name)).length >> 1);
    await assert.rejects(
      async () => {
        const again = await Store.open(path, new Uint8Array(32));
        try {
          for (let n = 0; n < KEYS; n++) {
            const found = again.get('nodes', key(n));
            if (found !== undefined) assert.equal(hexOf(found), hexOf(value(n)));
          }
        } finally {
          await again.close();
        }
      },
      { code: 'storeDamaged' },
    );
  });
});
