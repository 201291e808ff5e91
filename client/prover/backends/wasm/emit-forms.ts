import type { CompiledChip, NodeId } from '../../air/dag.ts';
import { type FunctionBody, I32, ModuleWriter } from './assembler.ts';
import { makePlan } from './chip-plan.ts';
import { BASE_CAP, type BaseOutput, baseCost, emitBase, LINE_BYTES, SUMS_BYTES } from './emit-base.ts';
import { EXT_CAP, type ExtOutput, emitExt, extCost } from './emit-ext.ts';
import { BLOCK_BYTES, EXT_WORDS, WORD_BYTES } from './layout.ts';

/** Points of a line, as blocks of four. */
export const LINE_BLOCKS = 4;

/**
 * Evaluator of an instance's linear forms, one per scope, generated for a chip. Exported functions:
 *
 * `skip` (rows, from, to, weights, eq of the first scope, eq of the second, out, scratch): for the groups of 16 rows
 * from … to − 1, adds eq · form to `out`: per scope, per coset, four blocks of points.
 *
 * `round` (lo, hi, end of lo, weights, eqs, out, scratch): for the blocks of rows in the lower half with their partners
 * in the upper, adds eq · form at the points 0, 2, 3, …, degree to `out`: per scope a block per point.
 */
export type FormsModule = {
  readonly code: Uint8Array<ArrayBuffer>;
  /** Nodes with a term, by scope, as `linearise` gives them. */
  readonly terms: readonly (readonly NodeId[])[];
  readonly scalars: ReadonlyMap<NodeId, number>;
  readonly cosets: number;
  readonly points: readonly number[];
  readonly skipWeights: SkipWeights;
  readonly roundWeights: RoundWeights;
  readonly skipScratchBytes: number;
  readonly roundScratchBytes: number;
};

/** Offsets in the first round's weights: scalars at 0, then words, then blocks of the forms' constants. */
export type SkipWeights = {
  readonly roots: number;
  readonly inverseRoots: number;
  /** 16 words for each coset but the first. */
  readonly twists: number;
  readonly scopes: readonly ScopeFactors[];
  readonly constants: number;
  readonly bytes: number;
};

/** Where a scope's factors lie, five words each: one for every column, and one for every other node with a term. */
export type ScopeFactors = { readonly columns: number; readonly products: number; readonly productCount: number };

/** Offsets in the later rounds' weights: scalars at 0, then blocks. */
export type RoundWeights = { readonly factors: number; readonly constants: number; readonly bytes: number };

export const SKIP_FUNCTION = 0;
export const ROUND_FUNCTION = 1;

const SKIP_SIZE = 16;
const VECTOR_BYTES = 16;
const even = (n: number): number => n + (n % 2);
const aligned = (n: number): number => Math.ceil(n / 16) * 16;

/**
 * @param terms nodes by scope that the forms have terms for, none of degree 0
 * @param used whether a scope's form is there at all
 */
