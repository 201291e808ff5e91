import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import * as reference from '../../../client/prover/backends/reference/merkle.ts';
import { encode as encodeReference } from '../../../client/prover/backends/reference/ntt.ts';
import { buildTree, capOf, freeTree, pathOf } from '../../../client/prover/backends/wasm/merkle.ts';
import { codewordRow, encode } from '../../../client/prover/backends/wasm/ntt.ts';
import { KernelPool } from '../../../client/prover/backends/wasm/pool.ts';
import { randomFp, seededRandom } from '../../support/random.ts';

for (const threads of [1, 3]) {
  describe(`WASM commitment kernels on ${threads} thread(s)`, () => {
    const pool = new KernelPool({ threads });
    after(() => pool.close());

    for (const [columns, logRows, logInvRate, capLog] of [
      [4, 1, 1, 0],
      [4, 1, 2, 6],
      [5, 2, 2, 1],
      [16, 5, 1, 6],
      [64, 7, 2, 0],
      [17, 9, 1, 3],
      [257, 3, 1, 0],
      [64, 10, 2, 6],
      [20, 11, 1, 0],
      [3, 13, 2, 12],
      [16, 14, 3, 0],
    ] as const) {
      test(`encode and tree of ${columns} base columns of 2^${logRows} rows at rate 2^-${logInvRate} → as the reference`, () => {
        const random = seededRandom(columns + 100 * logRows);
        const rows = 2 ** logRows;
        const table = Uint32Array.from({ length: columns * rows }, () => randomFp(random));
        const coefficients = new Uint32Array(table.length);
        for (let c = 0; c < columns; c++)
          for (let r = 0; r < rows; r++) coefficients[r * columns + c] = table[c * rows + r]!;
        const expected = encodeReference(coefficients, columns, logRows, logInvRate);
        const expectedTree = reference.buildTree(expected, columns, logRows + logInvRate, capLog);

        const used = pool.memory.usedBytes();
        const at = pool.memory.alloc(table.length * 4);
        pool.memory.view(at, table.length).set(table);
        const codeword = encode(pool, { at, kind: 'base', columns, logRows }, logInvRate);
        const tree = buildTree(pool, codeword, capLog);
        const domain = 2 ** (logRows + logInvRate);
        for (let i = 0; i < domain; i += domain > 4096 ? 37 : 1)
          assert.deepEqual(codewordRow(pool, codeword, i), expected.slice(i * columns, (i + 1) * columns), `row ${i}`);
        assert.deepEqual(capOf(pool, tree), reference.capOf(expectedTree));
        for (const i of [0, 1, domain - 1, domain >> 1])
          assert.deepEqual(pathOf(pool, tree, i), reference.pathOf(expectedTree, i));
        freeTree(pool, tree);
        pool.memory.free(codeword.at);
        pool.memory.free(at);
        assert.ok(pool.memory.usedBytes() - used < 2 ** 18, 'only twiddles stay');
      });
    }
  });
}
