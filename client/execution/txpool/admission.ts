import type { Common } from '@ethereumjs/common';
import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import { ClientError } from '../../errors.ts';
import { checkTransactionShape } from '../chain/block-codec.ts';

/** As in other clients: larger transactions cost peers more than they bring. */
const MAX_TRANSACTION_BYTES = 128 * 1024;
const BLOB_TYPE = 3;

/**
 * Decodes a raw transaction and checks every rule that needs no state.
 * @param common the rules of the next block
 * @param blockGasLimit of the next block
 * @throws PoolError naming the rule it breaks
 */
export function decodeTransaction(raw: Uint8Array, common: Common, blockGasLimit: bigint): TypedTransaction {
  if (raw.length > MAX_TRANSACTION_BYTES) {
    const detail = { expected: MAX_TRANSACTION_BYTES, actual: raw.length };
    throw new PoolError('oversized', `oversized data: ${raw.length} bytes, at most ${MAX_TRANSACTION_BYTES}`, detail);
  }
  if (raw[0] === BLOB_TYPE) {
    throw new PoolError(
      'blobsNotAccepted',
      'blob transactions are not accepted: this node has no place to publish blobs',
    );
  }
  const transaction = decode(raw, common);
  if (!transaction.isSigned()) throw new PoolError('unsigned', 'the transaction is not signed');
  if (transaction.type === 0 && isUnprotected(transaction)) {
    throw new PoolError('unprotected', 'only replay-protected (EIP-155) transactions are accepted');
  }
  const [problem] = transaction.getValidationErrors();
  if (problem !== undefined) throw new PoolError('invalid', problem);
  if (transaction.gasLimit > blockGasLimit) {
    const detail = { expected: blockGasLimit, actual: transaction.gasLimit };
    throw new PoolError(
      'gasLimitExceeded',
      `exceeds block gas limit: ${transaction.gasLimit}, at most ${blockGasLimit}`,
      detail,
    );
  }
  return transaction;
}

function decode(raw: Uint8Array, common: Common): TypedTransaction {
  try {
    checkTransactionShape(raw);
    return createTxFromRLP(raw, { common });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (/chain ?id/i.test(reason)) throw wrongChain(common, cause);
    throw new PoolError('invalid', `invalid transaction: ${reason}`, {}, { cause });
  }
}

/** A legacy signature without the chain's id in `v`. */
function isUnprotected(transaction: TypedTransaction): boolean {
  return transaction.v === 27n || transaction.v === 28n;
}

function wrongChain(common: Common, cause?: unknown): PoolError {
  return new PoolError('wrongChain', `invalid chain id for signer: expected ${common.chainId()}`, {}, { cause });
}

export type PoolErrorCode =
  | 'wrongChain'
  | 'unprotected'
  | 'unsigned'
  | 'invalid'
  | 'oversized'
  | 'blobsNotAccepted'
  | 'gasLimitExceeded'
  | 'nonceTooLow'
  | 'insufficientFunds'
  | 'replacementUnderpriced'
  | 'alreadyKnown'
  | 'poolFull';
/** A transaction that the pool does not take; the code names the rule. */
export class PoolError extends ClientError<PoolErrorCode> {}
