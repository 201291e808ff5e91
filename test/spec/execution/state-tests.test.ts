import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { digestOf } from '../../support/content-digest.ts';
import { needsData } from '../../support/data.ts';
import { eestFiles } from '../../support/eest.ts';
import { isExpectedException } from '../../support/eest-exceptions.ts';
import { preState, runStateTest, type StatePost, type StateTest, stateTests } from '../../support/state-tests.ts';

/** Without `ZKL1_TEST_FULL=1` every fourth file of the old static tests runs, and none of the heavy ones. */
const isFull = process.env.ZKL1_TEST_FULL === '1';
const STATIC_STEP = 4;
const HEAVY: ReadonlySet<string> = new Set([
  ...['test_run_until_out_of_gas.json', 'static_Call50000_ecrec.json', 'static_Call50000_identity2.json'],
  ...['Call1024PreCalls.json', 'static_Call1MB1024Calldepth.json'],
]);

const FOLDERS = [
  ...['frontier', 'homestead', 'byzantium', 'constantinople', 'istanbul', 'berlin', 'london', 'paris', 'shanghai'],
  ...['cancun', 'prague', 'osaka', 'static'],
];
const EXPECTED_CASES = isFull ? 3258 : 1998;

function filesOf(folder: string): readonly string[] {
  const files = eestFiles('state_tests', folder);
  if (isFull) return files;
  const light = files.filter((file) => !HEAVY.has(basename(file)));
  return folder === 'static' ? light.filter((_, index) => index % STATIC_STEP === 0) : light;
}

describe('execution spec tests, state_tests', needsData(), () => {
  let cases = 0;
  for (const folder of FOLDERS) {
    test(`${folder} → each transaction’s state root and logs, again from its own witness; invalid ones rejected`, async () => {
      for (const file of filesOf(folder)) {
        for (const [id, fixture] of stateTests(file)) {
          for (const [fork, posts] of Object.entries(fixture.post)) {
            for (const post of posts) await checkCase(id, fixture, fork, post);
            cases += posts.length;
          }
        }
      }
    });
  }

  test('all cases were run → their number', () => assert.equal(cases, EXPECTED_CASES));
});

async function checkCase(id: string, fixture: StateTest, fork: string, post: StatePost): Promise<void> {
  const { root, content } = await preState(fixture);
  const { expectException } = post;
  if (expectException !== undefined) {
    await assert.rejects(runStateTest(fixture, fork, post, root, content), (error: Error) => {
      assert.ok(
        isExpectedException(expectException, error),
        `${id}: expected ${expectException}, got ${error.message}`,
      );
      return true;
    });
    return;
  }
  const outcome = await runStateTest(fixture, fork, post, root, content);
  assert.equal(outcome.stateRoot, post.hash, id);
  assert.equal(outcome.logs, post.logs, id);
  const alone = await runStateTest(fixture, fork, post, root, ContentMap.ofWitness(outcome.witness));
  assert.equal(alone.stateRoot, post.hash, id);
  assert.equal(digestOf(alone.witness), digestOf(outcome.witness), id);
}
