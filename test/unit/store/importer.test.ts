import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Block } from '@ethereumjs/block';
import type { HeadChange, ImportResult, SealerFault } from '../../../client/execution/interface.ts';
import { numberKey } from '../../../client/execution/store/schema.ts';
import { hexOf } from '../../support/bytes.ts';
import { devAddress } from '../../support/memory-chain.ts';
import { type BuiltBlock, SealedChain } from '../../support/sealed-chain.ts';
import { openChain, type StoredChain, storedChain } from '../../support/stored-chain.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const TO = devAddress(5);
const hashOf = (block: Block | undefined): string => hexOf(block?.hash() ?? new Uint8Array());

async function setUp(t: TestContext, sealers: number, o: { reorgDepth?: number } = {}) {
  const chain = await SealedChain.create(sealers);
  const changes: HeadChange[] = [];
  const faults: SealerFault[] = [];
  const stored = await storedChain(
    t,
    chain.genesis,
    { onHead: (change) => void changes.push(change), onFault: (fault) => faults.push(fault) },
    o.reorgDepth,
  );
  const take = async ({ block, seal }: Pick<BuiltBlock, 'block' | 'seal'>): Promise<ImportResult> =>
    (await stored.importer.importExecuted(block, seal)).result;
  return { chain, genesis: chain.genesis.block, changes, faults, take, ...stored };
}

/** A second block of a sealer that cannot win is left where it is. */
const isRefused = (error: unknown): void => assert.equal((error as { code?: string }).code, 'siblingRefused');

/** The canonical index holds exactly the head and its ancestors, and their transactions. */
async function checkIndex({ store, view }: StoredChain, head: Block): Promise<void> {
  assert.equal(hashOf(view.head()), hashOf(head));
  const transactions = new Set<string>();
  let hash = head.hash();
  for (let number = head.header.number; number >= 0n; number--) {
    assert.equal(hexOf(store.canonicalHash(number) ?? new Uint8Array()), hexOf(hash));
    const block = view.requireBlock(hash);
    for (const transaction of block.transactions) transactions.add(hexOf(transaction.hash()));
    hash = block.header.parentHash;
  }
  let entries = 0;
  for await (const _ of store.entries('canonical')) entries++;
  assert.equal(BigInt(entries), head.header.number + 1n);
  const indexed: string[] = [];
  for await (const [key] of store.entries('transactions')) indexed.push(hexOf(key));
  assert.deepEqual(new Set(indexed), transactions);
}

