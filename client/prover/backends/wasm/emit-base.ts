import type { NodeId } from '../../air/dag.ts';
import { type FunctionBody, type ModuleWriter, V128 } from './assembler.ts';
import type { Plan, Step } from './chip-plan.ts';
import { FieldEmitter, ProductSum, type Push } from './emit-field.ts';

/** Bytes of a column's values: 16 of them, of which an evaluator takes four at a time. */
export const LINE_BYTES = 64;
const VECTOR_BYTES = 16;
/** Bytes of the sums of one output: five coordinates, two halves. */
export const SUMS_BYTES = 160;

/** Where an output's factor lies, and its sums; `factor` is the address of five words behind the weights' start. */
export type BaseOutput =
  | { readonly kind: 'sum'; readonly sums: number; readonly factor: number }
  | { readonly kind: 'store'; readonly at: number; readonly negative: boolean };

export const baseCost = (step: Step): number => (step.kind === 'node' ? 1 : 4);
/** Cost of one function: V8 compiles small ones better. */
export const BASE_CAP = 240;

/**
 * Emits the functions that evaluate a plan for four values per column, and returns their indices. Their parameters:
 * address of the columns' values, of the weights (scalars first, one word each), of slots for values that live from
 * one function to a later one, of the outputs.
 */
export function emitBase(
  writer: ModuleWriter,
  plan: Plan,
  outputs: readonly BaseOutput[],
): { readonly functions: readonly number[]; readonly slots: number } {
  const slots = assignSlots(plan);
  const functions = plan.chunks.map((chunk, k) => {
    const { index, body } = writer.addFunction(4);
    emitChunk(body, plan, chunk, k, outputs, slots.of);
    return index;
  });
  return { functions, slots: slots.count };
}

const COLUMNS = 0;
const WEIGHTS = 1;
const SLOTS = 2;
const OUTPUTS = 3;

/** Slots for nodes that a later chunk reads; a slot is free again after the last chunk that reads it. */
function assignSlots(plan: Plan): { readonly of: ReadonlyMap<NodeId, number>; readonly count: number } {
  const of = new Map<NodeId, number>();
  const free: number[] = [];
  const expiring = new Map<number, number[]>();
  let count = 0;
  plan.chunks.forEach((chunk, k) => {
    free.push(...(expiring.get(k - 1) ?? []));
    for (const step of chunk) {
      const last = plan.lastChunk.get(step.node);
      if (step.kind !== 'node' || last === undefined || last <= k) continue;
      const slot = free.pop() ?? count++;
      of.set(step.node, slot);
      expiring.set(last, [...(expiring.get(last) ?? []), slot]);
    }
  });
  return { of, count };
}

function emitChunk(
  f: FunctionBody,
  plan: Plan,
  chunk: readonly Step[],
  index: number,
  outputs: readonly BaseOutput[],
  slotOf: ReadonlyMap<NodeId, number>,
): void {
  const e = new FieldEmitter(f);
  const { chip, degrees, scalars } = plan;
  const locals = new Map<NodeId, number>();
  const reads = new Map<NodeId, number>();
  const count = (node: NodeId): void => {
    reads.set(node, (reads.get(node) ?? 0) + 1);
  };
  for (const step of chunk) {
    const node = chip.nodes[step.node]!;
    if (step.kind === 'use') count(step.node);
    else if ('a' in node) {
      count(node.a);
      count(node.b);
    }
  }
  const push = (id: NodeId): Push => {
    if (degrees[id] === 0) return (g) => g.get(WEIGHTS).loadSplat(4 * scalars.get(id)!);
    const local = locals.get(id);
    if (local !== undefined) return (g) => g.get(local);
    const node = chip.nodes[id]!;
    if (node.op === 'column') return (g) => g.get(COLUMNS).load(LINE_BYTES * node.column);
    return (g) => g.get(SLOTS).load(VECTOR_BYTES * slotOf.get(id)!);
  };
  const release = (id: NodeId): void => {
    const left = reads.get(id)! - 1;
    reads.set(id, left);
    const local = locals.get(id);
    if (left > 0 || local === undefined) return;
    locals.delete(id);
    f.release(local);
  };
  const sums = new Map<number, ProductSum[]>();
  const sumsOf = (at: number): ProductSum[] => {
    const known = sums.get(at);
    if (known !== undefined) return known;
    const made = [0, 1, 2, 3, 4].map((k) => {
      const lo = f.local(V128);
      const hi = f.local(V128);
      f.get(OUTPUTS)
        .load(at + 32 * k)
        .set(lo);
      f.get(OUTPUTS)
        .load(at + 32 * k + VECTOR_BYTES)
        .set(hi);
      return new ProductSum(e, lo, hi);
    });
    sums.set(at, made);
    return made;
  };
  const store = (at: number): void => {
    sums.get(at)!.forEach((sum, k) => {
      sum.relax();
      f.get(OUTPUTS)
        .get(sum.lo)
        .store(at + 32 * k);
      f.get(OUTPUTS)
        .get(sum.hi)
        .store(at + 32 * k + VECTOR_BYTES);
      f.release(sum.lo);
      f.release(sum.hi);
    });
    sums.delete(at);
  };
  /** Sums stay in locals for at most this many outputs at a time. */
  const maxOpenSums = 2;
  for (const step of chunk) {
    const node = chip.nodes[step.node]!;
    if (step.kind === 'node') {
      if (!('a' in node)) throw new Error('a column or scalar is not computed');
      const local = e[node.op](push(node.a), push(node.b));
      release(node.a);
      release(node.b);
      if ((plan.lastChunk.get(step.node) ?? -1) > index)
        f.get(SLOTS)
          .get(local)
          .store(VECTOR_BYTES * slotOf.get(step.node)!);
      if ((reads.get(step.node) ?? 0) > 0) locals.set(step.node, local);
      else f.release(local);
      continue;
    }
    const output = outputs[step.output]!;
    if (output.kind === 'store') {
      f.get(OUTPUTS);
      if (output.negative) {
        const zero = e.sub((g) => g.splat(0), push(step.node));
        f.get(zero);
        f.release(zero);
      } else push(step.node)(f);
      f.store(output.at);
    } else {
      if (!sums.has(output.sums) && sums.size === maxOpenSums) store([...sums.keys()][0]!);
      const value = f.local(V128);
      push(step.node)(f);
      f.set(value);
      sumsOf(output.sums).forEach((sum, k) => {
        sum.addProduct(
          (g) => g.get(value),
          (g) => g.get(WEIGHTS).loadSplat(output.factor + 4 * k),
        );
      });
      f.release(value);
    }
    release(step.node);
  }
  for (const at of [...sums.keys()]) store(at);
}
