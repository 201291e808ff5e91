import type { CompiledChip, NodeId } from '../../air/dag.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import type { LinearForm } from '../interface.ts';

/** Degree of each node in the columns. */
export function nodeDegrees(chip: CompiledChip): number[] {
  const degrees: number[] = [];
  for (const node of chip.nodes) {
    if (node.op === 'mul') degrees.push(degrees[node.a]! + degrees[node.b]!);
    else if (node.op === 'add' || node.op === 'sub') degrees.push(Math.max(degrees[node.a]!, degrees[node.b]!));
    else degrees.push(node.op === 'column' ? 1 : 0);
  }
  return degrees;
}

/** Values of the nodes of degree 0, which do not depend on the row; others are 0. */
export function scalarValues(chip: CompiledChip, publics: readonly number[]): number[] {
  const degrees = nodeDegrees(chip);
  const values: number[] = [];
  chip.nodes.forEach((node, id) => {
    if (degrees[id] !== 0 || node.op === 'column') values.push(0);
    else if (node.op === 'const') values.push(node.value);
    else if (node.op === 'public') values.push(publics[node.index]!);
    else values.push(Fp[node.op](values[node.a]!, values[node.b]!));
  });
  return values;
}

/**
 * The same form with weights only on columns and on products of two nodes that depend on the row: sums, differences
 * and multiples pass their weight on to their operands. The set of nodes that get a term depends on the chip and on
 * the form's nodes alone, not on the weights.
 */
export function linearise(chip: CompiledChip, form: LinearForm, scalars: readonly number[]): LinearForm {
  const degrees = nodeDegrees(chip);
  const weights = new Array<Ext | undefined>(chip.nodes.length).fill(undefined);
  const give = (node: NodeId, weight: Ext): void => {
    const known = weights[node];
    weights[node] = known === undefined ? weight : Fp5.add(known, weight);
  };
  for (const { node, weight } of form.terms) give(node, weight);
  let constant = form.constant;
  const terms: { node: NodeId; weight: Ext }[] = [];
  for (let id = chip.nodes.length - 1; id >= 0; id--) {
    const weight = weights[id];
    if (weight === undefined) continue;
    const node = chip.nodes[id]!;
    if (degrees[id] === 0) constant = Fp5.add(constant, Fp5.scale(weight, scalars[id]!));
    else if (node.op === 'add' || node.op === 'sub') {
      give(node.a, weight);
      give(node.b, node.op === 'add' ? weight : Fp5.neg(weight));
    } else if (node.op === 'mul' && degrees[node.a] === 0) give(node.b, Fp5.scale(weight, scalars[node.a]!));
    else if (node.op === 'mul' && degrees[node.b] === 0) give(node.a, Fp5.scale(weight, scalars[node.b]!));
    else terms.push({ node: id, weight });
  }
  return { constant, terms: terms.reverse() };
}
