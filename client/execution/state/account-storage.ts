import { RLP } from '@ethereumjs/rlp';
import { keccak256 } from '../chain/crypto.ts';
import { type NodeReader, Trie } from './trie.ts';
import { EMPTY_ROOT } from './trie-node.ts';

const NO_BYTES = new Uint8Array(0);

type Slot = {
  readonly slot: Uint8Array;
  /** keccak256(slot) */
  readonly key: Uint8Array;
  /** in the trie that was opened */
  readonly before: Uint8Array;
  /** in the trie since the last flush */
  flushed: Uint8Array;
  value: Uint8Array;
};

/** One account's storage: values over a trie that is opened with the first slot. Values have no leading zeros. */
export class AccountStorage {
  readonly #read: NodeReader;
  /** Root of the trie that was opened. */
  readonly openedRoot: Uint8Array;
  #root: Uint8Array;
  #trie: Trie | undefined;
  readonly #slots = new Map<string, Slot>();
  readonly #changed = new Set<Slot>();

  constructor(read: NodeReader, root: Uint8Array) {
    this.#read = read;
    this.openedRoot = root;
    this.#root = root;
  }

  /** Root of the trie as last flushed. */
  get flushedRoot(): Uint8Array {
    return this.#root;
  }

  /** Whether nothing is in it and nothing was asked of it. */
  isPristine(): boolean {
    return this.#slots.size === 0 && equal(this.#root, EMPTY_ROOT);
  }

  /** Empty for zero. */
  get(slot: Uint8Array): Uint8Array {
    return this.#slot(slot).value;
  }

  /** Returns what undoes the change, or nothing where there is none. */
  put(slot: Uint8Array, value: Uint8Array): (() => void) | undefined {
    const entry = this.#slot(slot);
    const before = entry.value;
    const after = withoutLeadingZeros(value);
    if (equal(before, after)) return undefined;
    entry.value = after;
    this.#changed.add(entry);
    return () => {
      entry.value = before;
      this.#changed.add(entry);
    };
  }

  /** Writes the changes into the trie, puts before deletes, and returns its root. */
  flush(): Uint8Array {
    const written = [...this.#changed].filter((slot) => !equal(slot.value, slot.flushed));
    this.#changed.clear();
    if (written.length === 0) return this.#root;
    const trie = this.#open();
    for (const slot of written) if (slot.value.length > 0) trie.put(slot.key, RLP.encode(slot.value));
    for (const slot of written) if (slot.value.length === 0) trie.delete(slot.key);
    for (const slot of written) slot.flushed = slot.value;
    this.#root = trie.root();
    return this.#root;
  }

  /** Slots whose value is not that of the trie that was opened, in no order. */
  *changedSlots(): Generator<readonly [slot: Uint8Array, value: Uint8Array]> {
    for (const { slot, before, value } of this.#slots.values()) if (!equal(before, value)) yield [slot, value];
  }

  collectNew(put: (hash: Uint8Array, rlp: Uint8Array) => void): void {
    this.#trie?.collectNew(put);
  }

  #slot(slot: Uint8Array): Slot {
    const name = Buffer.from(slot.buffer, slot.byteOffset, slot.length).toString('latin1');
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    const key = keccak256(slot);
    const rlp = this.#open().get(key);
    const value = rlp === undefined ? NO_BYTES : (RLP.decode(rlp) as Uint8Array);
    const entry: Slot = { slot, key, before: value, flushed: value, value };
    this.#slots.set(name, entry);
    return entry;
  }

  #open(): Trie {
    this.#trie ??= new Trie(this.#read, this.#root);
    return this.#trie;
  }
}

function withoutLeadingZeros(value: Uint8Array): Uint8Array {
  let zeros = 0;
  while (zeros < value.length && value[zeros] === 0) zeros++;
  return value.slice(zeros);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
