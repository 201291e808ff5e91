import { type Ext, Fp5 } from '../../field/fp5.ts';
import type { EqPart, EqProduct } from './eq-product.ts';
import { blocksOf, readExt, runTasks, split, storeConstant, sumBlocks } from './ext-table.ts';
import { foldTasks, type Halves, halvesOf, SPARE_BYTES, type Step } from './halves.ts';
import { BLOCK_BYTES, extBytes, fromMont, LANES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';

/**
 * Numerators and denominators of 2^log fractions; the numerators of the leaves are base elements in Montgomery form, all
 * others blocks. Entries from `used` on are 0/α and not stored; at least half of the entries are.
 */
export type Layer = {
  readonly p: number;
  readonly q: number;
  readonly log: number;
  readonly base: boolean;
  readonly used: number;
  readonly alpha: Ext;
};

/** Bytes of four numerators. */
export const stepOf = (layer: Layer): Step => (layer.base ? 16 : BLOCK_BYTES);

/**
 * The tables that a layer's sumcheck sums over. A round's quadratic g is known by its sums of eq · g(0) and of
 * eq · (leading coefficient of g); eq is over the variables behind the round's.
 */
export type RoundTables = {
  /** The leading coefficient alone. */
  leading(eq: EqProduct): Ext;
  /** Both sums: Σ eq · g(0), and the leading coefficient. */
  sums(eq: EqProduct): readonly [zero: Ext, leading: Ext];
  /** Binds the round's variable; `eq` is the next round's, absent after the last. Gives the tables to go on with. */
  bind(r: Ext, eq: EqProduct | undefined): RoundTables;
  /** Gives back what the tables hold; they must not be used afterwards. */
  free(): void;
};

/** Runs one task per piece of eq, each with `blocks` blocks of results behind its arguments, and adds them up. */
export function sumParts(
  pool: KernelPool,
  parts: readonly EqPart[],
  blocks: number,
  task: (part: EqPart) => Task,
  others: readonly Task[] = [],
): Ext[] {
  const out = pool.memory.alloc(Math.max(1, parts.length) * blocks * BLOCK_BYTES);
  runTasks(pool, [
    ...parts.map((part, i): Task => [...task(part), ...part.args, out + i * blocks * BLOCK_BYTES]),
    ...others,
  ]);
  const sums = Array.from({ length: blocks }, (_, k) =>
    sumBlocks(pool, out + k * BLOCK_BYTES, parts.length, blocks * BLOCK_BYTES),
  );
  pool.memory.free(out);
  return sums;
}

type Table = { readonly at: number; readonly step: Step };

/** a = p0 + λ q0, q1, p1, q0, entry by entry. */
export class FullTables implements RoundTables {
  private readonly pool: KernelPool;
  private readonly lambda: Ext;
  private n: number;
  private tables: readonly Table[];
  /** Where folded tables go. */
  private readonly folded: readonly number[];
  private readonly owned: readonly number[];
  private readonly spare: number;
  private readonly factor: number;
  /** Sums of the coming round, where folding gave them. */
  private pending: readonly [Ext, Ext] | undefined;

  /** @param owned what `free` gives back */
  constructor(
    pool: KernelPool,
    lambda: Ext,
    n: number,
    tables: readonly Table[],
    folded: readonly number[],
    owned: readonly number[],
  ) {
    this.pool = pool;
    this.lambda = lambda;
    this.n = n;
    this.tables = tables;
    this.folded = folded;
    this.spare = pool.memory.alloc(4 * SPARE_BYTES + BLOCK_BYTES);
    this.factor = this.spare + 4 * SPARE_BYTES;
    this.owned = [...owned, this.spare];
  }

  /** Tables of a layer with all its entries stored; one above the leaves is overwritten. */
  static ofLayer(pool: KernelPool, layer: Layer, lambda: Ext): FullTables {
    const n = 2 ** (layer.log - 1);
    const step = stepOf(layer);
    const spare = pool.memory.alloc(2 * SPARE_BYTES);
    const p = halvesOf(pool, layer.p, 2 * n, step, spare);
    const q = halvesOf(pool, layer.q, 2 * n, BLOCK_BYTES, spare + SPARE_BYTES);
    const a = layer.base ? pool.memory.alloc(extBytes(n)) : p.lo;
    addScaled(pool, p.lo, step, q.lo, a, lambda, n);
    const tables: Table[] = [
      { at: a, step: BLOCK_BYTES },
      { at: q.hi, step: BLOCK_BYTES },
      { at: p.hi, step },
      { at: q.lo, step: BLOCK_BYTES },
    ];
    if (!layer.base) return new FullTables(pool, lambda, n, tables, [p.lo, q.hi, p.hi, q.lo], [spare]);
    const folded = [a, ...[1, 2, 3].map(() => pool.memory.alloc(extBytes(Math.ceil(n / 2))))];
    return new FullTables(pool, lambda, n, tables, folded, [...folded, spare]);
  }

  leading(eq: EqProduct): Ext {
    const halves = this.halves();
    const kernel = this.tables[2]!.step === 16 ? 'gkrLeadingBase' : 'gkrLeading';
    return sumParts(this.pool, eq.parts(), 1, ({ from }) => [kernel, ...this.places(halves, from)])[0]!;
  }

  sums(eq: EqProduct): readonly [Ext, Ext] {
    return this.pending ?? this.sumsOf(eq, this.halves());
  }

  /** Σ eq · g(1), for where the claim about the round does not give it. */
  atOne(eq: EqProduct): Ext {
    return this.sumsOf(
      eq,
      this.halves().map(({ lo, hi }) => ({ lo: hi, hi: lo })),
    )[0];
  }

  bind(r: Ext, eq: EqProduct | undefined): this {
    const { pool, n, folded } = this;
    storeConstant(pool, this.factor, r);
    this.pending = undefined;
    const quarter = n / 4;
    if (eq !== undefined && quarter >= LANES) {
      const base = this.tables[2]!.step === 16;
      const [zero, leading] = sumParts(pool, eq.parts(), 2, ({ from }) => [
        base ? 'gkrFoldRoundBase' : 'gkrFoldRound',
        ...this.tables.map(({ at, step }) => at + from * step),
        ...folded.map((at) => at + from * BLOCK_BYTES),
        ...[(quarter / LANES) * BLOCK_BYTES, this.factor],
      ]);
      this.pending = [zero!, leading!];
    } else
      for (const [i, halves] of this.halves().entries())
        for (const task of foldTasks(pool, halves, folded[i]!, n / 2, this.tables[i]!.step, this.factor))
          pool.call(...task);
    this.tables = folded.map((at) => ({ at, step: BLOCK_BYTES }));
    this.n = n / 2;
    return this;
  }

  /** p0, p1, q0, q1 at the bound point. */
  children(): [Ext, Ext, Ext, Ext] {
    const [a, q1, p1, q0] = this.tables.map(({ at, step }) =>
      step === 16 ? readBase(this.pool, at) : readExt(this.pool, at, 0),
    ) as [Ext, Ext, Ext, Ext];
    return [Fp5.sub(a, Fp5.mul(this.lambda, q0)), p1, q0, q1];
  }

  free(): void {
    for (const at of this.owned) this.pool.memory.free(at);
  }

  private halves(): Halves[] {
    return this.tables.map(({ at, step }, i) => halvesOf(this.pool, at, this.n, step, this.spare + i * SPARE_BYTES));
  }

  private places(halves: readonly Halves[], from: number): number[] {
    return halves.flatMap(({ lo, hi }, i) => {
      const offset = from * this.tables[i]!.step;
      return [lo + offset, hi + offset];
    });
  }

  private sumsOf(eq: EqProduct, halves: readonly Halves[]): readonly [Ext, Ext] {
    const [zero, leading] = sumParts(this.pool, eq.parts(), 2, ({ from }) => [
      'gkrRound',
      ...this.places(halves, from),
    ]);
    return [zero!, leading!];
  }
}

/** out = p + by · q for n entries; p base elements or blocks. */
export function addScaled(pool: KernelPool, p: number, step: Step, q: number, out: number, by: Ext, n: number): void {
  const factor = pool.memory.alloc(BLOCK_BYTES);
  storeConstant(pool, factor, by);
  const kernel = step === 16 ? 'addScaledToBase' : 'addScaledBlocks';
  runTasks(
    pool,
    split(pool, blocksOf(n)).map(({ from, count }): Task => {
      const at = from * BLOCK_BYTES;
      return [kernel, p + from * step, q + at, out + at, factor, count];
    }),
  );
  pool.memory.free(factor);
}

/** The first entry of a table of base elements. */
export const readBase = (pool: KernelPool, at: number): Ext => Fp5.from(fromMont(pool.memory.view(at, 1)[0]!));
