import type { BlockErrorCode } from '../../client/execution/chain/block-error.ts';

/** A block exception of the execution spec tests → the rule by which the block must be rejected. */
const BLOCK_RULES: Readonly<Record<string, BlockErrorCode>> = {
  INCORRECT_BLOCK_FORMAT: 'blockMalformed',
  INCORRECT_EXCESS_BLOB_GAS: 'excessBlobGas',
  INVALID_BASEFEE_PER_GAS: 'baseFeePerGas',
  INVALID_DEPOSIT_EVENT_LAYOUT: 'depositLogMalformed',
  INVALID_GASLIMIT: 'gasLimit',
  INVALID_REQUESTS: 'requestsHash',
  INVALID_WITHDRAWALS_ROOT: 'withdrawalsRoot',
  SYSTEM_CONTRACT_CALL_FAILED: 'systemContractFailed',
  SYSTEM_CONTRACT_EMPTY: 'systemContractMissing',
};

/** A transaction exception → what the error says, in the words of the VM. */
const TRANSACTION_REASONS: Readonly<Record<string, RegExp>> = {
  GAS_ALLOWANCE_EXCEEDED: /gas limit \d+, expected at most the block's \d+ left/,
  GAS_LIMIT_EXCEEDS_MAXIMUM: /exceeds the maximum allowed by EIP-7825/,
  GASLIMIT_PRICE_PRODUCT_OVERFLOW: /gas limit \* gasPrice cannot exceed/,
  INSUFFICIENT_ACCOUNT_FUNDS: /doesn't have enough funds/,
  INSUFFICIENT_MAX_FEE_PER_BLOB_GAS: /maxFeePerBlobGas .* less than block blobGasPrice/,
  INSUFFICIENT_MAX_FEE_PER_GAS: /maxFeePerGas .* less than the block's baseFeePerGas/,
  INTRINSIC_GAS_TOO_LOW: /gasLimit is too low/,
  NONCE_MISMATCH_TOO_LOW: /doesn't have the correct nonce/,
  PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS: /maxFeePerGas cannot be less than maxPriorityFeePerGas/,
  SENDER_NOT_EOA: /address is not EOA \(EIP-3607\)/,
  TYPE_3_TX_BLOB_COUNT_EXCEEDED: /blobs exceeds max/,
  TYPE_3_TX_CONTRACT_CREATION: /should have a "to" field/,
  TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH: /versioned hash does not start with/,
  TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED: /exceed maximum blob gas per block/,
  TYPE_3_TX_PRE_FORK: /EIP-4844 not enabled/,
  TYPE_3_TX_ZERO_BLOBS: /at least one blob/,
  TYPE_4_EMPTY_AUTHORIZATION_LIST: /authorization list is empty/,
  TYPE_4_TX_CONTRACT_CREATION: /should have a "to" field/,
  TYPE_4_TX_PRE_FORK: /EIP-7702 not enabled/,
};

/**
 * Whether an error is for a rule that a fixture names.
 * @param expected names of exceptions, separated by `|`
 */
export function isExpectedException(expected: string, error: Error & { readonly code?: string }): boolean {
  return expected.split('|').some((exception) => {
    const [kind = '', name = ''] = exception.split('.');
    if (kind === 'BlockException') return BLOCK_RULES[name] !== undefined && BLOCK_RULES[name] === error.code;
    const isTransactionError = error.code === undefined || error.code === 'transactionInvalid';
    return isTransactionError && TRANSACTION_REASONS[name]?.test(error.message) === true;
  });
}
