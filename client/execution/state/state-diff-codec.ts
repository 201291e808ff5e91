/** `StateDiff` as SSZ. Optional fields are lists of at most one element: plain SSZ that every library reads. */
import {
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListBasicType,
  ListCompositeType,
  UintBigintType,
} from '@chainsafe/ssz';
import { ClientError } from '../../errors.ts';
import { reasonOf } from '../chain/block-error.ts';
import type { AccountDiff, StateDiff } from '../interface.ts';

/** EIP-170 */
const MAX_CODE_BYTES = 24_576;
/** Far above what fits into the bytes of any block's diff. */
const MAX_ITEMS = 2 ** 20;

const BASE_BYTES = 262_144n;
const GAS_PER_BYTE = 20n;

const Word = new ByteVectorType(32);
const StorageChange = new ContainerType({ slot: Word, value: Word });
const Account = new ContainerType({
  address: new ByteVectorType(20),
  nonce: new ListBasicType(new UintBigintType(8), 1),
  balance: new ListBasicType(new UintBigintType(32), 1),
  code: new ListCompositeType(new ByteListType(MAX_CODE_BYTES), 1),
  storage: new ListCompositeType(StorageChange, MAX_ITEMS),
});
const Diff = new ContainerType({ accounts: new ListCompositeType(Account, MAX_ITEMS) });

/**
 * The most bytes that a block's diff may have: 256 KiB and a byte per 20 gas. No operation changes state for less: a
 * slot costs 4000 gas and takes 64 bytes, code 200 gas a byte, an account 6700 gas and at most 100 bytes.
 */
export function maxStateDiffBytes(gasUsed: bigint): number {
  return Number(BASE_BYTES + gasUsed / GAS_PER_BYTE);
}

/** The canonical bytes of a diff whose lists are sorted. */
export function encodeStateDiff({ accounts }: StateDiff): Uint8Array {
  return Diff.serialize({
    accounts: accounts.map(({ address, nonce, balance, code, storage }) => ({
      address,
      nonce: nonce === undefined ? [] : [nonce],
      balance: balance === undefined ? [] : [balance],
      code: code === undefined ? [] : [code],
      storage: storage.map(([slot, value]) => ({ slot, value })),
    })),
  });
}

/**
 * Reads a diff; what it holds is in proportion to its bytes, which are capped before anything is read.
 * @param gasUsed of the block's header
 * @throws StateDiffError `diffTooLarge`, `diffMalformed`
 */
export function decodeStateDiff(bytes: Uint8Array, gasUsed: bigint): StateDiff {
  const cap = maxStateDiffBytes(gasUsed);
  if (bytes.length > cap) {
    const detail = { expected: `at most ${cap}`, actual: `${bytes.length}` };
    throw new StateDiffError('diffTooLarge', `state diff has ${bytes.length} bytes, expected at most ${cap}`, detail);
  }
  let accounts: readonly AccountDiff[];
  try {
    accounts = Diff.deserialize(bytes).accounts.map(({ address, nonce, balance, code, storage }) => ({
      address,
      ...(nonce[0] === undefined ? {} : { nonce: nonce[0] }),
      ...(balance[0] === undefined ? {} : { balance: balance[0] }),
      ...(code[0] === undefined ? {} : { code: code[0] }),
      storage: storage.map(({ slot, value }) => [slot, value] as const),
    }));
  } catch (cause) {
    throw new StateDiffError('diffMalformed', `state diff is not its SSZ: ${reasonOf(cause)}`, {}, { cause });
  }
  if (Buffer.compare(encodeStateDiff({ accounts }), bytes) !== 0) {
    throw new StateDiffError('diffMalformed', 'state diff is not the one encoding of what it holds');
  }
  return { accounts };
}

/** `diffUnchanged`, `diffStateRoot` and the like are the sender's lies; `account` and `slot` say where. */
export class StateDiffError extends ClientError<
  StateDiffErrorCode,
  {
    readonly account?: string;
    readonly slot?: string;
    readonly field?: string;
    readonly expected?: string;
    readonly actual?: string;
  }
> {}
export type StateDiffErrorCode =
  | 'diffTooLarge'
  | 'diffMalformed'
  /** the block is from before Cancun */
  | 'diffUndefined'
  | 'diffUnsorted'
  | 'diffDuplicate'
  /** an entry that is equal to the parent's value, whatever the root */
  | 'diffUnchanged'
  /** slots of an account that is left empty and goes with all of its storage */
  | 'diffStorageOfDeleted'
  /** applied, it gives another state than the header names */
  | 'diffStateRoot';
