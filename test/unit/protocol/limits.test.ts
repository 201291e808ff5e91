import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exceededLimit } from '../../../client/prover/protocol/bounds.ts';
import type { BlockStatement, SegmentStatement } from '../../../client/prover/protocol/machine.ts';
import { LIMITS } from '../../../client/prover/soundness/key.ts';
import { honestToy, toyMachine } from '../../support/toy/machine.ts';

const machine = toyMachine('P100');
const { block } = honestToy();
const [first] = block.segments as [SegmentStatement];
type Placed = SegmentStatement['instances'][number];
const withSegments = (segments: readonly SegmentStatement[]): BlockStatement => ({ ...block, segments });
/** The toy's first segment with other instances. */
const withInstances = (change: (instances: readonly Placed[]) => readonly Placed[]): BlockStatement =>
  withSegments([{ ...first, instances: change(first.instances) }]);
const withHeight = (at: number, logHeight: number): BlockStatement =>
  withInstances((instances) => instances.map((each, i) => (i === at ? { ...each, logHeight } : each)));

describe('what a block may have at most before it is proven', () => {
  test('the toy’s block → nothing is exceeded', () => {
    assert.equal(exceededLimit(machine, block), undefined);
  });

  const cases: readonly (readonly [string, BlockStatement, RegExp])[] = [
    [
      'a segment more than proofs may have',
      withSegments(Array.from({ length: LIMITS.maxSegments + 1 }, () => first)),
      /^maxSegments is above what the key's security is computed for$/,
    ],
    [
      'an instance more than segments may have',
      withInstances(([each]) => Array.from({ length: LIMITS.maxInstances + 1 }, () => each as Placed)),
      /^maxInstances is above/,
    ],
    ['a table of twice the rows', withHeight(0, LIMITS.maxLogHeight + 1), /^(maxLogHeight|logLocalFractions) is above/],
    [
      'a segment of more cells than a table has',
      withHeight(0, LIMITS.maxLogHeight),
      /^segment 0 has more than 2\^26 cells$/,
    ],
    [
      'a table with fewer rows than the first round takes',
      withHeight(0, 1),
      /^segment 0: \w+ has fewer than 2\^\d+ rows$/,
    ],
  ];
  for (const [name, statement, expected] of cases)
    test(`${name} → named`, () => {
      assert.match(exceededLimit(machine, statement) ?? 'nothing', expected);
    });

  test('a whole block of more cells than the closing’s table has → named', () => {
    const whole = { ...machine, wholeType: first.type };
    const statement = withHeight(0, LIMITS.maxLogHeight);
    assert.match(
      exceededLimit(whole, statement) ?? 'nothing',
      /^the closing has 2\^\d+ columns of 2\^\d+ entries, 2\^26/,
    );
  });
});
