import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RLP } from '@ethereumjs/rlp';
import type { Genesis } from '../../../client/execution/chain/genesis.ts';
import { maxReceiptsBytes } from '../../../client/execution/chain/receipts-rules.ts';
import type { ProvenBlock, StateDiff } from '../../../client/execution/interface.ts';
import { simulateCall } from '../../../client/execution/state/simulate.ts';
import { encodeStateDiff, maxStateDiffBytes } from '../../../client/execution/state/state-diff-codec.ts';
import { chainData } from '../../../client/execution/store/chain-data.ts';
import { bytesOf, hexOf } from '../../support/bytes.ts';
import { devAddress } from '../../support/memory-chain.ts';
import { type BuiltBlock, SealedChain } from '../../support/sealed-chain.ts';
import { type StoredChain, storedChain } from '../../support/stored-chain.ts';

/** Raises its slot 0 and logs it; a call without data returns it. */
const COUNTER = `0x${'c1'.repeat(20)}`;
const COUNTER_CODE = '0x36156014575f54600101805f555f5260205fa0005b5f545f5260205ff3';
const count = (nonce: number) => ({ from: 4, nonce, to: COUNTER, data: '0x01' });

const chain = await SealedChain.create(2, { [COUNTER]: { balance: '0x0', code: COUNTER_CODE } });
const first = await chain.build(chain.genesis.block, {
  transfers: [count(0), { from: 3, nonce: 0, to: devAddress(6) }],
});
const second = await chain.build(first.block, { transfers: [count(1)] });

/** Trie nodes that are reachable from a state root, by walking the stored tries. */
function reachable({ store }: StoredChain, root: Uint8Array): number {
  const seen = new Set<string>();
  const walk = (item: unknown): void => {
    if (item instanceof Uint8Array) {
      if (item.length !== 32) return;
      const rlp = store.get('nodes', item);
      if (rlp === undefined || seen.has(hexOf(item))) return;
      seen.add(hexOf(item));
      walk(RLP.decode(rlp));
    } else if (Array.isArray(item)) {
      const [path, value] = item;
      const isLeaf = item.length === 2 && path instanceof Uint8Array && (path[0] ?? 0) >= 0x20;
      if (isLeaf && value instanceof Uint8Array && value.length > 60) walk((RLP.decode(value) as Uint8Array[])[2]);
      else if (!isLeaf) for (const child of item) walk(child);
    }
  };
  walk(root);
  return seen.size;
}

describe('importing a proven block', () => {
  test('two blocks by proof → every query answers as where they were executed; none was executed', async (t) => {
    const full = await storedChain(t, chain.genesis);
    const proof = await storedChain(t, chain.genesis);
    const execute = t.mock.method(proof.executor, 'execute');
    for (const built of [first, second]) {
      await full.importer.importExecuted(built.block, built.seal);
      const write = t.mock.method(proof.store, 'write');
      const result = await proof.importer.importProven(built.proven);
      assert.equal(result.kind, 'head');
      assert.equal(write.mock.callCount(), 1);
      write.mock.restore();
    }
    assert.equal(execute.mock.callCount(), 0);
    assert.deepEqual(proof.importer.counters(), { executed: 0n, applied: 2n, siblingsRefused: 0n });
    assert.deepEqual(full.importer.counters(), { executed: 2n, applied: 0n, siblingsRefused: 0n });

    const { stateRoot } = second.block.header;
    assert.equal(reachable(proof, stateRoot), reachable(full, stateRoot));
    assert.ok(reachable(full, stateRoot) > 10);
    for (const address of [COUNTER, devAddress(3), devAddress(4), devAddress(6), `0x${'c0'.repeat(20)}`]) {
      const [a, b] = [full, proof].map(({ executor }) => executor.account(stateRoot, bytesOf(address)));
      assert.deepEqual(a, b);
    }
    for (const { executor } of [full, proof]) {
      const vm = await executor.vmAfter(second.block.header);
      const outcome = await simulateCall(vm, second.block, {
        ...{ from: new Uint8Array(20), to: bytesOf(COUNTER), gas: undefined, gasPrice: 0n, value: 0n },
        ...{ data: new Uint8Array(), accessList: [], authorizations: [], blobHashes: [] },
      });
      assert.equal(outcome.kind === 'returned' ? BigInt(hexOf(outcome.data)) : undefined, 2n);
    }
    for (const built of [first, second]) {
      const hash = built.block.hash();
      const [a, b] = [full, proof].map(({ store }) => chainData(store));
      for (const table of ['body', 'receipts', 'stateDiff'] as const) {
        assert.ok(a?.[table](hash));
        assert.deepEqual(a?.[table](hash), b?.[table](hash), table);
      }
      assert.deepEqual(a?.sealedHeader(hash), b?.sealedHeader(hash));
      assert.deepEqual(full.view.receipts(hash), proof.view.receipts(hash));
      assert.equal(proof.view.receipts(hash)?.[0]?.logs.length, 1);
      assert.equal(b?.witness(hash), undefined);
      assert.deepEqual(Uint8Array.from(b?.proof(hash, 1) ?? []), built.proven.proof.bytes);
      const transaction = built.block.transactions[0]?.hash() ?? new Uint8Array();
      assert.equal(hexOf(proof.view.findTransaction(transaction)?.block.hash() ?? new Uint8Array()), hexOf(hash));
    }
  });

  test('executed and proven blocks of one chain → mix', async (t) => {
    const { importer } = await storedChain(t, chain.genesis);
    await importer.importProven(first.proven);
    await importer.importExecuted(second.block, second.seal);
    assert.deepEqual(importer.counters(), { executed: 1n, applied: 1n, siblingsRefused: 0n });
  });

  test('a proof of a block that was executed → kept', async (t) => {
    const { importer, store } = await storedChain(t, chain.genesis);
    await importer.importExecuted(first.block, first.seal);
    assert.deepEqual(await importer.importProven(first.proven), { kind: 'known' });
    assert.ok(chainData(store).proof(first.block.hash(), 1));
    assert.deepEqual(importer.counters(), { executed: 1n, applied: 0n, siblingsRefused: 0n });
  });
});

