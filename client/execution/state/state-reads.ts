/** Single values of a stored state. */

import { keccak256 } from '../chain/crypto.ts';
import type { AccountState, ContentSource } from '../interface.ts';
import { decodeAccount } from './account-rlp.ts';
import { AccountStorage } from './account-storage.ts';
import { EMPTY_CODE_HASH } from './empty.ts';
import { strictSource } from './strict-source.ts';
import { Trie } from './trie.ts';

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
  const word = new Uint8Array(WORD_BYTES);
  const account = readAccount(source, stateRoot, address);
  if (account === undefined) return word;
  const value = new AccountStorage(strictSource(source).node, account.storageRoot).get(slot);
  word.set(value, WORD_BYTES - value.length);
  return word;
}
