import type { AccountDiff, AccountState } from '../interface.ts';
import { EMPTY_CODE_HASH, isEmptyAccount } from './empty.ts';

const WORD_BYTES = 32;

/** An account after a block. */
type AccountAfter = Pick<AccountState, 'nonce' | 'balance' | 'codeHash'> & {
  /** undefined where the block set none */
  readonly code: Uint8Array | undefined;
};

/**
 * One account's differences; an account that is not there counts as an empty one.
 * @param slots that changed, in any order, values without leading zeros
 * @returns undefined where there are none. An account that was there and empty, and is not there any more, has a diff
 *   without fields.
 */
export function accountDiff(
  address: Uint8Array,
  before: AccountState | undefined,
  after: AccountAfter | undefined,
  slots: Iterable<readonly [slot: Uint8Array, value: Uint8Array]>,
): AccountDiff | undefined {
  const nonce = after?.nonce ?? 0n;
  const balance = after?.balance ?? 0n;
  const codeHash = after?.codeHash ?? EMPTY_CODE_HASH;
  const storage = [...slots]
    .map(([slot, value]) => [slot, word(value)] as const)
    .sort(([a], [b]) => Buffer.compare(a, b));
  const changed = {
    ...(nonce === (before?.nonce ?? 0n) ? {} : { nonce }),
    ...(balance === (before?.balance ?? 0n) ? {} : { balance }),
    ...(Buffer.compare(codeHash, before?.codeHash ?? EMPTY_CODE_HASH) === 0
      ? {}
      : { code: after?.code ?? new Uint8Array(0) }),
  };
  const isEmptyOneDeleted = after === undefined && before !== undefined && isEmptyAccount(before);
  if (Object.keys(changed).length === 0 && storage.length === 0 && !isEmptyOneDeleted) return undefined;
  return { address, ...changed, storage };
}

function word(value: Uint8Array): Uint8Array {
  const padded = new Uint8Array(WORD_BYTES);
  padded.set(value, WORD_BYTES - value.length);
  return padded;
}
