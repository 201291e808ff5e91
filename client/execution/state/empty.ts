import { keccak256 } from '../chain/crypto.ts';
import type { AccountState } from '../interface.ts';

/** keccak256('') */
export const EMPTY_CODE_HASH: Uint8Array = keccak256(new Uint8Array(0));

/** EIP-161: no nonce, no balance, no code. */
export function isEmptyAccount({
  nonce,
  balance,
  codeHash,
}: Pick<AccountState, 'nonce' | 'balance' | 'codeHash'>): boolean {
  return nonce === 0n && balance === 0n && Buffer.compare(codeHash, EMPTY_CODE_HASH) === 0;
}
