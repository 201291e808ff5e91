/** Single values of a stored state, and the trie nodes that show them. */

import { keccak256 } from '../chain/crypto.ts';
import type { AccountProof, AccountState, ContentSource } from '../interface.ts';
import { decodeAccount } from './account-rlp.ts';
import { AccountStorage } from './account-storage.ts';
import { EMPTY_CODE_HASH } from './empty.ts';
import { strictSource } from './strict-source.ts';
import { type NodeReader, Trie } from './trie.ts';
import { EMPTY_ROOT } from './trie-node.ts';

const WORD_BYTES = 32;

/** @throws MissingContentError where the source lacks the state */
export function readAccount(
  source: ContentSource,
  stateRoot: Uint8Array,
  address: Uint8Array,
): AccountState | undefined {
  const rlp = new Trie(strictSource(source).node, stateRoot).get(keccak256(address));
  return rlp === undefined ? undefined : decodeAccount(rlp);
}

/** Empty for an account without code. @throws MissingContentError */
export function readCode(source: ContentSource, stateRoot: Uint8Array, address: Uint8Array): Uint8Array {
  const account = readAccount(source, stateRoot, address);
  if (account === undefined || Buffer.compare(account.codeHash, EMPTY_CODE_HASH) === 0) return new Uint8Array(0);
  return strictSource(source).code(account.codeHash);
}

/** 32 bytes. @param slot 32 bytes @throws MissingContentError */
export function readStorage(
  source: ContentSource,
  stateRoot: Uint8Array,
  address: Uint8Array,
  slot: Uint8Array,
): Uint8Array {
  const account = readAccount(source, stateRoot, address);
  if (account === undefined) return new Uint8Array(WORD_BYTES);
  return wordAt(new AccountStorage(strictSource(source).node, account.storageRoot), slot);
}

/** What `eth_getProof` answers with. @param slots 32 bytes each @throws MissingContentError */
export function proveAccount(
  source: ContentSource,
  stateRoot: Uint8Array,
  address: Uint8Array,
  slots: readonly Uint8Array[],
): AccountProof {
  const { value: rlp, nodes } = nodesRead(source, (read) => new Trie(read, stateRoot).get(keccak256(address)));
  const account = rlp === undefined ? undefined : decodeAccount(rlp);
  const storage = slots.map((slot) =>
    nodesRead(source, (read) => wordAt(new AccountStorage(read, account?.storageRoot ?? EMPTY_ROOT), slot)),
  );
  return { account, nodes, storage };
}

/** A fresh trie reads the nodes on the way to one key from the root down, and no other: they are the key's proof. */
function nodesRead<T>(
  source: ContentSource,
  look: (read: NodeReader) => T,
): { readonly value: T; readonly nodes: readonly Uint8Array[] } {
  const nodes: Uint8Array[] = [];
  const value = look(strictSource(source, (_, __, rlp) => nodes.push(rlp)).node);
  return { value, nodes };
}

function wordAt(storage: AccountStorage, slot: Uint8Array): Uint8Array {
  const word = new Uint8Array(WORD_BYTES);
  const value = storage.get(slot);
  word.set(value, WORD_BYTES - value.length);
  return word;
}
