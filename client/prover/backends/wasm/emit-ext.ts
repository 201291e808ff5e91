import type { NodeId } from '../../air/dag.ts';
import type { FunctionBody, ModuleWriter } from './assembler.ts';
import type { Plan, Step } from './chip-plan.ts';
import { FieldEmitter } from './emit-field.ts';
import { BLOCK_BYTES, EXT_WORDS } from './layout.ts';

const VECTOR_BYTES = 16;

/** Kernels that the emitted code calls. */
export type ExtKernels = { readonly mulBlock: number; readonly addProduct: number };

/** Address of an output's sum, and of its factor (a block) behind the weights' start. */
export type ExtOutput = { readonly sum: number; readonly factor: number };

export const extCost = (): number => 1;
export const EXT_CAP = 120;

/**
 * Emits the functions that evaluate a plan for four rows of extension elements; parameters as for `emitBase`, with
 * blocks where that has vectors.
 */
export function emitExt(
  writer: ModuleWriter,
  kernels: ExtKernels,
  plan: Plan,
  outputs: readonly ExtOutput[],
): { readonly functions: readonly number[]; readonly slots: number } {
  const slots = new SlotAllocator(plan);
  const functions = plan.chunks.map((chunk) => {
    const { index, body } = writer.addFunction(4);
    emitChunk(body, kernels, plan, chunk, outputs, slots);
    return index;
  });
  return { functions, slots: slots.count };
}

const COLUMNS = 0;
const WEIGHTS = 1;
const SLOTS = 2;
const OUTPUTS = 3;

/** Slots by the order of steps: a value's slot is free again after its last use. */
class SlotAllocator {
  count = 0;
  private readonly of = new Map<NodeId, number>();
  private readonly free: number[] = [];
  private readonly reads = new Map<NodeId, number>();

  constructor(plan: Plan) {
    const count = (node: NodeId): void => {
      this.reads.set(node, (this.reads.get(node) ?? 0) + 1);
    };
    for (const step of plan.chunks.flat()) {
      const node = plan.chip.nodes[step.node]!;
      if (step.kind === 'use') count(step.node);
      else if ('a' in node) {
        count(node.a);
        count(node.b);
      }
    }
  }

  at(node: NodeId): number {
    return this.of.get(node)! * BLOCK_BYTES;
  }

  take(node: NodeId): number {
    const slot = this.free.pop() ?? this.count++;
    this.of.set(node, slot);
    return slot * BLOCK_BYTES;
  }

  release(node: NodeId): void {
    const left = this.reads.get(node)! - 1;
    this.reads.set(node, left);
    const slot = this.of.get(node);
    if (left === 0 && slot !== undefined) this.free.push(slot);
  }
}

/** An operand: a block at a local's address plus an offset, or a scalar. */
type Operand =
  | { readonly kind: 'block'; readonly base: number; readonly offset: number }
  | { readonly kind: 'scalar'; readonly offset: number };

function emitChunk(
  f: FunctionBody,
  kernels: ExtKernels,
  plan: Plan,
  chunk: readonly Step[],
  outputs: readonly ExtOutput[],
  slots: SlotAllocator,
): void {
  const e = new FieldEmitter(f);
  const { chip, degrees, scalars } = plan;
  const operand = (id: NodeId): Operand => {
    if (degrees[id] === 0) return { kind: 'scalar', offset: 4 * scalars.get(id)! };
    const node = chip.nodes[id]!;
    if (node.op === 'column') return { kind: 'block', base: COLUMNS, offset: BLOCK_BYTES * node.column };
    return { kind: 'block', base: SLOTS, offset: slots.at(id) };
  };
  const load =
    (o: Operand, k: number) =>
    (g: FunctionBody): void => {
      if (o.kind === 'block') g.get(o.base).load(o.offset + VECTOR_BYTES * k);
      else if (k === 0) g.get(WEIGHTS).loadSplat(o.offset);
      else g.splat(0);
    };
  const address = (base: number, offset: number): void => {
    f.get(base).i32(offset).i32Add();
  };
  for (const step of chunk) {
    if (step.kind === 'use') {
      const output = outputs[step.output]!;
      const value = operand(step.node);
      if (value.kind === 'scalar') throw new Error('a scalar belongs to the constant of a form');
      address(OUTPUTS, output.sum);
      address(value.base, value.offset);
      address(WEIGHTS, output.factor);
      f.call(kernels.addProduct);
      slots.release(step.node);
      continue;
    }
    const node = chip.nodes[step.node]!;
    if (!('a' in node)) throw new Error('a column or scalar is not computed');
    const a = operand(node.a);
    const b = operand(node.b);
    const to = slots.take(step.node);
    if (node.op === 'mul' && a.kind === 'block' && b.kind === 'block') {
      address(SLOTS, to);
      address(a.base, a.offset);
      address(b.base, b.offset);
      f.call(kernels.mulBlock);
    } else {
      const [x, s] = node.op === 'mul' && a.kind === 'scalar' ? [b, a] : [a, b];
      for (let k = 0; k < EXT_WORDS; k++) {
        const result = node.op === 'mul' ? e.mul(load(x, k), load(s, 0)) : e[node.op](load(x, k), load(s, k));
        f.get(SLOTS)
          .get(result)
          .store(to + VECTOR_BYTES * k);
        f.release(result);
      }
    }
    slots.release(node.a);
    slots.release(node.b);
  }
}
