import type { AccountFields, StateManagerInterface } from '@ethereumjs/common';
import { Account, type Address } from '@ethereumjs/util';
import { keccak256 } from '../chain/crypto.ts';
import type { AccountDiff, AccountState, StateChanges, StateDiff } from '../interface.ts';
import { accountDiff } from './account-diff.ts';
import { decodeAccount, encodeAccount } from './account-rlp.ts';
import { AccountStorage } from './account-storage.ts';
import { EMPTY_CODE_HASH } from './empty.ts';
import type { StrictSource } from './strict-source.ts';
import { Trie } from './trie.ts';
import { EMPTY_ROOT } from './trie-node.ts';

const NO_BYTES = new Uint8Array(0);

/** An account without its storage; never changed in place. */
type AccountFieldsAt = Pick<AccountState, 'nonce' | 'balance' | 'codeHash'>;

type Entry = {
  readonly address: Uint8Array;
  /** keccak256(address) */
  readonly key: Uint8Array;
  /** rlp in the accounts trie since the last flush */
  flushed: Uint8Array | undefined;
  /** what the state began with; code with its hash comes from the source, all other from this block */
  readonly before: AccountState | undefined;
  fields: AccountFieldsAt | undefined;
  storage: AccountStorage;
};

/**
 * The world state that @ethereumjs/vm runs on: accounts, storage and code over tries that are read strictly.
 *
 * All changes are kept beside the tries until `flush`, which in each trie puts before it deletes: the order that needs
 * the fewest siblings. `checkpoint`, `commit` and `revert` keep a log of undo steps. Nothing is written anywhere;
 * `changes` hands over what is new.
 */
export class WorldState implements StateManagerInterface {
  readonly originalStorageCache: StateManagerInterface['originalStorageCache'];
  readonly #source: StrictSource;
  #root: Uint8Array;
  #accounts: Trie;
  #entries = new Map<string, Entry>();
  /** entries that may differ from the tries */
  #changed = new Set<Entry>();
  #newCodes = new Map<string, Uint8Array>();
  #undo: (() => void)[] = [];
  #checkpoints: number[] = [];
  #originals = new Map<string, Uint8Array>();
  #absentOnce: string | undefined;

  constructor(source: StrictSource, stateRoot: Uint8Array) {
    this.#source = source;
    this.#root = stateRoot;
    this.#accounts = new Trie(source.node, stateRoot);
    this.originalStorageCache = {
      get: async (address, slot) => this.#originalStorage(address, slot),
      clear: () => this.#originals.clear(),
    };
  }

  /**
   * Makes the next read of this account answer "absent" without reading. @ethereumjs/vm reads the caller of every
   * message to take its value from it, also for system calls, whose caller is no account and whose value is zero; no
   * other client reads it, so that witnesses lack its path.
   */
  answerAbsentOnce(address: Address): void {
    this.#absentOnce = keyOf(address.bytes);
  }

  async getAccount(address: Address): Promise<Account | undefined> {
    const key = keyOf(address.bytes);
    if (this.#absentOnce === key) {
      this.#absentOnce = undefined;
      return undefined;
    }
    const { fields, storage } = this.#entry(address.bytes);
    return fields && new Account(fields.nonce, fields.balance, storage.flushedRoot, fields.codeHash);
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    if (account === undefined) return this.deleteAccount(address);
    const { nonce, balance, codeHash } = account;
    this.#setFields(this.#entry(address.bytes), { nonce, balance, codeHash });
  }

  async deleteAccount(address: Address): Promise<void> {
    const entry = this.#entry(address.bytes);
    if (entry.fields === undefined) return;
    this.#setFields(entry, undefined);
    this.#clearStorage(entry);
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const account = (await this.getAccount(address)) ?? new Account();
    account.nonce = fields.nonce ?? account.nonce;
    account.balance = fields.balance ?? account.balance;
    account.codeHash = fields.codeHash ?? account.codeHash;
    await this.putAccount(address, account);
  }

