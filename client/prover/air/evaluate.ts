import { Fp } from '../field/fp.ts';
import { type Ext, Fp5 } from '../field/fp5.ts';
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

/** Values of all nodes at a point: `cells` are the openings of all columns. The verifier's interpreter of four ops. */
export function evaluateInExt(chip: CompiledChip, cells: readonly Ext[], publics: readonly Ext[]): Ext[] {
  const values: Ext[] = [];
  for (const node of chip.nodes)
    switch (node.op) {
      case 'const':
        values.push(Fp5.from(node.value));
        break;
      case 'column':
        values.push(cells[node.column]!);
        break;
      case 'public':
        values.push(publics[node.index]!);
        break;
      default:
        values.push(Fp5[node.op](values[node.a]!, values[node.b]!));
    }
  return values;
}
