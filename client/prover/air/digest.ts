import { blake3 } from '../hash/blake3.ts';
import type { CompiledChip, DagNode, Slices } from './dag.ts';

/**
 * Canonical text of everything about a chip that the verifier relies on: columns with kind and tree, expressions,
 * constraints, messages with bus, direction and bound, and what of it is stated by slices. Docs and labels are left out.
 */
export function chipText(chip: CompiledChip): string {
  return JSON.stringify([
    chip.id,
    chip.maxDegree,
    chip.publics,
    chip.columns.map((c) => [c.name, c.kind, c.tree]),
    chip.nodes.map(nodeText),
    chip.constraints.map((c) => c.node),
    chip.interactions.map((i) => [
      i.bus.id,
      i.bus.index,
      i.bus.kind,
      i.bus.scope,
      i.direction,
      i.fields,
      i.count,
      i.maxPerRow,
    ]),
    ...(chip.slices === undefined ? [] : [slicesText(chip.slices)]),
  ]);
}

const slicesText = ({ lanes, inputs, nodes, degree, constraints, packings, packed, rest }: Slices): string =>
  JSON.stringify([
    lanes,
    inputs.map((i) => (i.kind === 'cell' ? ['c', i.column, i.rotation] : ['t', i.nodes])),
    nodes.map(nodeText),
    degree,
    constraints.map((c) => [c.node, c.first]),
    packings.map((p) => [p.coefficients, p.constant]),
    packed.map((p) => [p.node, p.packing, p.interaction, p.field]),
    chipText(rest),
  ]);

function nodeText(n: DagNode): (string | number)[] {
  if (n.op === 'const') return ['k', n.value];
  if (n.op === 'column') return ['c', n.column];
  if (n.op === 'public') return ['p', n.index];
  return [n.op, n.a, n.b];
}

/** BLAKE3 of `chipText`. */
export const chipDigest = (chip: CompiledChip): Uint8Array => blake3(new TextEncoder().encode(chipText(chip)));
