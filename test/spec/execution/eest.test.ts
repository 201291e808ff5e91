import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { decodeBlock } from '../../../client/execution/chain/block-codec.ts';
import type { BlockErrorCode } from '../../../client/execution/chain/block-error.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { executeBlock } from '../../../client/execution/state/execute-block.ts';
import { digestOf } from '../../support/content-digest.ts';
import { dataDir, needsData } from '../../support/data.ts';
import { type BlockOutcome, eestFiles, eestTests, runBlockchainTest } from '../../support/eest.ts';

/** Too long for every run; `ZKL1_TEST_FULL=1` runs them too, and the benchmark folder. */
const HEAVY = new Set(['test_run_until_out_of_gas.json']);
const isFull = process.env.ZKL1_TEST_FULL === '1';

/** The rule by which a block with an exception must be rejected; tests name it as the specs do. */
const RULES: Readonly<Record<string, readonly BlockErrorCode[]>> = {
  'BlockException.INCORRECT_BLOCK_FORMAT': ['blockMalformed'],
  'BlockException.INCORRECT_EXCESS_BLOB_GAS': ['excessBlobGas'],
  'BlockException.INVALID_BASEFEE_PER_GAS': ['baseFeePerGas'],
  'BlockException.INVALID_DEPOSIT_EVENT_LAYOUT': ['depositLogMalformed'],
  'BlockException.INVALID_GASLIMIT': ['gasLimit'],
  'BlockException.INVALID_REQUESTS': ['requestsHash'],
  'BlockException.INVALID_WITHDRAWALS_ROOT': ['withdrawalsRoot'],
  'BlockException.SYSTEM_CONTRACT_CALL_FAILED': ['systemContractFailed'],
  'BlockException.SYSTEM_CONTRACT_EMPTY': ['systemContractMissing'],
  TransactionException: ['transactionInvalid'],
};

/** What a transaction's exception says of itself, in the words of the VM. */
const TRANSACTION_REASONS: Readonly<Record<string, RegExp>> = {
  GAS_ALLOWANCE_EXCEEDED: /gas limit \d+, expected at most the block's \d+ left/,
  GAS_LIMIT_EXCEEDS_MAXIMUM: /exceeds the maximum allowed by EIP-7825/,
  INSUFFICIENT_ACCOUNT_FUNDS: /doesn't have enough funds/,
  INSUFFICIENT_MAX_FEE_PER_BLOB_GAS: /maxFeePerBlobGas .* less than block blobGasPrice/,
  INSUFFICIENT_MAX_FEE_PER_GAS: /maxFeePerGas .* less than the block's baseFeePerGas/,
  INTRINSIC_GAS_TOO_LOW: /gasLimit is too low/,
  NONCE_MISMATCH_TOO_LOW: /doesn't have the correct nonce/,
  TYPE_3_TX_BLOB_COUNT_EXCEEDED: /blobs exceeds max/,
  TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH: /versioned hash does not start with/,
  TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED: /exceed maximum blob gas per block/,
  TYPE_3_TX_PRE_FORK: /EIP-4844 not enabled/,
  TYPE_4_EMPTY_AUTHORIZATION_LIST: /authorization list is empty/,
  TYPE_4_TX_PRE_FORK: /EIP-7702 not enabled/,
};

describe('execution spec tests, blockchain_tests', needsData(), () => {
  const files = dataDir() === undefined ? [] : eestFiles('blockchain_tests');
  if (isFull && dataDir() !== undefined) files.push(...eestFiles('benchmark'));
  let tests = 0;
  let invalid = 0;

  for (const file of files) {
    const name = basename(file, '.json');
    const skip = HEAVY.has(basename(file)) && !isFull ? { skip: 'heavy: ZKL1_TEST_FULL=1 runs it' } : {};
    test(`${name} → valid blocks run to their headers, invalid ones are rejected by their rule`, skip, async () => {
      for (const [id, fixture] of eestTests(file)) {
        const { outcomes, head } = await runBlockchainTest(fixture);
        for (const outcome of outcomes) {
          if (outcome.expected === undefined) await checkValid(id, outcome);
          else checkRejected(id, outcome);
          if (outcome.expected !== undefined) invalid++;
        }
        assert.equal(head, fixture.lastblockhash, id);
        tests++;
      }
    });
  }

  test('all fixtures were read → their number', () => {
    assert.ok(isFull ? tests === 488 : tests === 456, `${tests} tests`);
    assert.equal(invalid, 68);
  });
});

/** A block that is valid on the full state runs from the recorded witness alone, and records the same again. */
async function checkValid(id: string, { error, execution, network, blockRlp }: BlockOutcome): Promise<void> {
  assert.ok(execution, `${id}: ${error?.code}: ${error?.message}`);
  const block = decodeBlock(network.common, blockRlp);
  const again = await executeBlock(network, block, ContentMap.ofWitness(execution.witness));
  assert.equal(digestOf(again.witness), digestOf(execution.witness), id);
  assert.equal(digestOf(again.changes), digestOf(execution.changes), id);
}

function checkRejected(id: string, { expected, error }: BlockOutcome): void {
  assert.ok(error, `${id} was accepted, expected ${expected}`);
  const allowed = (expected ?? '').split('|').some((exception) => {
    const [kind = '', name = ''] = exception.split('.');
    const rules = RULES[exception] ?? RULES[kind];
    if (rules === undefined || !rules.some((rule) => rule === error.code)) return false;
    return kind !== 'TransactionException' || TRANSACTION_REASONS[name]?.test(error.message) === true;
  });
  assert.ok(allowed, `${id}: expected ${expected}, got ${error.code}: ${error.message}`);
}
