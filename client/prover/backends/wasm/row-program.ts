import type { CompiledChip, NodeId } from '../../air/dag.ts';
import { nodeDegrees } from './chip-plan.ts';

/** Bytes of a register: 16 base elements, or a block of extension elements. */
export type RegisterBytes = 64 | 80;

/** A chip's expressions as a program of `kernels/wasm/assembly/forms.ts`. */
export type RowProgram = {
  /** Four words per step. */
  readonly words: readonly number[];
  readonly steps: number;
  /** Nodes of degree 0 that have a register, in their order. */
  readonly scalars: readonly NodeId[];
  /** Bytes of all registers. */
  readonly bytes: number;
  /** Where the wanted values are, in bytes. */
  readonly places: readonly number[];
};

const OPERATIONS = { add: 0, sub: 1, mul: 2 } as const;
const COPY = 3;
const SCALE = 4;

/**
 * @param wanted nodes whose values are to be there after the last step
 * @param consecutive whether `places` are to be consecutive registers in that order; undefined leaves one unused
 */
export function rowProgram(
  chip: CompiledChip,
  wanted: readonly (NodeId | undefined)[],
  registerBytes: RegisterBytes,
  consecutive: boolean,
): RowProgram {
  const degrees = nodeDegrees(chip);
  const isScalar = (id: NodeId): boolean => degrees[id] === 0;
  const reads = readCounts(chip, wanted, isScalar);
  const scalars = [...reads.keys()].filter(isScalar).sort((a, b) => a - b);
  const firstScalar = Math.ceil(chip.columns.length / 4) * 4;
  const firstKept = firstScalar + scalars.length;
  let count = firstKept + (consecutive ? wanted.length : 0);
  const registers = new Map(scalars.map((id, i) => [id, firstScalar + i]));
  const keptAt = new Map<NodeId, number>();
  if (consecutive)
    wanted.forEach((id, i) => {
      if (id !== undefined && !keptAt.has(id)) keptAt.set(id, firstKept + i);
    });
  const free: number[] = [];
  const registerOf = (id: NodeId): number => {
    const node = chip.nodes[id]!;
    return node.op === 'column' ? node.column : registers.get(id)!;
  };
  const release = (id: NodeId): void => {
    const left = reads.get(id)! - 1;
    reads.set(id, left);
    if (left === 0 && !isScalar(id) && chip.nodes[id]!.op !== 'column' && !keptAt.has(id))
      free.push(registers.get(id)!);
  };
  const words: number[] = [];
  const step = (operation: number, a: number, b: number, to: number): void => {
    words.push(operation, a * registerBytes, b * registerBytes, to * registerBytes);
  };
  chip.nodes.forEach((node, id) => {
    if (!('a' in node) || !reads.has(id) || isScalar(id)) return;
    const [a, b] = node.op === 'mul' && isScalar(node.a) ? [node.b, node.a] : [node.a, node.b];
    const to = keptAt.get(id) ?? free.pop() ?? count++;
    const scaled = node.op === 'mul' && isScalar(b) && registerBytes === 80;
    step(scaled ? SCALE : OPERATIONS[node.op], registerOf(a), registerOf(b), to);
    registers.set(id, to);
    release(a);
    release(b);
  });
  const places = wanted.map((id, i) => {
    const kept = firstKept + i;
    if (id !== undefined && consecutive && registerOf(id) !== kept) step(COPY, registerOf(id), registerOf(id), kept);
    return (consecutive || id === undefined ? kept : registerOf(id)) * registerBytes;
  });
  return { words, steps: words.length / 4, scalars, bytes: count * registerBytes, places };
}

/** How often each needed node is read, wanted values once more, so that their registers are not given away. */
function readCounts(
  chip: CompiledChip,
  wanted: readonly (NodeId | undefined)[],
  isScalar: (id: NodeId) => boolean,
): Map<NodeId, number> {
  const reads = new Map<NodeId, number>();
  const read = (id: NodeId): void => {
    reads.set(id, (reads.get(id) ?? 0) + 1);
  };
  for (const id of wanted) if (id !== undefined) read(id);
  for (let id = chip.nodes.length - 1; id >= 0; id--) {
    const node = chip.nodes[id]!;
    if (!reads.has(id) || isScalar(id) || !('a' in node)) continue;
    read(node.a);
    read(node.b);
  }
  return reads;
}
