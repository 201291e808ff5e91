import { P, reduceSum } from '../field/fp.ts';
import type { CompiledChip, DagNode, Instance, NodeId } from './dag.ts';

/** Rows evaluated together. */
export const EVALUATED_ROWS = 128;

/**
 * Evaluates a chip's nodes over many rows at once: only the wanted nodes and what they depend on, a node at a time over
 * a chunk of rows, so that the walk over the DAG is paid once per chunk.
 */
export class RowEvaluator {
  private readonly chip: CompiledChip;
  private readonly order: readonly NodeId[];
  private readonly place: Int32Array;
  private readonly buffer: Uint32Array;

  /** @param publics values of the chip's publics, in their order */
  constructor(chip: CompiledChip, publics: readonly number[], wanted: readonly NodeId[]) {
    this.chip = chip;
    const needed = new Uint8Array(chip.nodes.length);
    for (const id of wanted) needed[id] = 1;
    for (let id = chip.nodes.length - 1; id >= 0; id--) {
      if (needed[id] === 0) continue;
      const node = chip.nodes[id]!;
      if (node.op === 'add' || node.op === 'sub' || node.op === 'mul') {
        needed[node.a] = 1;
        needed[node.b] = 1;
      }
    }
    this.order = chip.nodes.flatMap((_, id) => (needed[id] === 1 ? [id] : []));
    this.place = new Int32Array(chip.nodes.length).fill(-1);
    this.order.forEach((id, k) => {
      this.place[id] = k * EVALUATED_ROWS;
    });
    this.buffer = new Uint32Array(this.order.length * EVALUATED_ROWS);
    for (const id of this.order) {
      const node = chip.nodes[id]!;
      if (node.op === 'const') this.values(id).fill(node.value);
      if (node.op === 'public') this.values(id).fill(publics[node.index]!);
    }
  }

  /** Evaluates `count` ≤ EVALUATED_ROWS rows of an instance of the chip, from row `start` on. */
  load({ rows }: Instance, start: number, count: number): void {
    const width = this.chip.columns.length;
    const { buffer, place } = this;
    for (const id of this.order) {
      const node = this.chip.nodes[id]!;
      const out = place[id]!;
      if (node.op === 'column') {
        let at = start * width + node.column;
        for (let x = 0; x < count; x++, at += width) buffer[out + x] = rows[at]!;
      } else if (node.op !== 'const' && node.op !== 'public') {
        combine(buffer, node, out, place[node.a]!, place[node.b]!, count);
      }
    }
  }

  /** Values of a wanted node on the rows loaded last; valid until the next `load`. */
  values(id: NodeId): Uint32Array {
    const at = this.place[id]!;
    return this.buffer.subarray(at, at + EVALUATED_ROWS);
  }
}

function combine(
  buffer: Uint32Array,
  node: DagNode & { readonly op: 'add' | 'sub' | 'mul' },
  out: number,
  a: number,
  b: number,
  count: number,
): void {
  if (node.op === 'mul')
    for (let x = 0; x < count; x++) {
      const u = buffer[a + x]!;
      const v = buffer[b + x]!;
      buffer[out + x] = reduceSum(u * v, Math.imul(u, v));
    }
  else if (node.op === 'add')
    for (let x = 0; x < count; x++) {
      const s = buffer[a + x]! + buffer[b + x]!;
      buffer[out + x] = s >= P ? s - P : s;
    }
  else
    for (let x = 0; x < count; x++) {
      const d = buffer[a + x]! - buffer[b + x]!;
      buffer[out + x] = d < 0 ? d + P : d;
    }
}
