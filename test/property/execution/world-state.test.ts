import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { Account, Address } from '@ethereumjs/util';
import { keccak256 } from '../../../client/execution/chain/crypto.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { strictSource } from '../../../client/execution/state/strict-source.ts';
import { EMPTY_ROOT } from '../../../client/execution/state/trie-node.ts';
import { WorldState } from '../../../client/execution/state/world-state.ts';
import { bytesOf, hexOf } from '../../support/bytes.ts';
import { seededRandom } from '../../support/random.ts';

const STEPS = 3000;
const MAX_DEPTH = 4;
const addresses = Array.from({ length: 12 }, (_, i) => new Address(keccak256(Uint8Array.of(i)).slice(0, 20)));
const slots = Array.from({ length: 8 }, (_, i) => keccak256(Uint8Array.of(100 + i)));

/** The obvious state: plain values, copied whole for a checkpoint. */
type Model = Map<string, { balance: bigint; code: Uint8Array; storage: Map<string, Uint8Array> }>;

function copyOf(model: Model): Model {
  return new Map([...model].map(([key, account]) => [key, { ...account, storage: new Map(account.storage) }]));
}

/** The model's state root, by @ethereumjs's tries. */
async function rootOf(model: Model): Promise<string> {
  const accounts = new MerklePatriciaTrie({ useKeyHashing: true });
  for (const [address, { balance, code, storage }] of model) {
    const trie = new MerklePatriciaTrie({ useKeyHashing: true });
    for (const [slot, value] of storage) await trie.put(bytesOf(slot), RLP.encode(value));
    const account = new Account(0n, balance, trie.root(), keccak256(code));
    await accounts.put(bytesOf(address), account.serialize());
  }
  return hexOf(accounts.root());
}

describe('world state', () => {
  for (const seed of [1, 2, 3]) {
    test(`random changes and nested checkpoints (seed ${seed}) → values and roots of a plain model`, async () => {
      const random = seededRandom(seed);
      const pick = <T>(items: readonly T[]): T => items[random() % items.length] as T;
      const content = new ContentMap();
      let state = new WorldState(strictSource(content), EMPTY_ROOT);
      let model: Model = new Map();
      const checkpoints: Model[] = [];
      let roots = 0;
      for (let step = 0; step < STEPS; step++) {
        const address = pick(addresses);
        const slot = pick(slots);
        const known = model.get(address.toString());
        const account = await state.getAccount(address);
        assert.equal(account?.balance, known?.balance);
        assert.deepEqual(await state.getCode(address), known?.code ?? new Uint8Array());
        assert.deepEqual(await state.getStorage(address, slot), known?.storage.get(hexOf(slot)) ?? new Uint8Array());
        switch (random() % 10) {
          case 0:
          case 1: {
            const changed = account ?? new Account();
            changed.balance = BigInt(random());
            await state.putAccount(address, changed);
            const balance = changed.balance;
            if (known === undefined) {
              model.set(address.toString(), { balance, code: new Uint8Array(), storage: new Map() });
            } else known.balance = balance;
            break;
          }
          case 2:
            await state.deleteAccount(address);
            model.delete(address.toString());
            break;
          case 3:
          case 4:
          case 5: {
            if (known === undefined) break;
            const value = random() % 3 === 0 ? new Uint8Array() : Uint8Array.of(1 + (random() % 255));
            await state.putStorage(address, slot, value);
            if (value.length > 0) known.storage.set(hexOf(slot), value);
            else known.storage.delete(hexOf(slot));
            break;
          }
          case 6:
            await state.clearStorage(address);
            known?.storage.clear();
            break;
          case 7:
            if (checkpoints.length === MAX_DEPTH) break;
            await state.checkpoint();
            checkpoints.push(copyOf(model));
            break;
          case 8: {
            const before = checkpoints.pop();
            if (before === undefined) break;
            if (random() % 2 === 0) {
              await state.commit();
            } else {
              await state.revert();
              model = before;
            }
            break;
          }
          case 9: {
            if (known === undefined) break;
            known.code = random() % 3 === 0 ? new Uint8Array() : Uint8Array.of(0x60, random() % 4);
            await state.putCode(address, known.code);
          }
        }
        if (random() % 10 !== 0) continue;
        // A flush within checkpoints must not make what it wrote permanent.
        const root = await state.getStateRoot();
        assert.equal(hexOf(root), await rootOf(model), `step ${step}`);
        roots++;
        if (checkpoints.length > 0 || random() % 4 !== 0) continue;
        content.addChanges(state.changes());
        state = new WorldState(strictSource(content), root);
      }
      assert.ok(roots > 200);
    });
  }
});
