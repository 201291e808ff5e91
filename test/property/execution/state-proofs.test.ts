import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { verifyMerkleProof } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { keccak256 } from '../../../client/execution/chain/crypto.ts';
import { encodeAccount } from '../../../client/execution/state/account-rlp.ts';
import { EMPTY_CODE_HASH } from '../../../client/execution/state/empty.ts';
import { proveAccount } from '../../../client/execution/state/state-reads.ts';
import { Trie } from '../../../client/execution/state/trie.ts';
import { EMPTY_ROOT } from '../../../client/execution/state/trie-node.ts';
import { hexOf } from '../../support/bytes.ts';

const nodes = new Map<string, Uint8Array>();
const source = { node: (hash: Uint8Array) => nodes.get(hexOf(hash)), code: () => undefined, header: () => undefined };

const addressOf = (i: number): Uint8Array => keccak256(Uint8Array.of(i)).slice(0, 20);
const slotOf = (i: number): Uint8Array => keccak256(Uint8Array.of(7, i));

/** Root of a trie of these values, whose nodes the source then has. */
function trieOf(entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[]): Uint8Array {
  const trie = new Trie((hash) => nodes.get(hexOf(hash)) ?? assert.fail(), EMPTY_ROOT);
  for (const [key, value] of entries) trie.put(keccak256(key), value);
  trie.collectNew((hash, rlp) => nodes.set(hexOf(hash), rlp));
  return trie.root();
}

describe('proofs of accounts and slots', () => {
  for (const size of [1, 2, 17, 200]) {
    const storageRoot = trieOf(Array.from({ length: size }, (_, i) => [slotOf(i), RLP.encode(Uint8Array.of(i + 1))]));
    const account = { nonce: 3n, balance: 9n, codeHash: EMPTY_CODE_HASH, storageRoot };
    const stateRoot = trieOf(Array.from({ length: size }, (_, i) => [addressOf(i), encodeAccount(account)]));

    test(`of a trie of ${size}, there or absent → accepted by @ethereumjs/mpt, and no node too many`, async () => {
      for (const i of [0, size - 1, size, size + 1]) {
        const slots = [0, size - 1, size, size + 1];
        const proof = proveAccount(source, stateRoot, addressOf(i), slots.map(slotOf));
        const shown = await verifyMerkleProof(keccak256(addressOf(i)), [...proof.nodes], { root: stateRoot });
        assert.deepEqual(shown, i < size ? encodeAccount(account) : null);
        assert.deepEqual(proof.account, i < size ? account : undefined);
        for (const [k, { value, nodes: path }] of proof.storage.entries()) {
          const slot = slots[k] ?? 0;
          const expected = i < size && slot < size ? slot + 1 : 0;
          assert.equal(BigInt(hexOf(value)), BigInt(expected));
          if (i >= size) assert.deepEqual(path, [], 'an absent account has no storage to show');
          else {
            const rlp = await verifyMerkleProof(keccak256(slotOf(slot)), [...path], { root: storageRoot });
            assert.deepEqual(rlp, expected === 0 ? null : RLP.encode(Uint8Array.of(expected)));
          }
        }
        for (let drop = 1; drop < proof.nodes.length; drop++) {
          const fewer = proof.nodes.filter((_, at) => at !== drop);
          await assert.rejects(verifyMerkleProof(keccak256(addressOf(i)), fewer, { root: stateRoot }));
        }
      }
    });
  }

  test('of a state that is not there → the missing node, never "absent"', () => {
    const root = keccak256(Uint8Array.of(1, 2, 3));
    assert.throws(() => proveAccount(source, root, addressOf(0), []), { code: 'missingNode' });
  });
});