export function emitForms(
  chip: CompiledChip,
  terms: readonly (readonly NodeId[])[],
  used: readonly boolean[],
  degree: number,
): FormsModule {
  const writer = new ModuleWriter();
  const kernels = {
    loadLines: writer.importKernel('loadLines', 4),
    loadCoefficients: writer.importKernel('loadCoefficients', 5),
    cosetLines: writer.importKernel('cosetLines', 5),
    clear: writer.importKernel('clear', 2),
    addFormAtRow: writer.importKernel('addFormAtRow', 5),
    dotValues: writer.importKernel('dotValues', 5),
    startPoint: writer.importKernel('startPoint', 5),
    nextPoint: writer.importKernel('nextPoint', 4),
    addForm: writer.importKernel('addForm', 4),
    mulBlock: writer.importKernel('mulBlock', 3),
    addProduct: writer.importKernel('addProduct', 3),
  };
  const width = chip.columns.length;
  const cosets = Math.max(1, degree);
  const uses = terms.flat().map((node, output) => ({ node, output }));
  const scopeOf = terms.flatMap((nodes, s) => nodes.map(() => s));
  // Values of products are stored scope behind scope, each scope's from an even place on.
  const products: { node: NodeId; output: number }[] = [];
  const productAt: number[] = [];
  let places = 0;
  for (const nodes of terms) {
    for (const node of nodes) {
      if (chip.nodes[node]!.op === 'column') continue;
      products.push({ node, output: productAt.length });
      productAt.push(places++);
    }
    places = even(places);
  }
  const basePlan = makePlan(chip, products, baseCost, BASE_CAP);
  const extPlan = makePlan(chip, uses, extCost, EXT_CAP);

  const roots = aligned(basePlan.scalars.size * WORD_BYTES);
  const inverseRoots = roots + SKIP_SIZE * WORD_BYTES;
  const twists = inverseRoots + SKIP_SIZE * WORD_BYTES;
  const factors = twists + (cosets - 1) * SKIP_SIZE * WORD_BYTES;
  const isColumn = (node: NodeId): boolean => chip.nodes[node]!.op === 'column';
  let free = factors;
  const scopes = terms.map((nodes): ScopeFactors => {
    const productCount = even(nodes.filter((node) => !isColumn(node)).length);
    const columns = free;
    const products = columns + even(width) * EXT_WORDS * WORD_BYTES;
    free = products + productCount * EXT_WORDS * WORD_BYTES;
    return { columns, products, productCount };
  });
  const constants = aligned(free);
  const skipWeights = {
    ...{ roots, inverseRoots, twists, scopes, constants },
    bytes: constants + terms.length * BLOCK_BYTES,
  };
  const blocks = aligned(extPlan.scalars.size * WORD_BYTES);
  const roundWeights = {
    factors: blocks,
    constants: blocks + uses.length * BLOCK_BYTES,
    bytes: blocks + (uses.length + terms.length) * BLOCK_BYTES,
  };

  const skip = writer.addFunction(8);
  const round = writer.addFunction(8);
  const base = emitBase(
    writer,
    basePlan,
    products.map(
      (_, output): BaseOutput => ({ kind: 'store', at: productAt[output]! * VECTOR_BYTES, negative: false }),
    ),
  );
  const extOutputs = uses.map(
    (_, t): ExtOutput => ({ sum: scopeOf[t]! * BLOCK_BYTES, factor: roundWeights.factors + t * BLOCK_BYTES }),
  );
  const ext = emitExt(writer, kernels, extPlan, extOutputs);
  const points = [0, ...Array.from({ length: Math.max(0, degree - 1) }, (_, i) => i + 2)];

  const skipScratchBytes = emitSkip(skip.body, kernels, {
    ...{ width, cosets, functions: base.functions, slots: base.slots, weights: skipWeights },
    ...{ scopes: used, products: places },
  });
  const roundScratchBytes = emitRound(round.body, kernels, {
    ...{ width, points, functions: ext.functions, slots: ext.slots, weights: roundWeights },
    scopes: used,
  });
  writer.exportFunction('skip', skip.index);
  writer.exportFunction('round', round.index);
  return {
    ...{ code: writer.bytes(), terms, scalars: basePlan.scalars, cosets, points, skipWeights, roundWeights },
    ...{ skipScratchBytes, roundScratchBytes },
  };
}

type Kernels = Readonly<
  Record<
    | 'loadLines'
    | 'loadCoefficients'
    | 'cosetLines'
    | 'clear'
    | 'addFormAtRow'
    | 'dotValues'
    | 'startPoint'
    | 'nextPoint'
    | 'addForm',
    number
  >
>;

/** base + offset. */
const push = (f: FunctionBody, base: number, offset: number): FunctionBody =>
  offset === 0 ? f.get(base) : f.get(base).i32(offset).i32Add();

