import type { Block } from '@ethereumjs/block';
import type { TypedTransaction } from '@ethereumjs/tx';
import { EthereumJSError } from '@ethereumjs/util';
import { type RunTxResult, runTx, type VM } from '@ethereumjs/vm';
import { BlockError, reasonOf } from '../chain/block-error.ts';

/**
 * Runs one transaction of a block.
 * @param index its place in the block, for messages
 * @param gasUsed by the block's transactions before it
 * @throws BlockError `transactionInvalid`
 */
export async function applyTransaction(
  vm: VM,
  block: Block,
  transaction: TypedTransaction,
  index: number,
  gasUsed: bigint,
): Promise<RunTxResult> {
  const gasLeft = block.header.gasLimit - gasUsed;
  if (transaction.gasLimit > gasLeft) {
    const detail = { index, expected: `at most ${gasLeft}`, actual: String(transaction.gasLimit) };
    const message = `transaction ${index}: gas limit ${transaction.gasLimit}, expected at most the block's ${gasLeft} left`;
    throw new BlockError('transactionInvalid', message, detail);
  }
  try {
    return await runTx(vm, { tx: transaction, block, blockGasUsed: gasUsed });
  } catch (cause) {
    if (!(cause instanceof EthereumJSError)) throw cause;
    const problem = reasonOf(cause);
    throw new BlockError(
      'transactionInvalid',
      `transaction ${index}: ${problem}`,
      { index, actual: problem },
      { cause },
    );
  }
}
