import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { keccak256 } from '../../../client/execution/chain/crypto.ts';
import { orderedTrieRoot, Trie } from '../../../client/execution/state/trie.ts';
import { decodeNode, EMPTY_ROOT } from '../../../client/execution/state/trie-node.ts';
import { bytesOf, hexOf } from '../../support/bytes.ts';
import { type Random, seededRandom } from '../../support/random.ts';

const STEPS = 400;

/** Nodes by hash; asking for an unknown one is an error. */
class Nodes {
  readonly byHash = new Map<string, Uint8Array>();
  readonly asked = new Set<string>();

  readonly read = (hash: Uint8Array): Uint8Array => {
    const rlp = this.byHash.get(hexOf(hash));
    if (rlp === undefined) throw new Error(`missing ${hexOf(hash)}`);
    this.asked.add(hexOf(hash));
    return rlp;
  };

  add(trie: Trie): void {
    trie.collectNew((hash, rlp) => {
      assert.equal(hexOf(keccak256(rlp)), hexOf(hash));
      this.byHash.set(hexOf(hash), rlp);
    });
  }

  /** Only what was asked for since the last time. */
  asAsked(): Nodes {
    const nodes = new Nodes();
    for (const hash of this.asked) nodes.byHash.set(hash, this.byHash.get(hash) ?? new Uint8Array());
    return nodes;
  }
}

/** Few distinct first nibbles and short values, so that branches collapse and nodes are embedded often. */
function randomKey(random: Random): Uint8Array {
  const key = keccak256(Uint8Array.of(random() % 60));
  if (random() % 2 === 0) key.fill(0x11, 0, 4 + (random() % 28));
  return key;
}
const randomValue = (random: Random): Uint8Array =>
  keccak256(Uint8Array.of(random() % 250)).slice(0, 1 + (random() % 40));

describe('Merkle Patricia trie', () => {
  for (const seed of [1, 2, 3, 4]) {
    test(`random puts, deletes and reads (seed ${seed}) → roots and values of @ethereumjs/mpt, also reopened`, async () => {
      const random = seededRandom(seed);
      const library = new MerklePatriciaTrie();
      const nodes = new Nodes();
      let trie = new Trie(nodes.read, EMPTY_ROOT);
      const keys = new Map<string, Uint8Array>();
      for (let step = 0; step < STEPS; step++) {
        const key = randomKey(random);
        if (random() % 3 === 0) {
          trie.delete(key);
          await library.del(key);
          keys.delete(hexOf(key));
        } else {
          const value = randomValue(random);
          trie.put(key, value);
          await library.put(key, value);
          keys.set(hexOf(key), value);
        }
        if (random() % 8 !== 0) continue;
        assert.equal(hexOf(trie.root()), hexOf(library.root()), `step ${step}`);
        nodes.add(trie);
        if (random() % 2 === 0) trie = new Trie(nodes.read, trie.root());
        const probe = randomKey(random);
        assert.deepEqual(trie.get(probe), keys.get(hexOf(probe)));
      }
      for (const [key, value] of keys) assert.deepEqual(trie.get(bytesOf(key)), value);
    });
  }

  test('the nodes that a run asked for → suffice for the same run, and without any one of them it fails', () => {
    const random = seededRandom(9);
    const nodes = new Nodes();
    const full = new Trie(nodes.read, EMPTY_ROOT);
    for (let i = 0; i < 200; i++) full.put(randomKey(random), randomValue(random));
    const root = full.root();
    nodes.add(full);
    const changes = Array.from({ length: 12 }, () => [randomKey(random), random() % 2 === 0] as const);
    const run = (from: Nodes): string => {
      const trie = new Trie(from.read, root);
      for (const [key, isDelete] of changes) if (!isDelete) trie.put(key, Uint8Array.of(7));
      for (const [key, isDelete] of changes) if (isDelete) trie.delete(key);
      return hexOf(trie.root());
    };
    const expected = run(nodes);
    const partial = nodes.asAsked();
    assert.ok(partial.byHash.size < nodes.byHash.size);
    assert.equal(run(partial), expected);
    for (const hash of partial.byHash.keys()) {
      const lacking = nodes.asAsked();
      lacking.byHash.delete(hash);
      assert.throws(() => run(lacking), { message: `missing ${hash}` });
    }
  });

  test('deleting a key that is absent → nothing changes', () => {
    const nodes = new Nodes();
    const trie = new Trie(nodes.read, EMPTY_ROOT);
    for (let i = 0; i < 20; i++) trie.put(keccak256(Uint8Array.of(i)), Uint8Array.of(i + 1));
    const root = hexOf(trie.root());
    for (let i = 20; i < 60; i++) trie.delete(keccak256(Uint8Array.of(i)));
    assert.equal(hexOf(trie.root()), root);
  });

  for (const count of [0, 1, 2, 17, 127, 128, 129, 300]) {
    test(`the trie of a list of ${count} → the root of @ethereumjs/mpt`, async () => {
      const values = Array.from({ length: count }, (_, i) => keccak256(Uint8Array.of(i & 255, i >> 8)));
      const library = new MerklePatriciaTrie();
      for (const [index, value] of values.entries()) await library.put(RLP.encode(index), value);
      const root = orderedTrieRoot(values, (index) => RLP.encode(index));
      assert.equal(hexOf(root), hexOf(library.root()));
    });
  }

  const badNodes: readonly (readonly [what: string, items: Uint8Array | readonly Uint8Array[]])[] = [
    ['a string', new Uint8Array(3)],
    ['a list of three', [new Uint8Array(1), new Uint8Array(1), new Uint8Array(1)]],
    ['a leaf without a value', [Uint8Array.of(0x20), new Uint8Array()]],
    ['a path with unknown flags', [Uint8Array.of(0x40), Uint8Array.of(1)]],
    ['a path with padding that is not zero', [Uint8Array.of(0x21), Uint8Array.of(1)]],
    ['an extension without a path', [Uint8Array.of(0x00), new Uint8Array(32).fill(1)]],
    ['a child of 31 bytes', [Uint8Array.of(0x11), new Uint8Array(31).fill(1)]],
    ['a branch with one child', [new Uint8Array(32).fill(1), ...Array.from({ length: 16 }, () => new Uint8Array())]],
    ['a branch with a value', [...Array.from({ length: 16 }, () => new Uint8Array(32).fill(1)), Uint8Array.of(1)]],
  ];
  for (const [what, items] of badNodes) {
    test(`rejects ${what} as a node`, () => {
      const rlp = RLP.encode(items instanceof Uint8Array ? items : [...items]);
      assert.throws(() => decodeNode(rlp, keccak256(rlp)), { code: 'malformedNode' });
    });
  }
  test('rejects bytes that are not RLP as a node', () => {
    assert.throws(() => decodeNode(Uint8Array.of(0xf8), EMPTY_ROOT), { code: 'malformedNode' });
  });
});
