/** An account as the accounts trie holds it: rlp([nonce, balance, storageRoot, codeHash]). */
import { RLP } from '@ethereumjs/rlp';
import { bigIntToUnpaddedBytes, bytesToBigInt } from '@ethereumjs/util';
import type { AccountState } from '../interface.ts';

/** Nonce and balance lose their leading zeros: 0 is the empty string. */
export function encodeAccount({ nonce, balance, storageRoot, codeHash }: AccountState): Uint8Array {
  return RLP.encode([bigIntToUnpaddedBytes(nonce), bigIntToUnpaddedBytes(balance), storageRoot, codeHash]);
}

/** The inverse of `encodeAccount`. Its items are not checked: a state root commits to them. @throws Error for no RLP */
export function decodeAccount(rlp: Uint8Array): AccountState {
  const [nonce, balance, storageRoot, codeHash] = RLP.decode(rlp) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  return { nonce: bytesToBigInt(nonce), balance: bytesToBigInt(balance), storageRoot, codeHash };
}