function emitSkip(
  f: FunctionBody,
  kernels: Kernels,
  o: {
    readonly width: number;
    readonly cosets: number;
    readonly functions: readonly number[];
    readonly slots: number;
    readonly weights: SkipWeights;
    readonly scopes: readonly boolean[];
    /** Places for values of products. */
    readonly products: number;
  },
): number {
  const [rows, from, to, weights, eq0, eq1, out, scratch] = [0, 1, 2, 3, 4, 5, 6, 7];
  const linesBytes = Math.ceil(o.width / 4) * 4 * LINE_BYTES;
  const lines = linesBytes;
  const sums = lines + linesBytes;
  const values = sums + o.scopes.length * SUMS_BYTES;
  const slots = values + o.products * VECTOR_BYTES;
  const cursor = f.local(I32);
  const end = f.local(I32);
  const target = f.local(I32);
  f.loop(from!, 1, to!, () => {
    push(f.get(rows!).get(from!).i32(o.width), scratch!, lines).call(kernels.loadLines);
    if (o.cosets > 1) {
      push(f.get(rows!).get(from!).i32(o.width), weights!, o.weights.inverseRoots).get(scratch!);
      f.call(kernels.loadCoefficients);
    }
    for (let coset = 0; coset < o.cosets; coset++) {
      if (coset > 0) {
        const twist = o.weights.twists + (coset - 1) * SKIP_SIZE * WORD_BYTES;
        push(f.get(scratch!).i32(o.width), weights!, twist);
        push(push(f, weights!, o.weights.roots), scratch!, lines).call(kernels.cosetLines);
      }
      push(f, scratch!, lines).set(cursor);
      push(f, scratch!, lines + LINE_BYTES).set(end);
      push(f, out!, coset * LINE_BLOCKS * BLOCK_BYTES).set(target);
      f.loop(cursor, 16, end, () => {
        push(f, scratch!, sums)
          .i32(o.scopes.length * SUMS_BYTES)
          .call(kernels.clear);
        for (const index of o.functions)
          push(push(f.get(cursor).get(weights!), scratch!, slots), scratch!, values).call(index);
        let place = values;
        o.scopes.forEach((isUsed, s) => {
          const { columns, products, productCount } = o.weights.scopes[s]!;
          const first = place;
          place += productCount * VECTOR_BYTES;
          if (!isUsed) return;
          const sumsOf = sums + s * SUMS_BYTES;
          push(push(f.get(cursor).i32(LINE_BYTES).i32(even(o.width)), weights!, columns), scratch!, sumsOf);
          f.call(kernels.dotValues);
          push(
            push(push(f, scratch!, first).i32(VECTOR_BYTES).i32(productCount), weights!, products),
            scratch!,
            sumsOf,
          );
          f.call(kernels.dotValues);
          push(f, scratch!, sumsOf);
          push(f, weights!, o.weights.constants + s * BLOCK_BYTES)
            .get(s === 0 ? eq0! : eq1!)
            .get(from!);
          push(f, target, s * o.cosets * LINE_BLOCKS * BLOCK_BYTES).call(kernels.addFormAtRow);
        });
        f.get(target).i32(BLOCK_BYTES).i32Add().set(target);
      });
    }
  });
  return slots + o.slots * 16;
}

function emitRound(
  f: FunctionBody,
  kernels: Kernels,
  o: {
    readonly width: number;
    readonly points: readonly number[];
    readonly functions: readonly number[];
    readonly slots: number;
    readonly weights: RoundWeights;
    readonly scopes: readonly boolean[];
  },
): number {
  const [lo, hi, end, weights, eq0, eq1, out, scratch] = [0, 1, 2, 3, 4, 5, 6, 7];
  const rowBytes = o.width * BLOCK_BYTES;
  const vectors = o.width * EXT_WORDS;
  const step = rowBytes;
  const sums = 2 * rowBytes;
  const slots = sums + o.scopes.length * BLOCK_BYTES;
  f.loop(lo!, rowBytes, end!, () => {
    push(f.get(lo!).get(hi!).get(scratch!), scratch!, step).i32(vectors).call(kernels.startPoint);
    o.points.forEach((point, i) => {
      if (i > 0)
        push(f.get(scratch!), scratch!, step)
          .i32(point - o.points[i - 1]!)
          .i32(vectors)
          .call(kernels.nextPoint);
      push(f, scratch!, sums)
        .i32(o.scopes.length * BLOCK_BYTES)
        .call(kernels.clear);
      for (const index of o.functions)
        push(push(f.get(scratch!).get(weights!), scratch!, slots), scratch!, sums).call(index);
      o.scopes.forEach((isUsed, s) => {
        if (!isUsed) return;
        push(push(f, scratch!, sums + s * BLOCK_BYTES), weights!, o.weights.constants + s * BLOCK_BYTES);
        push(f.get(s === 0 ? eq0! : eq1!), out!, (s * o.points.length + i) * BLOCK_BYTES).call(kernels.addForm);
      });
    });
    f.get(hi!).i32(rowBytes).i32Add().set(hi!);
    f.get(eq0!).i32(BLOCK_BYTES).i32Add().set(eq0!);
    f.get(eq1!).i32(BLOCK_BYTES).i32Add().set(eq1!);
  });
  return slots + o.slots * BLOCK_BYTES;
}
