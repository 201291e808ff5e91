import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { describe, test } from 'node:test';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { type BrokenRule, createValidator } from '../../../client/prover/guest/validate.ts';
import { dataDir, needsData } from '../../support/data.ts';
import { eestFiles, eestTests } from '../../support/eest.ts';
import { guestCases } from '../../support/guest-chain.ts';

const validator = createValidator(loadGuest());

/** Which rule must find a block wrong, by the exception that the fixtures name; never a missing node. */
const RULES: Readonly<Record<string, readonly BrokenRule[]>> = {
  'BlockException.INCORRECT_BLOCK_FORMAT': ['blockEncoding', 'header'],
  'BlockException.INCORRECT_EXCESS_BLOB_GAS': ['header'],
  'BlockException.INVALID_BASEFEE_PER_GAS': ['header'],
  'BlockException.INVALID_GASLIMIT': ['header'],
  'BlockException.INVALID_DEPOSIT_EVENT_LAYOUT': ['systemContract'],
  'BlockException.SYSTEM_CONTRACT_CALL_FAILED': ['systemContract'],
  'BlockException.SYSTEM_CONTRACT_EMPTY': ['systemContract'],
  'BlockException.INVALID_REQUESTS': ['outcome'],
  'BlockException.INVALID_WITHDRAWALS_ROOT|BlockException.INVALID_BLOCK_HASH': ['body'],
};
const rulesFor = (exception: string): readonly BrokenRule[] =>
  exception.startsWith('TransactionException.') ? ['transaction'] : (RULES[exception] ?? []);

/**
 * Valid blocks of changed system contracts whose requests are no list of the consensus-specs: there is no
 * `NewPayloadRequest` that carries such a block, so no claim about it (README, "Limits").
 */
const WITHOUT_PAYLOAD = /::test_extra_(withdrawals|consolidations)\[/;

describe('guest on the execution spec tests', needsData(), () => {
  const folder = ['blockchain_tests'];
  const root = `${dataDir()}/eest/blockchain_tests`;
  const counts = { valid: 0, invalid: 0, withoutPayload: 0 };

  for (const file of dataDir() === undefined ? [] : eestFiles(...folder)) {
    test(relative(root, file), async () => {
      const validate = await validator;
      for (const [name, source] of eestTests(file)) {
        for (const { index, expected, input, recorded, blockHash, parentHash } of await guestCases(source)) {
          const where = `${name} block ${index}`;
          const result = validate(input);
          if (expected !== undefined) {
            assert.ok(!result.ok, `${where}: accepted, expected ${expected}`);
            const rules = rulesFor(expected);
            assert.ok(rules.includes(result.rule), `${where}: ${expected}, got ${result.rule}: ${result.reason}`);
            counts.invalid++;
          } else if (WITHOUT_PAYLOAD.test(name)) {
            assert.ok(!result.ok && result.rule === 'payload', `${where}: ${result.ok ? 'accepted' : result.reason}`);
            counts.withoutPayload++;
          } else {
            assert.ok(result.ok, `${where}: ${result.ok ? '' : `${result.rule}: ${result.reason}`}`);
            assert.deepEqual([result.claim.blockHash, result.claim.parentHash], [blockHash, parentHash], where);
            const again = recorded && validate(recorded);
            assert.ok(again?.ok, `${where} with the recorded witness: ${again?.ok === false ? again.reason : ''}`);
            assert.deepEqual(again.claim, result.claim, where);
            counts.valid++;
          }
        }
      }
    });
  }

  test('totals', (t) => {
    t.diagnostic(JSON.stringify(counts));
    assert.deepEqual(counts, { valid: 519, invalid: 68, withoutPayload: 3 });
  });
});