describe('fork choice', () => {
  test('a block in turn after one out of turn → takes its place, which stays beside the chain', async (t) => {
    const s = await setUp(t, 2);
    const outOfTurn = await s.chain.build(s.genesis, { by: 0, transfers: [{ from: 4, nonce: 0, to: TO }] });
    const inTurn = await s.chain.build(s.genesis, { transfers: [{ from: 3, nonce: 0, to: TO }] });
    assert.equal((await s.take(outOfTurn)).kind, 'head');
    assert.equal((await s.take(inTurn)).kind, 'head');
    assert.deepEqual(s.changes[1]?.reverted.map(hashOf), [hashOf(outOfTurn.block)]);
    assert.deepEqual(s.changes[1]?.adopted.map(hashOf), [hashOf(inTurn.block)]);
    await checkIndex(s, inTurn.block);
    assert.equal(hashOf(s.view.blockByHash(outOfTurn.block.hash())), hashOf(outOfTurn.block));
    assert.equal(s.view.receipts(outOfTurn.block.hash())?.length, 1);
    assert.equal(s.view.findTransaction(outOfTurn.block.transactions[0]?.hash() ?? new Uint8Array()), undefined);
  });

  test('two blocks of one turn in either order → the lower hash is the head', async (t) => {
    const chain = await SealedChain.create(2);
    const blocks = [await chain.build(chain.genesis.block), await chain.build(chain.genesis.block, { extra: 1 })];
    const [lower, higher] = blocks.sort((a, b) => Buffer.compare(a.block.hash(), b.block.hash()));
    assert.ok(lower && higher);
    for (const order of [
      [lower, higher],
      [higher, lower],
    ]) {
      const { importer } = await storedChain(t, chain.genesis);
      for (const { block, seal } of order) await importer.importExecuted(block, seal).catch(isRefused);
      assert.equal(hashOf(importer.head()), hashOf(lower.block));
    }
  });

  test('a longer chain of blocks out of turn → adopted whole; its transactions and those of both are indexed once', async (t) => {
    const s = await setUp(t, 3);
    const shared = { from: 4, nonce: 0, to: TO };
    const first = await s.chain.build(s.genesis, { transfers: [shared] });
    const second = await s.chain.build(first.block, { transfers: [{ from: 3, nonce: 0, to: TO }] });
    const other = await s.chain.build(s.genesis, { by: 0, transfers: [shared] });
    const others = [other, ...(await s.chain.buildMany(other.block, 2, { by: 0, after: 10n }))];
    assert.equal((await s.take(first)).kind, 'head');
    assert.equal((await s.take(second)).kind, 'head');
    const kinds: string[] = [];
    for (const block of others) kinds.push((await s.take(block)).kind);
    assert.deepEqual(kinds, ['side', 'side', 'head']);
    const change = s.changes.at(-1);
    assert.deepEqual(
      change?.reverted.map(hashOf),
      [first, second].map(({ block }) => hashOf(block)),
    );
    assert.deepEqual(
      change?.adopted.map(hashOf),
      others.map(({ block }) => hashOf(block)),
    );
    await checkIndex(s, others[2]?.block as Block);
    const place = s.view.findTransaction(first.block.transactions[0]?.hash() ?? new Uint8Array());
    assert.equal(hashOf(place?.block), hashOf(other.block));
  });

  test('a block twice → known, executed once', async (t) => {
    const s = await setUp(t, 1);
    const built = await s.chain.build(s.genesis);
    const results = await Promise.all([s.take(built), s.take(built)]);
    assert.deepEqual(
      results.map(({ kind }) => kind),
      ['head', 'known'],
    );
    assert.deepEqual(s.importer.counters(), { executed: 1n, applied: 0n, siblingsRefused: 0n });
  });

  test('rejects a fork deeper than reorgs go → reorgTooDeep; one block less is adopted', async (t) => {
    const s = await setUp(t, 3, { reorgDepth: 2 });
    const main = await s.chain.buildMany(s.genesis, 3);
    const deep = await s.chain.build(s.genesis, { by: 0 });
    const shallow = await s.chain.buildMany(main[0]?.block as Block, 3, { by: 1, after: 10n });
    for (const block of main) await s.take(block);
    await assert.rejects(s.take(deep), { code: 'reorgTooDeep' });
    await assert.rejects(s.importer.checkHeader({ header: deep.block.header.serialize(), seal: deep.seal }), {
      code: 'reorgTooDeep',
    });
    assert.equal(s.view.blockByHash(deep.block.hash()), undefined);
    for (const block of shallow) await s.take(block);
    await checkIndex(s, shallow[2]?.block as Block);
  });

  test('a chain that is opened again → the same head, turn and counters', async (t) => {
    const path = temporaryFolder(t);
    const chain = await SealedChain.create(2);
    const outOfTurn = await chain.build(chain.genesis.block, { by: 0 });
    const inTurn = await chain.build(chain.genesis.block);
    const first = await openChain(path, chain.genesis);
    await first.importer.importExecuted(inTurn.block, inTurn.seal);
    await first.store.close();
    const again = await openChain(path, chain.genesis);
    const { result } = await again.importer.importExecuted(outOfTurn.block, outOfTurn.seal);
    assert.equal(result.kind, 'side');
    assert.deepEqual(again.importer.counters(), { executed: 2n, applied: 0n, siblingsRefused: 0n });
    await again.store.close();
  });
});

describe('headers and seals on import', () => {
  const rejected: readonly (readonly [what: string, code: string, fields: object, by: number])[] = [
    ['by nobody of the genesis', 'sealerUnknown', {}, 7],
    ['in turn before its period', 'sealTooEarly', { timestamp: 4n }, 1],
    ['out of turn before two', 'sealTooEarly', { timestamp: 9n }, 0],
    ['with another number', 'number', { number: 2n }, 0],
    ['with another base fee', 'baseFeePerGas', { baseFeePerGas: 1n }, 1],
    ['on a parent that is not there', 'unknownParent', { parentHash: new Uint8Array(32) }, 1],
    ['of nobody on a parent that is not there', 'sealerUnknown', { parentHash: new Uint8Array(32) }, 7],
  ];
  for (const [what, code, fields, by] of rejected) {
    test(`rejects a block ${what} → ${code}, storing nothing`, async (t) => {
      const s = await setUp(t, 2);
      const { block, seal } = s.chain.altered(await s.chain.build(s.genesis), fields, by);
      await assert.rejects(s.take({ block, seal }), { code });
      await assert.rejects(s.importer.checkHeader({ header: block.header.serialize(), seal }), { code });
      for (const table of ['seals', 'sealed', 'faults'] as const) {
        for await (const _ of s.store.entries(table)) assert.fail(`${table} has an entry`);
      }
      assert.equal(hashOf(s.importer.head()), hashOf(s.genesis));
    });
  }

  test('rejects a block far ahead of the clock → timestampAhead; later it is accepted', async (t) => {
    const chain = await SealedChain.create(1);
    const built = await chain.build(chain.genesis.block, { after: 1000n });
    let now = 984_000;
    const { importer } = await storedChain(t, chain.genesis, { now: () => now });
    await assert.rejects(importer.importExecuted(built.block, built.seal), { code: 'timestampAhead' });
    now = 985_000;
    assert.equal((await importer.importExecuted(built.block, built.seal)).result.kind, 'head');
  });

  test('a header alone → its sealer and turn, its seal noted', async (t) => {
    const s = await setUp(t, 2);
    const { block, seal } = await s.chain.build(s.genesis, { by: 0 });
    const verdict = await s.importer.checkHeader({ header: block.header.serialize(), seal });
    assert.deepEqual([verdict.isInTurn, hexOf(verdict.sealer ?? new Uint8Array())], [false, devAddress(0)]);
    assert.ok(s.importer.hasSealed(1n, verdict.sealer ?? new Uint8Array()));
    assert.equal(hashOf(s.importer.head()), hashOf(s.genesis));
  });
});

