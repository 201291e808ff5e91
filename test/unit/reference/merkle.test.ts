import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3 as noble } from '@noble/hashes/blake3.js';
import { buildTree, capOf, pathOf } from '../../../client/prover/backends/reference/merkle.ts';
import { hashLeaf } from '../../../client/prover/hash/merkle-hash.ts';
import { checkMultiproof } from '../../../client/prover/hash/merkle-multiproof.ts';
import { seededRandom } from '../../support/random.ts';

const random = seededRandom(31);
const rows = (log: number, width: number): Uint32Array =>
  Uint32Array.from({ length: 2 ** log * width }, () => random());

test('hashLeaf of 1 to 300 words → BLAKE3 of their little-endian bytes', () => {
  for (const n of [1, 15, 16, 17, 32, 33, 80, 255, 256, 257, 300]) {
    const words = rows(0, n);
    const out = new Uint32Array(8);
    hashLeaf(out, 0, words, 0, n);
    assert.deepEqual(new Uint8Array(out.buffer), noble(new Uint8Array(words.buffer)), `${n} words`);
  }
});

test('path of every leaf → accepted; a changed row, path, index or cap → rejected', () => {
  for (const [log, width, capLog] of [
    [3, 2, 6],
    [6, 1, 6],
    [8, 20, 6],
    [5, 3, 0],
    [0, 3, 0],
  ] as const) {
    const m = rows(log, width);
    const tree = buildTree(m, width, log, capLog);
    const cap = capOf(tree);
    assert.equal(cap.length / 8, 2 ** Math.min(capLog, log));
    const depth = Math.max(0, log - capLog);
    const accepted = (of: Uint32Array, i: number, row: Uint32Array, path: Uint32Array): boolean =>
      checkMultiproof(of, depth, { indices: [i], rows: row, rowWords: width }, path);
    for (let i = 0; i < 2 ** log; i++) {
      const row = m.slice(i * width, (i + 1) * width);
      const path = pathOf(tree, i);
      assert.ok(accepted(cap, i, row, path));
      const otherRow = row.slice();
      otherRow[width - 1]! ^= 1;
      assert.ok(!accepted(cap, i, otherRow, path), 'changed row');
      assert.ok(!accepted(cap, i ^ 1, row, path), 'neighbour’s index');
      if (path.length > 0) {
        const otherPath = path.slice();
        otherPath[path.length - 1]! ^= 1;
        assert.ok(!accepted(cap, i, row, otherPath), 'changed path');
      }
      const otherCap = cap.slice();
      for (let k = 0; k < otherCap.length; k += 8) otherCap[k]! ^= 1;
      assert.ok(!accepted(otherCap, i, row, path), 'changed cap');
    }
  }
});
