import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTree, capOf, pathOf } from '../../../client/prover/backends/reference/merkle.ts';
import { joinedWords, joinPaths, splitPaths } from '../../../client/prover/hash/merkle-multiproof.ts';
import { CAP_LOG, checkPath } from '../../../client/prover/hash/merkle-path.ts';
import { seededRandom } from '../../support/random.ts';

const LOG = 10;
const WIDTH = 3;
const DEPTH = LOG - CAP_LOG;
const random = seededRandom(51);
const matrix = Uint32Array.from({ length: 2 ** LOG * WIDTH }, () => random());
const tree = buildTree(matrix, WIDTH, LOG);
const rowOf = (i: number): Uint32Array => matrix.slice(i * WIDTH, (i + 1) * WIDTH);
const rowsOf = (indices: readonly number[]): Map<number, Uint32Array> => new Map(indices.map((i) => [i, rowOf(i)]));

const CASES: readonly (readonly number[])[] = [
  [],
  [5],
  [5, 5, 5],
  [4, 5],
  [1023, 0, 512, 1, 0],
  Array.from({ length: 85 }, () => random() % 2 ** LOG),
  Array.from({ length: 2 ** LOG }, (_, i) => i),
];

test('splitPaths of joinPaths → every path again, in order, repeated indices included', () => {
  for (const indices of CASES) {
    const paths = indices.map((i) => pathOf(tree, i));
    const nodes = joinPaths(DEPTH, indices, paths);
    assert.equal(nodes.length, joinedWords(DEPTH, indices));
    assert.deepEqual(splitPaths(DEPTH, indices, rowsOf(indices), nodes), paths);
  }
});

test('joinPaths → siblings that are leaves themselves are left out; all leaves together need nothing', () => {
  assert.equal(joinedWords(DEPTH, CASES[3]!), (DEPTH - 1) * 8);
  assert.equal(joinedWords(DEPTH, CASES[6]!), 0);
  assert.equal(joinedWords(0, [1, 2]), 0);
});

test('splitPaths with a changed row or digest → paths that the cap refuses', () => {
  const indices = CASES[5]!;
  const nodes = joinPaths(
    DEPTH,
    indices,
    indices.map((i) => pathOf(tree, i)),
  );
  const accepted = (rows: ReadonlyMap<number, Uint32Array>, given: Uint32Array): boolean =>
    splitPaths(DEPTH, indices, rows, given)!.every((path, q) =>
      checkPath(capOf(tree), indices[q]!, rows.get(indices[q]!)!, path),
    );
  assert.ok(accepted(rowsOf(indices), nodes));
  for (const at of [0, 7, nodes.length - 1]) {
    const other = nodes.slice();
    other[at]! ^= 1;
    assert.ok(!accepted(rowsOf(indices), other));
  }
  const rows = rowsOf(indices);
  rows.get(indices[3]!)![1]! ^= 1;
  assert.ok(!accepted(rows, nodes));
});

test('rejects a truncated or extended list of digests, and a missing row', () => {
  const indices = [3, 700];
  const nodes = joinPaths(
    DEPTH,
    indices,
    indices.map((i) => pathOf(tree, i)),
  );
  assert.equal(splitPaths(DEPTH, indices, rowsOf(indices), nodes.slice(8)), undefined);
  assert.equal(splitPaths(DEPTH, indices, rowsOf(indices), new Uint32Array([...nodes, 0])), undefined);
  assert.equal(splitPaths(DEPTH, indices, rowsOf([3]), nodes), undefined);
});
