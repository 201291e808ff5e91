/** What a block's body must be before it runs: the header's commitments to it, and what needs no state. */
import type { Block } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { isBlob4844Tx, type TypedTransaction } from '@ethereumjs/tx';
import { type Withdrawal, withdrawalToBytesArray } from '@ethereumjs/util';
import { orderedTrieRoot } from '../state/trie.ts';
import { activeForks } from './active-forks.ts';
import { BlockError, hex, reasonOf, requireEqual } from './block-error.ts';
import { keccak256 } from './crypto.ts';
import type { ChainConfig } from './genesis-config.ts';
import { GAS_PER_BLOB } from './rules.ts';

/** EIP-7934: MAX_BLOCK_SIZE − SAFETY_MARGIN */
const MAX_RLP_BLOCK_SIZE = 10_485_760 - 2_097_152;

/** @throws BlockError */
export function validateBody(config: ChainConfig, block: Block): void {
  const { header } = block;
  const forks = activeForks(config, header.number, header.timestamp);
  if (forks.some(({ name }) => name === 'osaka')) {
    const sizeBytes = block.serialize().length;
    if (sizeBytes > MAX_RLP_BLOCK_SIZE) {
      const detail = { expected: `at most ${MAX_RLP_BLOCK_SIZE}`, actual: String(sizeBytes) };
      throw new BlockError(
        'blockTooLarge',
        `block has ${sizeBytes} bytes, expected at most ${MAX_RLP_BLOCK_SIZE}`,
        detail,
      );
    }
  }
  validateBodyRoots(block);
  const blobParams = forks.findLast((fork) => fork.blobParams !== undefined)?.blobParams;
  if (blobParams !== undefined) validateBlobs(block, blobParams.max);
  for (const [index, transaction] of block.transactions.entries()) validateTransaction(transaction, index);
}

/** That a body is the one which its header commits to. @throws BlockError */
export function validateBodyRoots(block: Block): void {
  const { header } = block;
  const encodedIndex = (index: number): Uint8Array => RLP.encode(index);
  const transactions = block.transactions.map((transaction) => transaction.serialize());
  requireEqual('transactionsRoot', hex(orderedTrieRoot(transactions, encodedIndex)), hex(header.transactionsTrie));
  const ommers = RLP.encode(block.uncleHeaders.map((ommer) => ommer.raw()));
  requireEqual('ommersHash', hex(keccak256(ommers)), hex(header.uncleHash));
  const withdrawals = block.withdrawals?.map(encodeWithdrawal);
  requireEqual(
    'withdrawalsRoot',
    withdrawals === undefined ? 'none' : hex(orderedTrieRoot(withdrawals, encodedIndex)),
    header.withdrawalsRoot === undefined ? 'none' : hex(header.withdrawalsRoot),
  );
}

/**
 * What a transaction must be whatever the state: its signature, and gas for what it costs at least.
 * @throws BlockError `transactionInvalid`
 */
export function validateTransaction(transaction: TypedTransaction, index: number): void {
  const [error] = transaction.getValidationErrors();
  if (error === undefined) return;
  const problem = reasonOf(error);
  throw new BlockError('transactionInvalid', `transaction ${index}: ${problem}`, { index, actual: problem });
}

function validateBlobs(block: Block, max: number): void {
  let blobs = 0;
  for (const transaction of block.transactions) if (isBlob4844Tx(transaction)) blobs += transaction.numBlobs();
  if (blobs > max) {
    const detail = { expected: `at most ${max}`, actual: String(blobs) };
    throw new BlockError('tooManyBlobs', `block has ${blobs} blobs, expected at most ${max}`, detail);
  }
  requireEqual('blobGasUsed', BigInt(blobs * GAS_PER_BLOB), block.header.blobGasUsed ?? 'none');
}

function encodeWithdrawal(withdrawal: Withdrawal): Uint8Array {
  return RLP.encode(withdrawalToBytesArray(withdrawal));
}
