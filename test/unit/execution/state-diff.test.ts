import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allocState } from '../../../client/execution/chain/genesis-alloc.ts';
import type { AccountDiff, StateDiff } from '../../../client/execution/interface.ts';
import { applyStateDiff } from '../../../client/execution/state/apply-diff.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import {
  decodeStateDiff,
  encodeStateDiff,
  maxStateDiffBytes,
} from '../../../client/execution/state/state-diff-codec.ts';
import { bytesOf, hexOf } from '../../support/bytes.ts';

const address = (first: number): Uint8Array => bytesOf(`${first.toString(16).padStart(2, '0')}${'00'.repeat(19)}`);
const word = (value: number): Uint8Array => bytesOf(value.toString(16).padStart(64, '0'));

/** An account without anything, a rich one, and a contract with two slots. */
const parentAccounts = [
  { address: address(1), nonce: 0n, balance: 0n, code: new Uint8Array(), storage: [] },
  { address: address(2), nonce: 3n, balance: 100n, code: new Uint8Array(), storage: [] },
  {
    address: address(3),
    nonce: 1n,
    balance: 0n,
    code: Uint8Array.of(0x60),
    storage: [
      [word(1), word(10)],
      [word(2), word(20)],
    ],
  },
] as const;
const parent = await allocState(parentAccounts);
const content = new ContentMap();
content.addChanges(parent.changes);

const apply = (...accounts: readonly AccountDiff[]) => applyStateDiff(content, parent.stateRoot, { accounts });
/** The root of the parent's accounts with some of them replaced. */
async function rootWith(replaced: readonly { readonly address: Uint8Array }[], without: readonly Uint8Array[] = []) {
  const gone = [...without, ...replaced.map((account) => account.address)].map(hexOf);
  const kept = parentAccounts.filter((account) => !gone.includes(hexOf(account.address)));
  return hexOf((await allocState([...kept, ...replaced] as never)).stateRoot);
}

describe('applying a state diff', () => {
  test('fields, code and slots of old and new accounts → the state that a genesis with these accounts has', async () => {
    const { stateRoot, changes } = apply(
      { address: address(2), nonce: 4n, balance: 90n, storage: [] },
      {
        address: address(3),
        storage: [
          [word(1), word(0)],
          [word(2), word(21)],
          [word(9), word(90)],
        ],
      },
      { address: address(4), nonce: 1n, code: Uint8Array.of(1, 2), storage: [[word(0), word(5)]] },
    );
    const expected = await rootWith([
      { ...parentAccounts[1], nonce: 4n, balance: 90n },
      {
        ...parentAccounts[2],
        storage: [
          [word(2), word(21)],
          [word(9), word(90)],
        ],
      },
      { address: address(4), nonce: 1n, balance: 0n, code: Uint8Array.of(1, 2), storage: [[word(0), word(5)]] },
    ] as never);
    assert.equal(hexOf(stateRoot), expected);
    assert.deepEqual(
      changes.codes.map(([, code]) => hexOf(code)),
      ['0x0102'],
    );
  });

  test('an account that is left empty → deleted, with its storage', async () => {
    const { stateRoot } = apply({ address: address(3), nonce: 0n, code: new Uint8Array(), storage: [] });
    assert.equal(hexOf(stateRoot), await rootWith([], [address(3)]));
  });

  test('an entry without fields for an account that was empty → deleted', async () => {
    assert.equal(hexOf(apply({ address: address(1), storage: [] }).stateRoot), await rootWith([], [address(1)]));
  });

  test('an empty diff → the parent’s root and no changes', () => {
    assert.deepEqual(apply(), { stateRoot: parent.stateRoot, changes: { nodes: [], codes: [] } });
  });

  const slots = (...numbers: readonly number[]): AccountDiff => ({
    address: address(3),
    storage: numbers.map((n) => [word(n), word(77)] as const),
  });
  const credit = (first: number): AccountDiff => ({ address: address(first), balance: 7n, storage: [] });
  const lies: readonly (readonly [what: string, code: string, accounts: readonly AccountDiff[]])[] = [
    ['accounts that descend', 'diffUnsorted', [credit(3), credit(2)]],
    ['an account twice', 'diffDuplicate', [credit(2), credit(2)]],
    ['slots that descend', 'diffUnsorted', [slots(2, 1)]],
    ['a slot twice', 'diffDuplicate', [slots(1, 1)]],
    ['a nonce equal to the parent’s', 'diffUnchanged', [{ address: address(2), nonce: 3n, balance: 1n, storage: [] }]],
    ['a balance equal to the parent’s', 'diffUnchanged', [{ address: address(2), balance: 100n, storage: [] }]],
    ['code equal to the parent’s', 'diffUnchanged', [{ address: address(3), code: Uint8Array.of(0x60), storage: [] }]],
    ['a slot equal to the parent’s', 'diffUnchanged', [{ address: address(3), storage: [[word(1), word(10)]] }]],
    ['a zero slot that was zero', 'diffUnchanged', [{ address: address(3), storage: [[word(5), word(0)]] }]],
    ['an account without fields', 'diffUnchanged', [{ address: address(2), storage: [] }]],
    ['an absent account without fields', 'diffUnchanged', [{ address: address(9), storage: [] }]],
    ['a balance of 0 of an absent account', 'diffUnchanged', [{ address: address(9), balance: 0n, storage: [] }]],
    [
      'empty code of an account without',
      'diffUnchanged',
      [{ address: address(2), code: new Uint8Array(), storage: [] }],
    ],
    [
      'slots of an account that is left empty',
      'diffStorageOfDeleted',
      [{ address: address(3), nonce: 0n, code: new Uint8Array(), storage: [[word(1), word(0)]] }],
    ],
    ['slots of an absent account', 'diffStorageOfDeleted', [{ address: address(9), storage: [[word(1), word(1)]] }]],
  ];
  for (const [what, code, accounts] of lies) {
    test(`rejects ${what} → ${code}`, () => assert.throws(() => apply(...accounts), { code }));
  }

  test('state that is not there → missingNode, no fault of the diff', () => {
    assert.throws(() => applyStateDiff(new ContentMap(), parent.stateRoot, { accounts: [credit(2)] }), {
      code: 'missingNode',
    });
  });
});

