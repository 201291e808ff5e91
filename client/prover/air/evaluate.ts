import {
  addInto,
  copyInto,
  EXT_WORDS,
  type ExtVec,
  extVec,
  mulInto,
  packExt,
  scaleInto,
  subInto,
} from '../field/ext-vec.ts';
import { Fp } from '../field/fp.ts';
import type { Ext } from '../field/fp5.ts';
import type { CompiledChip, DagNode } from './dag.ts';
import { oncePer } from './once-per.ts';

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

/** The operations of a `NodeProgram`. */
export const NodeOp = { constant: 0, column: 1, public: 2, add: 3, sub: 4, mul: 5, scale: 6 } as const;

/** Words per node. */
export const NODE_WORDS = 3;

/**
 * A chip's nodes as triples (operation, a, b) in their order; a is a value, a column, the index of a public value or a
 * node, b a node, or the factor of `scale`, which is a product with a constant.
 */
export type NodeProgram = Uint32Array;

/** The program of a chip's nodes, made once per array: the same array gives the same program. */
export const nodeProgram: (nodes: readonly DagNode[]) => NodeProgram = oncePer((nodes) => {
  const program = new Uint32Array(NODE_WORDS * nodes.length);
  nodes.forEach((node, id) => {
    program.set(triple(node, nodes), NODE_WORDS * id);
  });
  return program;
});

function triple(node: DagNode, nodes: readonly DagNode[]): readonly [number, number, number] {
  switch (node.op) {
    case 'const':
      return [NodeOp.constant, node.value, 0];
    case 'column':
      return [NodeOp.column, node.column, 0];
    case 'public':
      return [NodeOp.public, node.index, 0];
    case 'mul': {
      const a = nodes[node.a]!;
      const b = nodes[node.b]!;
      if (b.op === 'const') return [NodeOp.scale, node.a, b.value];
      if (a.op === 'const') return [NodeOp.scale, node.b, a.value];
      return [NodeOp.mul, node.a, node.b];
    }
    default:
      return [NodeOp[node.op], node.a, node.b];
  }
}

/** Values of a program's nodes over E: `cells` by column, `publics` by index; what no node uses may be anything. */
export type EvaluateNodes = (program: NodeProgram, cells: ExtVec, publics: ExtVec) => ExtVec;

/** The verifier's interpreter. */
export const evaluateNodes: EvaluateNodes = (program, cells, publics) => {
  const count = program.length / NODE_WORDS;
  const values = extVec(count);
  for (let id = 0; id < count; id++) {
    const a = program[NODE_WORDS * id + 1]!;
    const b = program[NODE_WORDS * id + 2]!;
    switch (program[NODE_WORDS * id]) {
      case NodeOp.constant:
        values[EXT_WORDS * id] = a;
        break;
      case NodeOp.column:
        copyInto(values, id, cells, a);
        break;
      case NodeOp.public:
        copyInto(values, id, publics, a);
        break;
      case NodeOp.add:
        addInto(values, id, values, a, values, b);
        break;
      case NodeOp.sub:
        subInto(values, id, values, a, values, b);
        break;
      case NodeOp.mul:
        mulInto(values, id, values, a, values, b);
        break;
      default:
        scaleInto(values, id, values, a, b);
    }
  }
  return values;
};

/** Values of all nodes at a point: `cells` are the openings by column. */
export const evaluateInExt = (
  { nodes }: Pick<CompiledChip, 'nodes'>,
  cells: ExtVec,
  publics: readonly Ext[],
  evaluate: EvaluateNodes = evaluateNodes,
): ExtVec => evaluate(nodeProgram(nodes), cells, packExt(publics));
