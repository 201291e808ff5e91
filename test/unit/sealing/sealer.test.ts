import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Block } from '@ethereumjs/block';
import type { TypedTransaction } from '@ethereumjs/tx';
import { Address } from '@ethereumjs/util';
import { DEV_ACCOUNT_KEYS } from '../../../client/execution/sealing/dev-accounts.ts';
import { recoverSealer } from '../../../client/execution/sealing/seal.ts';
import { Sealer, type SealerModules, type SealerOptions } from '../../../client/execution/sealing/sealer.ts';
import { bytesOf, hexOf } from '../../support/bytes.ts';
import { devAddress } from '../../support/memory-chain.ts';
import { PERIOD, SealedChain } from '../../support/sealed-chain.ts';
import { storedChain } from '../../support/stored-chain.ts';

const START_MS = 1_800_000_000_000;
const STEP_MS = 500;
const PERIOD_MS = Number(PERIOD) * 1000;

/** Sealers with a store each, whose blocks reach all others at once while they are connected. */
async function network(t: TestContext, count: number, options: Partial<SealerOptions & SealerModules> = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START_MS });
  const chain = await SealedChain.create(count);
  const connected = new Set<number>();
  const errors: unknown[] = [];
  const faults: unknown[] = [];
  /** sealers that have begun a block and not looked for the next one since */
  const building = new Set<number>();
  /** The clock stands while anybody builds. */
  const settled = async (): Promise<void> => {
    for (let idle = 0; idle < 10; idle = building.size === 0 ? idle + 1 : 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  /** Brings a node whatever it lacks of another's chain. */
  const deliver = async (from: number, to: number): Promise<void> => {
    const { importer, view, store } = nodes[from] as (typeof nodes)[number];
    for (let n = 1n; n <= importer.head().header.number; n++) {
      const block = view.canonicalBlock(n) as Block;
      await nodes[to]?.importer.importExecuted(block, store.get('seals', block.hash()) ?? new Uint8Array());
    }
  };
  const nodes = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const stored = await storedChain(t, chain.genesis, {
        onFault: (fault) => faults.push(fault),
        onHead: () => sealer.wake(),
      });
      const { importer, executor } = stored;
      const sealer: Sealer = new Sealer(
        {
          key: bytesOf(DEV_ACCOUNT_KEYS[i] ?? ''),
          coinbase: new Address(new Uint8Array(20)),
          extraData: Uint8Array.of(i),
          ...options,
        },
        {
          ...{ network: chain.genesis.network, head: importer.head, now: Date.now },
          vmAfter: (parent, rules) => {
            building.add(i);
            return executor.vmAfter(parent.header, rules);
          },
          executable: () => [],
          drop: () => {},
          importBlock: async (block, seal) => {
            await importer.importExecuted(block, seal);
            if (connected.has(i)) for (const other of connected) if (other !== i) await deliver(i, other);
          },
          hasSealed: (number, address) => {
            building.delete(i);
            return importer.hasSealed(number, address);
          },
          unproven: () => 0,
          onPaused: () => {},
          onError: (error) => errors.push(error),
          ...options,
        },
      );
      connected.add(i);
      t.after(() => sealer.stop());
      return { ...stored, sealer };
    }),
  );
  const advance = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await settled();
      t.mock.timers.tick(STEP_MS);
    }
    await settled();
  };
  /** Positions of those who sealed the canonical blocks. */
  const sealers = (node: number): readonly number[] => {
    const { store, view } = nodes[node] as (typeof nodes)[number];
    const positions: number[] = [];
    for (let block: Block = view.head(); block.header.number > 0n; block = view.requireBlock(block.header.parentHash)) {
      const hash = block.hash();
      const address = recoverSealer(chain.genesis.network, hash, store.get('seals', hash) ?? new Uint8Array());
      positions.unshift([0, 1, 2, 3].findIndex((i) => devAddress(i) === hexOf(address)));
    }
    return positions;
  };
  return { nodes, connected, deliver, advance, sealers, errors, faults };
}

