import { hex } from '../chain/block-error.ts';
import { keccak256 } from '../chain/crypto.ts';
import type { AccountDiff, AccountState, ContentSource, StateChanges, StateDiff } from '../interface.ts';
import { decodeAccount, encodeAccount } from './account-rlp.ts';
import { AccountStorage } from './account-storage.ts';
import { EMPTY_CODE_HASH, isEmptyAccount } from './empty.ts';
import { StateDiffError } from './state-diff-codec.ts';
import { type StrictSource, strictSource } from './strict-source.ts';
import { Trie } from './trie.ts';
import { EMPTY_ROOT } from './trie-node.ts';

export type AppliedDiff = { readonly stateRoot: Uint8Array; readonly changes: StateChanges };
type Put = (hash: Uint8Array, content: Uint8Array) => void;

const ABSENT: AccountState = { nonce: 0n, balance: 0n, codeHash: EMPTY_CODE_HASH, storageRoot: EMPTY_ROOT };

/**
 * Applies a block's diff to its parent's state. Nothing is written: the changes are for the caller to store if the
 * root is the one that the block's header names.
 *
 * A diff has one canonical form: accounts and slots ascend, each once, nothing equals the parent's value. Code has no
 * hash of its own here; other code gives another account, and so another root.
 * @param parentRoot state root of the block's parent, all of whose state the source has
 * @throws StateDiffError naming the rule, account and slot
 * @throws MissingContentError for state that the source lacks, which is no fault of the diff
 */
export function applyStateDiff(source: ContentSource, parentRoot: Uint8Array, diff: StateDiff): AppliedDiff {
  requireAscending(
    diff.accounts.map(({ address }) => address),
    {},
  );
  const strict = strictSource(source);
  const accounts = new Trie(strict.node, parentRoot);
  const nodes = new Map<string, readonly [Uint8Array, Uint8Array]>();
  const codes = new Map<string, readonly [Uint8Array, Uint8Array]>();
  const putNode: Put = (hash, rlp) => nodes.set(hex(hash), [hash, rlp]);
  const putCode: Put = (hash, code) => codes.set(hex(hash), [hash, code]);

  const deleted: Uint8Array[] = [];
  for (const account of diff.accounts) {
    const key = keccak256(account.address);
    const rlp = accounts.get(key);
    const after = applyAccount(strict, account, rlp === undefined ? undefined : decodeAccount(rlp), putNode, putCode);
    if (after !== undefined) accounts.put(key, encodeAccount(after));
    else if (rlp !== undefined) deleted.push(key);
  }
  for (const key of deleted) accounts.delete(key);
  const stateRoot = accounts.root();
  accounts.collectNew(putNode);
  return { stateRoot, changes: { nodes: [...nodes.values()], codes: [...codes.values()] } };
}

/** @returns the account after the block; undefined for one that is left empty */
function applyAccount(
  source: StrictSource,
  diff: AccountDiff,
  parent: AccountState | undefined,
  putNode: Put,
  putCode: Put,
): AccountState | undefined {
  const account = hex(diff.address);
  const before = parent ?? ABSENT;
  const codeHash = diff.code === undefined ? before.codeHash : keccak256(diff.code);
  if (diff.nonce === before.nonce) throw unchanged({ account, field: 'nonce' });
  if (diff.balance === before.balance) throw unchanged({ account, field: 'balance' });
  if (diff.code !== undefined && Buffer.compare(codeHash, before.codeHash) === 0) {
    throw unchanged({ account, field: 'code' });
  }
  const fields = { nonce: diff.nonce ?? before.nonce, balance: diff.balance ?? before.balance, codeHash };
  const isEmpty = isEmptyAccount(fields);
  if (isEmpty && diff.storage.length > 0) {
    const message = `state diff: account ${account} is left empty, expected none of its slots`;
    throw new StateDiffError('diffStorageOfDeleted', message, { account });
  }
  const hasField = diff.nonce !== undefined || diff.balance !== undefined || diff.code !== undefined;
  // The one diff without anything: an empty account that was there before EIP-161 could delete it.
  const deletesEmpty = isEmpty && parent !== undefined;
  if (!hasField && diff.storage.length === 0 && !deletesEmpty) throw unchanged({ account });
  if (isEmpty) return undefined;

  requireAscending(
    diff.storage.map(([slot]) => slot),
    { account },
  );
  const storage = new AccountStorage(source.node, before.storageRoot);
  for (const [slot, value] of diff.storage) {
    if (storage.put(slot, value) === undefined) throw unchanged({ account, slot: hex(slot) });
  }
  const storageRoot = storage.flush();
  storage.collectNew(putNode);
  if (diff.code !== undefined && diff.code.length > 0) putCode(codeHash, diff.code);
  return { ...fields, storageRoot };
}

function requireAscending(keys: readonly Uint8Array[], { account }: { readonly account?: string }): void {
  for (let i = 1; i < keys.length; i++) {
    const order = Buffer.compare(keys[i - 1] as Uint8Array, keys[i] as Uint8Array);
    if (order < 0) continue;
    const key = hex(keys[i] as Uint8Array);
    const where = account === undefined ? { account: key } : { account, slot: key };
    const what = account === undefined ? `account ${key}` : `slot ${key} of account ${account}`;
    if (order === 0) throw new StateDiffError('diffDuplicate', `state diff: ${what} comes twice`, where);
    throw new StateDiffError('diffUnsorted', `state diff: ${what} comes after a larger one`, where);
  }
}

function unchanged(where: {
  readonly account: string;
  readonly slot?: string;
  readonly field?: string;
}): StateDiffError {
  const what = where.slot === undefined ? (where.field ?? 'its entry') : `slot ${where.slot}`;
  const message = `state diff: account ${where.account}: ${what} is what it was in the parent's state`;
  return new StateDiffError('diffUnchanged', message, where);
}