describe('state diff encoding', () => {
  const diff: StateDiff = {
    accounts: [
      { address: address(1), nonce: 2n ** 64n - 1n, balance: 2n ** 256n - 1n, code: new Uint8Array(), storage: [] },
      { address: address(2), code: Uint8Array.of(0xef, 1, 0), storage: [[word(1), word(2)]] },
      { address: address(3), storage: [] },
    ],
  };
  const encoded = encodeStateDiff(diff);

  test('a diff → its bytes and back; absent and empty stay apart', () => {
    assert.deepEqual(decodeStateDiff(encoded, 0n), diff);
    assert.deepEqual(decodeStateDiff(encodeStateDiff({ accounts: [] }), 0n), { accounts: [] });
  });

  test('one account with a nonce → these bytes', () => {
    const bytes = encodeStateDiff({ accounts: [{ address: address(5), nonce: 6n, storage: [] }] });
    const offsets = ['04000000', '04000000'];
    const account = [hexOf(address(5)).slice(2), '24000000', '2c000000', '2c000000', '2c000000', '0600000000000000'];
    assert.equal(hexOf(bytes), `0x${[...offsets, ...account].join('')}`);
  });

  test('the cap → 256 KiB and a byte per 20 gas', () => {
    assert.equal(maxStateDiffBytes(0n), 262_144);
    assert.equal(maxStateDiffBytes(36_000_000n), 262_144 + 1_800_000);
  });

  test('rejects a byte more than the cap → diffTooLarge, before reading it', () => {
    assert.throws(() => decodeStateDiff(new Uint8Array(maxStateDiffBytes(100n) + 1), 100n), { code: 'diffTooLarge' });
    assert.throws(() => decodeStateDiff(new Uint8Array(maxStateDiffBytes(100n)), 100n), { code: 'diffMalformed' });
  });

  test('rejects every truncation, bytes after the end, and two values of an optional field → diffMalformed', () => {
    const malformed = (bytes: Uint8Array) => assert.throws(() => decodeStateDiff(bytes, 0n), { code: 'diffMalformed' });
    // The first four bytes alone are the empty diff.
    for (let length = 0; length < encoded.length; length++) if (length !== 4) malformed(encoded.slice(0, length));
    malformed(new Uint8Array([...encoded, 0]));
    const one = encodeStateDiff({ accounts: [{ address: address(5), nonce: 6n, storage: [] }] });
    const two = new Uint8Array([...one, ...new Uint8Array(8)]);
    for (const at of [32, 36, 40]) two[at] = 0x34;
    malformed(two);
  });

  test('every flipped bit → rejected, or another diff with these bytes', () => {
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const flipped = encoded.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      try {
        assert.equal(hexOf(encodeStateDiff(decodeStateDiff(flipped, 0n))), hexOf(flipped));
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'diffMalformed');
      }
    }
  });
});