describe('sealer', () => {
  test('three that are connected → take turns, a block per period', async (t) => {
    const { nodes, advance, sealers, errors, faults } = await network(t, 3);
    for (const { sealer } of nodes) sealer.start();
    await advance(6 * PERIOD_MS);
    const positions = sealers(0);
    assert.ok(positions.length >= 6, positions.join());
    assert.deepEqual(
      positions,
      positions.map((_, i) => (i + 1) % 3),
    );
    assert.deepEqual(sealers(1), positions);
    assert.deepEqual([errors, faults], [[], []]);
  });

  test('one that is gone → the others seal in its turn two periods later, without equivocating', async (t) => {
    const { nodes, advance, sealers, errors, faults } = await network(t, 3);
    for (const i of [0, 2]) nodes[i]?.sealer.start();
    await advance(12 * PERIOD_MS);
    const positions = sealers(0);
    assert.ok(positions.length >= 6, positions.join());
    assert.ok(!positions.includes(1));
    assert.deepEqual(sealers(2), positions);
    assert.deepEqual([errors, faults], [[], []]);
  });

  test('two that are cut off from each other → one chain again, and no evidence against honest sealers', async (t) => {
    const { nodes, connected, deliver, advance, sealers, errors, faults } = await network(t, 2);
    connected.clear();
    for (const { sealer } of nodes) sealer.start();
    await advance(9 * PERIOD_MS);
    const own = nodes.map(({ importer }) => importer.head().header.number);
    assert.ok(own.every((number) => number >= 2n));
    connected.add(0).add(1);
    await deliver(0, 1);
    await deliver(1, 0);
    await advance(4 * PERIOD_MS);
    assert.deepEqual(sealers(0), sealers(1));
    assert.ok((nodes[0]?.importer.head().header.number ?? 0n) > (own[0] ?? 0n));
    assert.deepEqual([errors, faults], [[], []]);
  });

  test('too many unproven blocks → pauses with a word, goes on when one is proven', async (t) => {
    const words: (number | undefined)[] = [];
    let unproven = 0;
    const { nodes, advance, sealers } = await network(t, 1, {
      maxUnproven: 3,
      unproven: () => unproven,
      onPaused: (n) => words.push(n),
    });
    nodes[0]?.sealer.start();
    unproven = 3;
    await advance(4 * PERIOD_MS);
    assert.deepEqual([sealers(0), words], [[], [3]]);
    unproven = 2;
    await advance(2 * PERIOD_MS);
    assert.ok(sealers(0).length >= 1);
    assert.deepEqual(words, [3, undefined]);
  });

  test('rejects a key whose address the genesis does not name → sealerUnknown', async () => {
    const { genesis } = await SealedChain.create(1);
    const options = { key: bytesOf(DEV_ACCOUNT_KEYS[5] ?? ''), coinbase: new Address(new Uint8Array(20)) };
    const modules = { network: genesis.network } as SealerModules;
    assert.throws(() => new Sealer({ ...options, extraData: new Uint8Array() }, modules), { code: 'sealerUnknown' });
  });

  test('a transaction that no block can hold → dropped with its reason; the sealer waits', async (t) => {
    const chain = await SealedChain.create(1);
    const { block: genesis } = chain.genesis;
    const tooEarly = await chain.sign({ from: 4, nonce: 7, to: devAddress(1) }, genesis);
    let waiting: readonly TypedTransaction[] = [tooEarly];
    const dropped: string[] = [];
    const { nodes, advance, sealers, errors } = await network(t, 1, {
      executable: () => waiting,
      drop: (transaction, reason) => {
        waiting = waiting.filter((other) => other !== transaction);
        dropped.push(reason);
      },
    });
    nodes[0]?.sealer.start();
    await advance(2 * PERIOD_MS);
    assert.match(dropped.join(), /nonce/);
    assert.ok(sealers(0).length >= 1);
    assert.deepEqual(errors, []);
  });
});