  async putCode(address: Address, code: Uint8Array): Promise<void> {
    const codeHash = keccak256(code);
    if (code.length > 0) this.#newCodes.set(keyOf(codeHash), code);
    await this.modifyAccountFields(address, { codeHash });
  }

  async getCode(address: Address): Promise<Uint8Array> {
    const { fields, before } = this.#entry(address.bytes);
    if (fields === undefined || equal(fields.codeHash, EMPTY_CODE_HASH)) return NO_BYTES;
    if (before !== undefined && equal(fields.codeHash, before.codeHash)) {
      return this.#source.code(fields.codeHash);
    }
    return this.#newCodes.get(keyOf(fields.codeHash)) ?? this.#source.code(fields.codeHash);
  }

  async getCodeSize(address: Address): Promise<number> {
    return (await this.getCode(address)).length;
  }

  /** Without leading zeros; empty for zero. */
  async getStorage(address: Address, slot: Uint8Array): Promise<Uint8Array> {
    return this.#storageAt(address, slot);
  }

  async putStorage(address: Address, slot: Uint8Array, value: Uint8Array): Promise<void> {
    const entry = this.#entry(address.bytes);
    if (entry.fields === undefined) throw new Error(`storage of the absent account ${address.toString()} is written`);
    const undo = entry.storage.put(slot, value);
    if (undo === undefined) return;
    this.#logged(() => {
      undo();
      this.#changed.add(entry);
    });
    this.#changed.add(entry);
  }

  async clearStorage(address: Address): Promise<void> {
    this.#clearStorage(this.#entry(address.bytes));
  }

  async checkpoint(): Promise<void> {
    this.#checkpoints.push(this.#undo.length);
  }

  async commit(): Promise<void> {
    if (this.#checkpoints.pop() === undefined) throw new Error('commit without a checkpoint');
    if (this.#checkpoints.length === 0) this.#undo = [];
  }

  async revert(): Promise<void> {
    const length = this.#checkpoints.pop();
    if (length === undefined) throw new Error('revert without a checkpoint');
    while (this.#undo.length > length) this.#undo.pop()?.();
  }

  async getStateRoot(): Promise<Uint8Array> {
    return this.flush();
  }

  /** Forgets all changes. */
  async setStateRoot(stateRoot: Uint8Array): Promise<void> {
    if (this.#checkpoints.length > 0) throw new Error('the state root is set within a checkpoint');
    this.#root = stateRoot;
    this.#accounts = new Trie(this.#source.node, stateRoot);
    this.clearCaches();
  }

  async hasStateRoot(stateRoot: Uint8Array): Promise<boolean> {
    if (equal(stateRoot, EMPTY_ROOT)) return true;
    try {
      this.#source.node(stateRoot);
      return true;
    } catch {
      return false;
    }
  }

  /** Forgets all changes that were not flushed. */
  clearCaches(): void {
    this.#entries = new Map();
    this.#changed = new Set();
    this.#newCodes = new Map();
    this.#undo = [];
    this.#originals = new Map();
  }

  /** Another state at the root that this one began with. */
  shallowCopy(): WorldState {
    return new WorldState(this.#source, this.#root);
  }

  /** Writes all changes into the tries, each trie's puts before its deletes, and returns the state root. */
  flush(): Uint8Array {
    const deleted: Entry[] = [];
    for (const entry of this.#changed) {
      if (entry.fields === undefined) {
        if (entry.flushed !== undefined) deleted.push(entry);
        continue;
      }
      const rlp = encodeAccount({ ...entry.fields, storageRoot: entry.storage.flush() });
      if (entry.flushed !== undefined && equal(rlp, entry.flushed)) continue;
      this.#accounts.put(entry.key, rlp);
      entry.flushed = rlp;
    }
    for (const entry of deleted) {
      this.#accounts.delete(entry.key);
      entry.flushed = undefined;
    }
    this.#changed.clear();
    return this.#accounts.root();
  }

  /** New nodes and codes of the state as last flushed, each once, ascending by hash. */
  changes(): StateChanges {
    const nodes = new Map<string, readonly [Uint8Array, Uint8Array]>();
    const codes = new Map<string, readonly [Uint8Array, Uint8Array]>();
    const putNode = (hash: Uint8Array, rlp: Uint8Array): void => {
      nodes.set(keyOf(hash), [hash, rlp]);
    };
    this.#accounts.collectNew(putNode);
    for (const { fields, storage } of this.#entries.values()) {
      if (fields === undefined) continue;
      storage.collectNew(putNode);
      const key = keyOf(fields.codeHash);
      const code = this.#newCodes.get(key);
      if (code !== undefined) codes.set(key, [fields.codeHash, code]);
    }
    return { nodes: ascending(nodes), codes: ascending(codes) };
  }

  /**
   * How the state as last flushed differs from the one it began with, found among what the run has read and written.
   * @returns undefined where a diff cannot say it: storage from before was wiped under an account that goes on, which
   *   from Cancun on happens to no account that ever had code or a nonce
   */
  diff(): StateDiff | undefined {
    const accounts: AccountDiff[] = [];
    for (const { address, before, fields, storage } of this.#entries.values()) {
      const isWiped = before !== undefined && !equal(before.storageRoot, storage.openedRoot);
      if (isWiped && fields !== undefined) return undefined;
      const code = fields === undefined ? undefined : this.#newCodes.get(keyOf(fields.codeHash));
      const slots = fields === undefined ? [] : storage.changedSlots();
      const diff = accountDiff(address, before, fields && { ...fields, code }, slots);
      if (diff !== undefined) accounts.push(diff);
    }
    return { accounts: accounts.sort((a, b) => Buffer.compare(a.address, b.address)) };
  }

  #entry(address: Uint8Array): Entry {
    const name = keyOf(address);
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const key = keccak256(address);
    const rlp = this.#accounts.get(key);
    const account = rlp === undefined ? undefined : decodeAccount(rlp);
    const entry: Entry = {
      address,
      key,
      flushed: rlp,
      before: account,
      fields: account,
      storage: new AccountStorage(this.#source.node, account?.storageRoot ?? EMPTY_ROOT),
    };
    this.#entries.set(name, entry);
    return entry;
  }

  /** Outside of all checkpoints nothing can be undone. */
  #logged(undo: () => void): void {
    if (this.#checkpoints.length > 0) this.#undo.push(undo);
  }

  #setFields(entry: Entry, fields: AccountFieldsAt | undefined): void {
    const before = entry.fields;
    this.#logged(() => {
      entry.fields = before;
      this.#changed.add(entry);
    });
    entry.fields = fields;
    this.#changed.add(entry);
  }

  #clearStorage(entry: Entry): void {
    const before = entry.storage;
    if (before.isPristine()) return;
    this.#logged(() => {
      entry.storage = before;
      this.#changed.add(entry);
    });
    entry.storage = new AccountStorage(this.#source.node, EMPTY_ROOT);
    this.#changed.add(entry);
  }

  #storageAt(address: Address, slot: Uint8Array): Uint8Array {
    const { fields, storage } = this.#entry(address.bytes);
    return fields === undefined ? NO_BYTES : storage.get(slot);
  }

  /** A slot's value before the transaction: what it was when the transaction first asked. */
  #originalStorage(address: Address, slot: Uint8Array): Uint8Array {
    const key = keyOf(address.bytes) + keyOf(slot);
    const known = this.#originals.get(key);
    if (known !== undefined) return known;
    const value = this.#storageAt(address, slot);
    this.#originals.set(key, value);
    return value;
  }
}

function ascending<V>(byKey: ReadonlyMap<string, V>): readonly V[] {
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}
