import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccountDiff, StateDiff } from '../../../client/execution/interface.ts';
import { applyStateDiff } from '../../../client/execution/state/apply-diff.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { createChainExecutor } from '../../../client/execution/state/executor.ts';
import { decodeStateDiff, encodeStateDiff } from '../../../client/execution/state/state-diff-codec.ts';
import { bytesOf, hexOf } from '../../support/bytes.ts';
import { devAddress, MemoryChain, type TransactionFields } from '../../support/memory-chain.ts';
import { type Random, seededRandom } from '../../support/random.ts';

const BLOCKS = 12;
/** sstore(calldata[0], calldata[32]): 5f35 is the slot, 602035 the value. */
const STORE = `0x${'a1'.repeat(20)}` as const;
const STORE_CODE = '0x6020355f355500';
/** Creates a contract from the calldata. */
const FACTORY = `0x${'a2'.repeat(20)}` as const;
const FACTORY_CODE = '0x365f5f37365f34f000';
/** An account without anything, which EIP-161 deletes when it is touched. */
const EMPTY = `0x${'e0'.repeat(20)}` as const;
/** Touches EMPTY: call(gas, EMPTY, 0, …). */
const TOUCH = `0x${'a3'.repeat(20)}` as const;
const TOUCH_CODE = `0x5f5f5f5f5f73${EMPTY.slice(2)}5af100`;
const SELFDESTRUCT_INIT = '0x33ff';
const DEPLOY_INIT = '0x60ab5f5360015ff3';

const word = (value: number): string => value.toString(16).padStart(64, '0');

function randomTransaction(random: Random, from: number): TransactionFields {
  const pick = <T>(items: readonly T[]): T => items[random() % items.length] as T;
  switch (random() % 7) {
    case 0:
      return { from, to: devAddress(random() % 4), value: BigInt(random() % 1000) };
    case 1:
      return { from, to: hexOf(new Uint8Array(20).fill(1 + (random() % 250))), value: BigInt(random() % 3) };
    case 2:
    case 3:
      return { from, to: STORE, data: `0x${word(random() % 6)}${word(random() % 3)}` };
    case 4:
      return { from, to: FACTORY, data: pick([SELFDESTRUCT_INIT, DEPLOY_INIT]), value: BigInt(random() % 2) };
    case 5:
      return { from, data: pick([SELFDESTRUCT_INIT, DEPLOY_INIT]) };
    default:
      return { from, to: TOUCH };
  }
}

/** Diffs that say something else than this one in one place, or say it in another way. */
function* lies({ accounts }: StateDiff): Generator<readonly [what: string, diff: StateDiff]> {
  const replaced = (at: number, ...by: readonly AccountDiff[]): StateDiff => ({
    accounts: accounts.flatMap((account, i) => (i === at ? by : [account])),
  });
  for (const [i, account] of accounts.entries()) {
    const { nonce, balance, code, storage } = account;
    yield ['without an account', replaced(i)];
    yield ['an account twice', replaced(i, account, account)];
    yield ['an account under another address', replaced(i, { ...account, address: bytesOf(`${'ff'.repeat(20)}`) })];
    if (nonce !== undefined) yield ['another nonce', replaced(i, { ...account, nonce: nonce + 1n })];
    if (balance !== undefined) yield ['another balance', replaced(i, { ...account, balance: balance ^ 1n })];
    if (code !== undefined) yield ['another code', replaced(i, { ...account, code: new Uint8Array([...code, 0]) })];
    if (storage.length > 1)
      yield ['slots in another order', replaced(i, { ...account, storage: storage.toReversed() })];
    for (const [at, [slot, value]] of storage.entries()) {
      const changed = value.slice();
      changed[31] = (changed[31] ?? 0) ^ 1;
      const others = (entry: readonly (readonly [Uint8Array, Uint8Array])[]) =>
        replaced(i, { ...account, storage: storage.flatMap((old, n) => (n === at ? entry : [old])) });
      yield ['without a slot', others([])];
      yield ['another value', others([[slot, changed]])];
      yield [
        'a slot twice',
        others([
          [slot, value],
          [slot, value],
        ]),
      ];
    }
  }
  if (accounts.length > 1) yield ['accounts in another order', { accounts: accounts.toReversed() }];
  yield ['an account more', { accounts: [{ address: new Uint8Array(20), balance: 1n, storage: [] }, ...accounts] }];
}

const RULES = ['diffUnsorted', 'diffDuplicate', 'diffUnchanged', 'diffStorageOfDeleted'];

describe('state diffs of random blocks', () => {
  for (const seed of [1, 2, 3]) {
    test(`a chain of random transactions (seed ${seed}) → the same states by diffs alone; no lie gives one`, async () => {
      const random = seededRandom(seed);
      const chain = await MemoryChain.create({
        [STORE]: { balance: '0x0', code: STORE_CODE, storage: { [`0x${word(1)}`]: `0x${word(1)}` } },
        [FACTORY]: { balance: '0x64', code: FACTORY_CODE },
        [TOUCH]: { balance: '0x0', code: TOUCH_CODE },
        [EMPTY]: { balance: '0x0' },
      });
      const byDiffs = new ContentMap();
      byDiffs.addChanges(chain.genesisState);
      let rejected = 0;
      let withoutFields = 0;
      for (let n = 0; n < BLOCKS; n++) {
        const parentRoot = chain.head.header.stateRoot;
        const transactions = Array.from({ length: random() % 5 }, (_, i) => randomTransaction(random, i % 3));
        const { block, execution } = await chain.seal(...transactions);
        const { stateRoot, gasUsed } = block.header;
        assert.ok(execution.stateDiff);
        const diff = decodeStateDiff(encodeStateDiff(execution.stateDiff), gasUsed);
        withoutFields += diff.accounts.filter(
          (account) => Object.keys(account).length === 2 && account.storage.length === 0,
        ).length;
        for (const [what, lie] of lies(diff)) {
          try {
            const { stateRoot: other } = applyStateDiff(byDiffs, parentRoot, lie);
            assert.notEqual(hexOf(other), hexOf(stateRoot), `${what} gives the same root`);
          } catch (error) {
            assert.ok(RULES.includes((error as { code: string }).code), `${what}: ${(error as Error).message}`);
          }
          rejected++;
        }
        const applied = applyStateDiff(byDiffs, parentRoot, diff);
        assert.equal(hexOf(applied.stateRoot), hexOf(stateRoot));
        byDiffs.addChanges(applied.changes);
        const full = createChainExecutor(chain.network, chain.content);
        const second = createChainExecutor(chain.network, byDiffs);
        for (const { address } of diff.accounts) {
          assert.deepEqual(second.account(stateRoot, address), full.account(stateRoot, address));
          assert.equal(hexOf(second.code(stateRoot, address)), hexOf(full.code(stateRoot, address)));
        }
      }
      assert.ok(rejected > 200, `${rejected} lies`);
      assert.equal(withoutFields, 1, 'the empty account was deleted once');
    });
  }
});
