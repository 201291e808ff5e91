import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTree, capOf, pathOf } from '../../../client/prover/backends/reference/merkle.ts';
import {
  checkMultiproof,
  joinedWords,
  joinPaths,
  type OpenedRows,
} from '../../../client/prover/hash/merkle-multiproof.ts';
import { seededRandom } from '../../support/random.ts';

const LOG = 10;
const WIDTH = 3;
const CAP_LOG = 4;
const DEPTH = LOG - CAP_LOG;
const random = seededRandom(51);
const matrix = Uint32Array.from({ length: 2 ** LOG * WIDTH }, () => random());
const tree = buildTree(matrix, WIDTH, LOG, CAP_LOG);
const rowOf = (i: number): Uint32Array => matrix.slice(i * WIDTH, (i + 1) * WIDTH);
/** Rows of the different ones among the indices. */
function rowsOf(of: readonly number[]): OpenedRows {
  const indices = [...new Set(of)].sort((a, b) => a - b);
  return { indices, rows: Uint32Array.from(indices.flatMap((i) => [...rowOf(i)])), rowWords: WIDTH };
}

const CASES: readonly (readonly number[])[] = [
  [],
  [5],
  [5, 5, 5],
  [4, 5],
  [1023, 0, 512, 1, 0],
  Array.from({ length: 85 }, () => random() % 2 ** LOG),
  Array.from({ length: 2 ** LOG }, (_, i) => i),
];

const joined = (indices: readonly number[]): Uint32Array =>
  joinPaths(
    DEPTH,
    indices,
    indices.map((i) => pathOf(tree, i)),
  );

test('checkMultiproof of joinPaths → accepted, repeated indices included', () => {
  for (const indices of CASES) {
    const nodes = joined(indices);
    assert.equal(nodes.length, joinedWords(DEPTH, indices));
    assert.ok(checkMultiproof(capOf(tree), DEPTH, rowsOf(indices), nodes));
  }
});

test('joinPaths → siblings that are leaves themselves are left out; all leaves together need nothing', () => {
  assert.equal(joinedWords(DEPTH, CASES[3]!), (DEPTH - 1) * 8);
  assert.equal(joinedWords(DEPTH, CASES[6]!), 0);
  assert.equal(joinedWords(0, [1, 2]), 0);
});

test('rejects a row or a digest that was changed, and another cap', () => {
  const indices = CASES[5]!;
  const nodes = joined(indices);
  for (let at = 0; at < nodes.length; at += 7) {
    const other = nodes.slice();
    other[at]! ^= 1;
    assert.ok(!checkMultiproof(capOf(tree), DEPTH, rowsOf(indices), other));
  }
  for (const i of indices) {
    const rows = rowsOf(indices);
    rows.rows[rows.indices.indexOf(i) * WIDTH + 1]! ^= 1;
    assert.ok(!checkMultiproof(capOf(tree), DEPTH, rows, nodes));
    const cap = capOf(tree).slice();
    cap[Math.floor(i / 2 ** DEPTH) * 8 + 3]! ^= 1;
    assert.ok(!checkMultiproof(cap, DEPTH, rowsOf(indices), nodes));
  }
});

test('rejects rows under each other’s index', () => {
  const indices = [8, 9, 77];
  const rows = Uint32Array.from([...rowOf(9), ...rowOf(8), ...rowOf(77)]);
  assert.ok(!checkMultiproof(capOf(tree), DEPTH, { indices, rows, rowWords: WIDTH }, joined(indices)));
});

test('rejects a truncated or extended list of digests, and a missing row', () => {
  const indices = [3, 700];
  const nodes = joined(indices);
  const check = (rows: OpenedRows, given: Uint32Array): boolean => checkMultiproof(capOf(tree), DEPTH, rows, given);
  assert.ok(!check(rowsOf(indices), nodes.slice(8)));
  assert.ok(!check(rowsOf(indices), new Uint32Array([...nodes, 0])));
  assert.ok(!check(rowsOf([3]), nodes));
  assert.ok(!check({ ...rowsOf(indices), rows: rowOf(3) }, nodes));
});
