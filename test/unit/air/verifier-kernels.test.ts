import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DagNode } from '../../../client/prover/air/dag.ts';
import { evaluateNodes, nodeProgram } from '../../../client/prover/air/evaluate.ts';
import { pointAdd } from '../../../client/prover/chips/curve/add.ts';
import { keccakRound } from '../../../client/prover/chips/keccak/round.ts';
import { type ExtVec, extVec, packExt, unpackExt } from '../../../client/prover/field/ext-vec.ts';
import { foldRows } from '../../../client/prover/field/fold-rows.ts';
import { P } from '../../../client/prover/field/fp.ts';
import { type Ext, Fp5 } from '../../../client/prover/field/fp5.ts';
import { seededRandom } from '../../support/random.ts';
import { WASM_KERNELS } from '../../support/verifier-kernels.ts';

const random = seededRandom(67);
const EDGES = [0, 1, 2, P - 1, P - 2, (P - 1) / 2, 2 ** 30, 2 ** 24];
const edge = (): number => (random() % 3 === 0 ? random() % P : EDGES[random() % EDGES.length]!);
const edges = (count: number): Uint32Array => Uint32Array.from({ length: count }, edge);

test('kernels: rows of any length and number, of the least and the largest elements → the sums of plain TypeScript', () => {
  for (const columns of [0, 1, 2, 3, 4, 5, 16, 81, 200])
    for (const count of [0, 1, 2, 7])
      for (const make of [edges, (n: number) => new Uint32Array(n).fill(P - 1), (n: number) => new Uint32Array(n)]) {
        const weights = make(5 * columns);
        for (const [entries, words] of [
          ['base', 1],
          ['ext', 5],
        ] as const) {
          const rows = make(count * columns * words);
          const actual = WASM_KERNELS.foldRows(rows, count, weights, entries);
          assert.deepEqual(actual, foldRows(rows, count, weights, entries), `${count} rows of ${columns}, ${entries}`);
        }
      }
});

test('foldRows → Σ weight · entry by the field’s own operations', () => {
  const [weights, rows] = [edges(5 * 3), edges(5 * 6)];
  const row = (r: number): Ext => {
    const entries = unpackExt(rows.subarray(15 * r, 15 * r + 15));
    return unpackExt(weights).reduce((acc, w, c) => Fp5.add(acc, Fp5.mul(w, entries[c]!)), Fp5.ZERO);
  };
  for (const fold of [foldRows, WASM_KERNELS.foldRows])
    assert.deepEqual(unpackExt(fold(rows, 2, weights, 'ext')), [row(0), row(1)]);
});

/** Compares the nodes of a program and shows that both leave what they are given as it was. */
function compare(nodes: readonly DagNode[], cells: ExtVec, publics: ExtVec, what: string): void {
  const program = nodeProgram(nodes);
  const before = [program, cells, publics].map((v) => v.slice());
  assert.deepEqual(WASM_KERNELS.evaluateNodes(program, cells, publics), evaluateNodes(program, cells, publics), what);
  assert.deepEqual([program, cells, publics], before);
}

test('kernels: every operation on the least and the largest elements → the values of plain TypeScript', () => {
  const nodes: DagNode[] = [0, 1, P - 1, 12345].map((value) => ({ op: 'const', value }));
  for (let column = 0; column < 40; column++) nodes.push({ op: 'column', column });
  for (let index = 0; index < 3; index++) nodes.push({ op: 'public', index });
  const leaves = nodes.length;
  for (const op of ['add', 'sub', 'mul'] as const)
    for (let k = 0; k < 400; k++) nodes.push({ op, a: random() % leaves, b: random() % leaves });
  for (let k = 0; k < 400; k++)
    nodes.push({
      op: (['add', 'sub', 'mul'] as const)[k % 3]!,
      a: random() % nodes.length,
      b: random() % nodes.length,
    });
  compare(nodes, edges(5 * 40), edges(5 * 3), 'edges');
  compare(nodes, new Uint32Array(200).fill(P - 1), new Uint32Array(15).fill(P - 1), 'all P − 1');
  compare(nodes, extVec(40), extVec(3), 'zeros');
  compare([], extVec(0), extVec(0), 'nothing');
});

test('kernels: chips at random cells, a large one before a small one → the values of plain TypeScript', () => {
  for (const { compiled } of [pointAdd, keccakRound, pointAdd]) {
    const publics = packExt(compiled.publics.map(() => Fp5.from(random() % P)));
    compare(compiled.nodes, edges(5 * compiled.columns.length), publics, compiled.id);
  }
});
