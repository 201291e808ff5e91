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

/** A step of a generated evaluator: compute a node, or use its value in output `output`. */
export type Step =
  | { readonly kind: 'node'; readonly node: NodeId }
  | { readonly kind: 'use'; readonly node: NodeId; readonly output: number };

/** What an evaluator is emitted from: its steps in order, cut into functions. */
export type Plan = {
  readonly chip: CompiledChip;
  readonly degrees: readonly number[];
  /** Nodes of degree 0 that are operands, by their place in the table of scalars. */
  readonly scalars: ReadonlyMap<NodeId, number>;
  readonly chunks: readonly (readonly Step[])[];
  /** Chunk in which a node is computed; absent for columns and scalars. */
  readonly chunkOf: ReadonlyMap<NodeId, number>;
  /** Last chunk that reads a node. */
  readonly lastChunk: ReadonlyMap<NodeId, number>;
};

/**
 * @param uses nodes whose values are needed, once per output that needs them
 * @param cost of a step, in units of which a function may have `cap`
 * @param order `usesLast`: after all nodes, as given; `usesEarly`: each right after its node
 */
export function makePlan(
  chip: CompiledChip,
  uses: readonly { readonly node: NodeId; readonly output: number }[],
  cost: (step: Step) => number,
  cap: number,
  order: 'usesEarly' | 'usesLast' = 'usesEarly',
): Plan {
  const degrees = nodeDegrees(chip);
  const needed = new Array<boolean>(chip.nodes.length).fill(false);
  const usesOf = new Map<NodeId, number[]>();
  for (const { node, output } of uses) {
    needed[node] = true;
    usesOf.set(node, [...(usesOf.get(node) ?? []), output]);
  }
  const scalars = new Map<NodeId, number>();
  for (let id = chip.nodes.length - 1; id >= 0; id--) {
    const node = chip.nodes[id]!;
    if (!needed[id] || degrees[id] === 0) continue;
    if (node.op === 'add' || node.op === 'sub' || node.op === 'mul') {
      needed[node.a] = true;
      needed[node.b] = true;
    }
  }
  const steps: Step[] = [];
  chip.nodes.forEach((node, id) => {
    if (!needed[id]) return;
    if (degrees[id] === 0) scalars.set(id, scalars.size);
    else if (node.op !== 'column') steps.push({ kind: 'node', node: id });
    if (order === 'usesEarly') for (const output of usesOf.get(id) ?? []) steps.push({ kind: 'use', node: id, output });
  });
  if (order === 'usesLast') for (const { node, output } of uses) steps.push({ kind: 'use', node, output });
  const chunks: Step[][] = [];
  let room = 0;
  for (const step of steps) {
    const c = cost(step);
    if (c > room) {
      chunks.push([]);
      room = cap;
    }
    chunks[chunks.length - 1]!.push(step);
    room -= c;
  }
  const chunkOf = new Map<NodeId, number>();
  const lastChunk = new Map<NodeId, number>();
  chunks.forEach((chunk, k) => {
    for (const step of chunk) {
      if (step.kind === 'use') lastChunk.set(step.node, k);
      else {
        chunkOf.set(step.node, k);
        const node = chip.nodes[step.node]!;
        if ('a' in node) {
          lastChunk.set(node.a, k);
          lastChunk.set(node.b, k);
        }
      }
    }
  });
  return { chip, degrees, scalars, chunks, chunkOf, lastChunk };
}