describe('equivocation', () => {
  const listed = async ({ importer }: StoredChain): Promise<readonly SealerFault[]> => {
    const faults: SealerFault[] = [];
    for await (const fault of importer.sealerFaults()) faults.push(fault);
    return faults;
  };

  test('two seals of one sealer at one height, imported or seen → evidence of both, told of once', async (t) => {
    const s = await setUp(t, 2);
    const built = [];
    for (const extra of [0, 1, 2]) built.push(await s.chain.build(s.genesis, { extra }));
    const [first, second, third] = built;
    assert.ok(first && second && third);
    await s.take(first);
    await s.importer.checkHeader({ header: second.block.header.serialize(), seal: second.seal });
    const refused = { code: 'siblingRefused' };
    await assert.rejects(s.take(third), refused);
    await assert.rejects(s.importer.checkHeader({ header: third.block.header.serialize(), seal: third.seal }), refused);
    const faults = await listed(s);
    assert.equal(faults.length, 1);
    assert.equal(s.faults.length, 1);
    assert.deepEqual([faults[0]?.number, hexOf(faults[0]?.sealer ?? new Uint8Array())], [1n, devAddress(1)]);
    assert.deepEqual(
      faults[0]?.blocks.map(({ header, seal }) => [hexOf(header), hexOf(seal)]),
      [first, second].map(({ block, seal }) => [hexOf(block.header.serialize()), hexOf(seal)]),
    );
  });

  test('seals of two heads that come at once → evidence', async (t) => {
    const s = await setUp(t, 1);
    const built = [await s.chain.build(s.genesis), await s.chain.build(s.genesis, { extra: 1 })];
    await Promise.all(
      built.map(({ block, seal }) => s.importer.checkHeader({ header: block.header.serialize(), seal })),
    );
    assert.equal((await listed(s)).length, 1);
  });

  test('one seal twice, and seals at two heights → no evidence', async (t) => {
    const s = await setUp(t, 1);
    const [first, second] = await s.chain.buildMany(s.genesis, 2);
    assert.ok(first && second);
    await s.importer.checkHeader({ header: first.block.header.serialize(), seal: first.seal });
    for (const block of [first, second, first]) await s.take(block);
    assert.deepEqual(await listed(s), []);
  });
});

