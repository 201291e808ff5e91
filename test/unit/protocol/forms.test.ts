import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompiledChip } from '../../../client/prover/air/dag.ts';
import { evaluateInExt } from '../../../client/prover/air/evaluate.ts';
import { pointAdd } from '../../../client/prover/chips/curve/add.ts';
import { keccakRound } from '../../../client/prover/chips/keccak/round.ts';
import { boundary } from '../../../client/prover/chips/memory/boundary.ts';
import { packExt, unpackExt } from '../../../client/prover/field/ext-vec.ts';
import { type Ext, Fp5 } from '../../../client/prover/field/fp5.ts';
import { fractionLayout, logupChallenges } from '../../../client/prover/protocol/logup/shape.ts';
import {
  formValues,
  instanceForms,
  muPowers,
  SCOPES,
  scopePlaces,
} from '../../../client/prover/protocol/zerocheck/form.ts';
import { randomExt, seededRandom } from '../../support/random.ts';

const random = seededRandom(97);
const exts = (n: number): Ext[] => Array.from({ length: n }, () => randomExt(random));
const CHIPS: readonly CompiledChip[] = [boundary.compiled, keccakRound.compiled, pointAdd.compiled];

/** Node by node with elements as tuples: what the flat interpreter must give. */
function nodeValues(chip: CompiledChip, cells: readonly Ext[], publics: readonly Ext[]): Ext[] {
  const values: Ext[] = [];
  for (const node of chip.nodes) {
    if (node.op === 'const') values.push(Fp5.from(node.value));
    else if (node.op === 'column') values.push(cells[node.column]!);
    else if (node.op === 'public') values.push(publics[node.index]!);
    else values.push(Fp5[node.op](values[node.a]!, values[node.b]!));
  }
  return values;
}

test('evaluateInExt of chips at random cells → every node by its definition', () => {
  for (const chip of CHIPS) {
    const cells = exts(chip.columns.length);
    const publics = exts(chip.publics.length);
    assert.deepEqual(
      unpackExt(evaluateInExt(chip, packExt(cells), publics)),
      nodeValues(chip, cells, publics),
      chip.id,
    );
  }
});

test('formValues at random nodes → the values of instanceForms', () => {
  const shapes = CHIPS.map((chip, i) => ({ chip, logHeight: 4 + i }));
  const [lambda, alpha, beta] = exts(3) as [Ext, Ext, Ext];
  const mu = exts(muPowers(shapes.length));
  const scopes = SCOPES.map((scope) => {
    const layout = fractionLayout(shapes, scope);
    const point = exts(layout.log);
    const [p, q] = exts(2) as [Ext, Ext];
    return { layout, point, p, q, challenges: logupChallenges(alpha, beta, 256) };
  });
  assert.ok(scopes.every(({ layout }) => layout.blocks.length > 0));
  shapes.forEach((shape, i) => {
    const nodes = evaluateInExt(shape.chip, packExt(exts(shape.chip.columns.length)), exts(shape.chip.publics.length));
    const values = unpackExt(nodes);
    const expected = instanceForms(shape, i, lambda, mu, scopes).map(({ constant, terms }) =>
      terms.reduce((acc, { node, weight }) => Fp5.add(acc, Fp5.mul(weight, values[node]!)), constant),
    );
    assert.deepEqual(formValues(shape, i, lambda, mu, scopes.map(scopePlaces), nodes), expected, shape.chip.id);
  });
});
