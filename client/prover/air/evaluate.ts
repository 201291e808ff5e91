import { addInto, EXT_WORDS, type ExtVec, extVec, mulInto, scaleInto, setExt, subInto } from '../field/ext-vec.ts';
import { Fp } from '../field/fp.ts';
import type { Ext } from '../field/fp5.ts';
import type { CompiledChip } from './dag.ts';

/** Values of all nodes on one row of base cells. */
export function evaluateRow(
  chip: CompiledChip,
  cell: (column: number) => number,
  publicValue: (index: number) => number,
): Uint32Array {
  const values = new Uint32Array(chip.nodes.length);
  chip.nodes.forEach((node, id) => {
    switch (node.op) {
      case 'const':
        values[id] = node.value;
        break;
      case 'column':
        values[id] = cell(node.column);
        break;
      case 'public':
        values[id] = publicValue(node.index);
        break;
      default:
        values[id] = Fp[node.op](values[node.a]!, values[node.b]!);
    }
  });
  return values;
}

/** Values of all nodes at a point: `cells` are the openings of the columns that they use. The verifier's interpreter. */
export function evaluateInExt(
  { nodes }: Pick<CompiledChip, 'nodes'>,
  cells: readonly (Ext | undefined)[],
  publics: readonly Ext[],
): ExtVec {
  const values = extVec(nodes.length);
  for (let id = 0; id < nodes.length; id++) {
    const node = nodes[id]!;
    switch (node.op) {
      case 'const':
        values[EXT_WORDS * id] = node.value;
        break;
      case 'column':
        setExt(values, id, cells[node.column]!);
        break;
      case 'public':
        setExt(values, id, publics[node.index]!);
        break;
      case 'add':
        addInto(values, id, values, node.a, values, node.b);
        break;
      case 'sub':
        subInto(values, id, values, node.a, values, node.b);
        break;
      default: {
        const a = nodes[node.a]!;
        const b = nodes[node.b]!;
        if (b.op === 'const') scaleInto(values, id, values, node.a, b.value);
        else if (a.op === 'const') scaleInto(values, id, values, node.b, a.value);
        else mulInto(values, id, values, node.a, values, node.b);
      }
    }
  }
  return values;
}