describe('lies about a proven block', () => {
  const receiptList = RLP.decode(first.proven.receipts) as Uint8Array[];
  const receipts = (list: readonly unknown[]): Partial<ProvenBlock> => ({ receipts: RLP.encode(list as Uint8Array[]) });
  const { stateDiff: diff } = first.execution;
  assert.ok(diff);
  const stateDiff = (accounts: StateDiff['accounts']): Partial<ProvenBlock> => ({
    stateDiff: encodeStateDiff({ accounts }),
  });
  const other = (built: BuiltBlock): Uint8Array => built.proven.proof.blockHash;
  const padded = (bytes: Uint8Array, length: number): Uint8Array =>
    new Uint8Array([...bytes, ...new Uint8Array(length)]);

  const lies: readonly (readonly [what: string, code: string, lie: Partial<ProvenBlock>])[] = [
    ['receipts of another block', 'receiptsRoot', { receipts: second.proven.receipts }],
    ['no receipts', 'receiptsRoot', receipts([])],
    ['a receipt less', 'receiptsRoot', receipts(receiptList.slice(1))],
    ['receipts in another order', 'receiptsRoot', receipts(receiptList.toReversed())],
    ['receipts with a byte more', 'receiptsMalformed', { receipts: padded(first.proven.receipts, 1) }],
    ['receipts that are a string', 'receiptsMalformed', { receipts: RLP.encode(first.proven.receipts) }],
    ['receipts that are lists', 'receiptsMalformed', receipts(receiptList.map(() => []))],
    ['empty receipts', 'receiptsMalformed', receipts([new Uint8Array()])],
    [
      'receipts above their cap',
      'receiptsTooLarge',
      { receipts: new Uint8Array(maxReceiptsBytes(first.block.header.gasUsed) + 1) },
    ],
    ['the diff of another block', 'diffStateRoot', { stateDiff: second.proven.stateDiff }],
    [
      'a diff with an entry equal to the parent’s, which gives the right root',
      'diffUnchanged',
      stateDiff(diff.accounts.map((account) => ({ nonce: 0n, ...account }))),
    ],
    ['an empty diff', 'diffStateRoot', stateDiff([])],
    ['a diff without an account', 'diffStateRoot', stateDiff(diff.accounts.slice(1))],
    [
      'a diff with an account more',
      'diffStateRoot',
      stateDiff([{ address: new Uint8Array(20), nonce: 1n, storage: [] }, ...diff.accounts]),
    ],
    ['a diff in another order', 'diffUnsorted', stateDiff(diff.accounts.toReversed())],
    ['a diff with an account twice', 'diffDuplicate', stateDiff(diff.accounts.flatMap((a) => [a, a]))],
    ['a truncated diff', 'diffMalformed', { stateDiff: first.proven.stateDiff.slice(0, -1) }],
    [
      'a diff above its cap',
      'diffTooLarge',
      { stateDiff: new Uint8Array(maxStateDiffBytes(first.block.header.gasUsed) + 1) },
    ],
    ['the seal of another block', 'sealerUnknown', { seal: second.seal }],
    ['no seal', 'sealMalformed', { seal: new Uint8Array() }],
    ['a proof of another block', 'proofOfOtherBlock', { proof: { ...first.proven.proof, blockHash: other(second) } }],
    ['a proof on another parent', 'proofOfOtherBlock', { proof: { ...first.proven.proof, parentHash: other(second) } }],
  ];
  for (const [what, code, lie] of lies) {
    test(`rejects ${what} → ${code}, storing nothing`, async (t) => {
      const { importer, store } = await storedChain(t, chain.genesis);
      const write = t.mock.method(store, 'write');
      await assert.rejects(importer.importProven({ ...first.proven, ...lie }), { code });
      assert.equal(write.mock.callCount(), 0);
      assert.equal((await importer.importProven(first.proven)).kind, 'head');
    });
  }

  test('rejects a body without a transaction → transactionsRoot', async (t) => {
    const { importer } = await storedChain(t, chain.genesis);
    const { executor } = await storedChain(t, chain.genesis);
    const [header, transactions = [], ...rest] = RLP.decode(first.block.serialize()) as Uint8Array[][];
    const block = executor.decodeBlock(
      RLP.encode([header as never, transactions.slice(1) as never, ...(rest as never[])]),
    );
    await assert.rejects(importer.importProven({ ...first.proven, block }), { code: 'transactionsRoot' });
  });

  test('rejects a block from before Cancun → diffUndefined', async (t) => {
    const config = { ...chain.genesis.network.config };
    const forks = config.forks.filter(({ name }) => !['cancun', 'prague', 'osaka'].includes(name));
    const early: Genesis = {
      ...chain.genesis,
      network: { ...chain.genesis.network, config: { ...config, forks } },
    };
    const { importer } = await storedChain(t, early);
    // The header has fields of later forks; the rules that are asked first are those of its parent and seal.
    await assert.rejects(importer.importProven(first.proven), { code: 'diffUndefined' });
  });
});