describe('more than two blocks of one sealer at one height', () => {
  const sealed = ({ block, seal }: Pick<BuiltBlock, 'block' | 'seal'>) => ({ header: block.header.serialize(), seal });
  /** Siblings in the order of their hashes, the one that wins first; a node that has taken the last two. */
  async function scene(t: TestContext) {
    const s = await setUp(t, 2);
    const siblings = [];
    for (let extra = 0; extra < 5; extra++) siblings.push(await s.chain.build(s.genesis, { extra }));
    siblings.sort((a, b) => Buffer.compare(a.block.hash(), b.block.hash()));
    const [best, better, , good, first] = siblings as [BuiltBlock, BuiltBlock, BuiltBlock, BuiltBlock, BuiltBlock];
    for (const each of [first, good]) assert.equal((await s.take(each)).kind, 'head');
    return { ...s, best, better, good };
  }

  test('a third one that would win → refused, and counted; nothing of it is kept', async (t) => {
    const s = await scene(t);
    await assert.rejects(s.importer.checkHeader(sealed(s.best)), { code: 'siblingRefused' });
    await assert.rejects(s.take(s.best), { code: 'siblingRefused' });
    await assert.rejects(s.importer.importProven(s.best.proven), { code: 'siblingRefused' });
    assert.equal(s.importer.counters().siblingsRefused, 3n);
    assert.equal(s.importer.counters().executed, 2n);
    for (const table of ['headers', 'bodies', 'seals', 'proofs'] as const)
      assert.equal(s.store.has(table, s.best.block.hash()), false, table);
  });

  test('a second one that cannot win → its seal is evidence, the block is not wanted', async (t) => {
    const s = await setUp(t, 2);
    const two = [await s.chain.build(s.genesis), await s.chain.build(s.genesis, { extra: 1 })];
    const [lower, higher] = two.sort((a, b) => Buffer.compare(a.block.hash(), b.block.hash())) as [
      BuiltBlock,
      BuiltBlock,
    ];
    await s.take(lower);
    assert.equal((await s.importer.checkHeader(sealed(higher))).isWanted, false);
    await assert.rejects(s.take(higher), { code: 'siblingRefused' });
    assert.equal(s.faults.length, 1);
    assert.equal(
      (await s.importer.checkHeader(sealed(lower))).isWanted,
      true,
      'what is stored stays wanted: its proof',
    );
  });

  test('the next sealer’s block on a refused one → the branch is admitted and becomes the chain', async (t) => {
    const s = await scene(t);
    const next = await s.chain.build(s.best.block);
    await assert.rejects(s.take(next), { code: 'unknownParent' });
    assert.equal(await s.importer.admitBranch([sealed(s.best), sealed(next)]), true);
    assert.equal((await s.importer.checkHeader(sealed(s.best))).isWanted, true);
    for (const each of [s.best, next]) await s.take(each);
    await checkIndex(s, next.block);
  });

  test('a branch over a refused one whose own end is a third of its sealer’s, too low, or breaks a rule → not admitted', async (t) => {
    const s = await scene(t);
    const same = await s.chain.build(s.good.block, { by: 1 });
    const other = await s.chain.build(s.good.block, { by: 1, extra: 1 });
    for (const each of [same, other]) await s.importer.checkHeader(sealed(each));
    const third = await s.chain.build(s.best.block, { by: 1 });
    assert.equal(await s.importer.admitBranch([sealed(s.best), sealed(third)]), false);
    assert.equal(await s.importer.admitBranch([sealed(s.best)]), false);
    const next = await s.chain.build(s.best.block);
    const wrong = s.chain.altered(next, { baseFeePerGas: 1n }, 0);
    assert.equal(await s.importer.admitBranch([sealed(s.best), sealed(wrong)]), false);
    assert.equal(await s.importer.admitBranch([sealed(s.better), sealed(next)]), false, 'not linked');
    assert.equal(await s.importer.admitBranch([sealed(next)]), false, 'on nothing that is stored');
    await assert.rejects(s.importer.checkHeader(sealed(s.best)), { code: 'siblingRefused' });
  });

  test('a chain that is opened again → the same two are taken, no third', async (t) => {
    const path = temporaryFolder(t);
    const chain = await SealedChain.create(2);
    const siblings = [];
    for (let extra = 0; extra < 3; extra++) siblings.push(await chain.build(chain.genesis.block, { extra }));
    siblings.sort((a, b) => Buffer.compare(b.block.hash(), a.block.hash()));
    const before = await openChain(path, chain.genesis);
    for (const each of siblings.slice(0, 2)) await before.importer.checkHeader(sealed(each));
    await before.store.close();
    const { importer, store } = await openChain(path, chain.genesis);
    t.after(() => store.close());
    await assert.rejects(importer.checkHeader(sealed(siblings[2]!)), { code: 'siblingRefused' });
    for (const { block, seal } of siblings.slice(0, 2)) await importer.importExecuted(block, seal);
    assert.equal(importer.counters().executed, 2n);
  });
});

test('a block that breaks a rule when it runs → runs once, however often it comes', async (t) => {
  const chain = await SealedChain.create(1);
  let runs = 0;
  const { executor } = await storedChain(t, chain.genesis);
  const { importer } = await storedChain(t, chain.genesis, {
    executor: {
      ...executor,
      execute: (block) => {
        runs++;
        return executor.execute(block);
      },
    },
  });
  const { block, seal } = chain.altered(await chain.build(chain.genesis.block), { stateRoot: new Uint8Array(32) }, 0);
  for (let i = 0; i < 3; i++) await assert.rejects(importer.importExecuted(block, seal), { code: 'stateRoot' });
  assert.equal(runs, 1);
});

test('the batch of a block → extended by others, on its head alone counted', async (t) => {
  const chain = await SealedChain.create(1);
  const { importer, store } = await storedChain(t, chain.genesis, {
    extend: (batch, { header }, hash) => batch.put('jobs', hash, numberKey(header.number)),
  });
  const { block, seal } = await chain.build(chain.genesis.block);
  await importer.importExecuted(block, seal);
  assert.deepEqual(Uint8Array.from(store.get('jobs', block.hash()) ?? []), numberKey(1n));
});
