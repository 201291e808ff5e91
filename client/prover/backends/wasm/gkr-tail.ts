import { type Ext, Fp5 } from '../../field/fp5.ts';
import { type EqProduct, INNER_LOG } from './eq-product.ts';
import { blocksOf, runTasks, split, storeConstant } from './ext-table.ts';
import { addScaled, FullTables, type Layer, type RoundTables, sumParts } from './gkr-tables.ts';
import { foldTasks } from './halves.ts';
import { BLOCK_BYTES, extBytes, LANES, WORD_BYTES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';

/** Entries of the upper half that are stored, at least and in multiples of: what inner tables of eq cover. */
const UNIT = 2 ** INNER_LOG;

/**
 * How many entries of a vector of n to store when those from `covered` on are padding: all, or so few that padding is
 * summed in closed form for a round at least.
 */
export function storedEntries(covered: number, n: number): number {
  const upper = Math.max(UNIT, Math.ceil((covered - n / 2) / UNIT) * UNIT);
  return upper <= n / 4 ? n / 2 + upper : n;
}

/**
 * The leaves' tables while the upper half is mostly padding 0/α. With u = q1 − α and w = p1 + λ u, zero there, the sum is
 * of eq · (α · (p0 + λ q0) + p0 · u + q0 · w): the first part is linear, the second short. A variable that is bound at r
 * multiplies u and w by 1 − r.
 */
export class TailTables implements RoundTables {
  private readonly pool: KernelPool;
  private readonly alpha: Ext;
  private readonly lambda: Ext;
  /** Entries of p0 and q0, and of u and w. */
  private n: number;
  private readonly upper: number;
  private p: number;
  private q: number;
  private base = true;
  private readonly folded: { readonly p: number; readonly q: number };
  private readonly u: number;
  private readonly w: number;
  /** Blocks for constants. */
  private readonly constants: readonly [number, number];
  /** What u and w are to be multiplied by. */
  private scale: Ext = Fp5.ONE;
  private pending: readonly [Ext, Ext] | undefined;

  constructor(pool: KernelPool, layer: Layer, lambda: Ext) {
    this.pool = pool;
    this.alpha = layer.alpha;
    this.lambda = lambda;
    this.n = 2 ** (layer.log - 1);
    this.upper = layer.used - this.n;
    this.p = layer.p;
    this.q = layer.q;
    const { memory } = pool;
    this.folded = { p: memory.alloc(extBytes(this.n / 2)), q: memory.alloc(extBytes(this.n / 2)) };
    this.u = memory.alloc(extBytes(this.upper));
    this.w = memory.alloc(extBytes(this.upper));
    this.constants = [memory.alloc(BLOCK_BYTES), memory.alloc(BLOCK_BYTES)];
    const [alpha, by] = this.constants;
    storeConstant(pool, alpha, layer.alpha);
    storeConstant(pool, by, lambda);
    const q1 = this.q + extBytes(this.n);
    const p1 = this.p + this.n * WORD_BYTES;
    this.each(this.upper, (from, at) => ['tailStart', q1 + at, p1 + from * 16, alpha, by, this.u + at, this.w + at]);
  }

  leading(eq: EqProduct): Ext {
    return this.upperSums(eq)[1];
  }

  sums(): readonly [Ext, Ext] {
    if (this.pending === undefined) throw new Error('the first round asks for the leading coefficient alone');
    return this.pending;
  }

  bind(r: Ext, eq: EqProduct | undefined): RoundTables {
    const { pool, folded } = this;
    const half = this.n / 2;
    const goesOn = half / 2 >= this.upper && eq !== undefined;
    const [factor] = this.constants;
    storeConstant(pool, factor, r);
    const tables = [
      { at: this.p, to: folded.p, step: this.base ? 16 : BLOCK_BYTES } as const,
      { at: this.q, to: folded.q, step: BLOCK_BYTES } as const,
    ];
    // What the next round's sum at 0 needs is folded with its dot product, the rest without.
    const lower = goesOn ? half / 2 : 0;
    const dots = tables.map(({ at, to, step }) => {
      const hi = at + (half / LANES) * step;
      const rest = { lo: at + (lower / LANES) * step, hi: hi + (lower / LANES) * step };
      const others = foldTasks(pool, rest, to + extBytes(lower), half - lower, step, factor);
      return sumParts(
        pool,
        goesOn ? eq.parts() : [],
        1,
        ({ from }) => [
          step === 16 ? 'foldDotBase' : 'foldDot',
          ...[at + from * step, hi + from * step, to + from * BLOCK_BYTES, factor],
        ],
        others,
      )[0]!;
    });
    this.p = folded.p;
    this.q = folded.q;
    this.base = false;
    this.n = half;
    this.scale = Fp5.mul(this.scale, Fp5.sub(Fp5.ONE, r));
    if (!goesOn) return this.toFull();
    const [upperZero, leading] = this.upperSums(eq);
    const linear = Fp5.add(dots[0]!, Fp5.mul(this.lambda, dots[1]!));
    this.pending = [Fp5.add(upperZero, Fp5.mul(this.alpha, linear)), leading];
    return this;
  }

  /** The same tables entry by entry; this object is used up. */
  toFull(): FullTables {
    const { pool, n, upper, scale } = this;
    const { memory } = pool;
    const a = this.base ? memory.alloc(extBytes(n)) : this.p;
    addScaled(pool, this.p, this.base ? 16 : BLOCK_BYTES, this.q, a, this.lambda, n);
    const q0 = this.base ? memory.alloc(extBytes(n)) : this.q;
    const [alpha, by] = this.constants;
    if (this.base) memory.u32().copyWithin(q0 / WORD_BYTES, this.q / WORD_BYTES, (this.q + extBytes(n)) / WORD_BYTES);
    const q1 = memory.alloc(extBytes(n));
    const p1 = memory.alloc(extBytes(n));
    storeConstant(pool, alpha, this.alpha);
    storeConstant(pool, by, scale);
    this.each(upper, (_, at) => ['scaleAndAdd', this.u + at, by, alpha, q1 + at]);
    this.each(n - upper, (_, at) => ['fillBlocks', alpha, q1 + extBytes(upper) + at]);
    storeConstant(pool, alpha, Fp5.ZERO);
    this.each(upper, (_, at) => ['scaleAndAdd', this.w + at, by, alpha, p1 + at]);
    addScaled(pool, p1, BLOCK_BYTES, this.u, p1, Fp5.neg(Fp5.mul(scale, this.lambda)), upper);
    memory.view(p1 + extBytes(upper), extBytes(n - upper) / WORD_BYTES).fill(0);
    const unused = this.base ? [this.folded.p, this.folded.q] : [];
    for (const at of [this.u, this.w, ...this.constants, ...unused]) memory.free(at);
    const places = [a, q1, p1, q0];
    const tables = places.map((at) => ({ at, step: BLOCK_BYTES }));
    return new FullTables(pool, this.lambda, n, tables, places, places);
  }

  free(): void {
    for (const at of [this.folded.p, this.folded.q, this.u, this.w, ...this.constants]) this.pool.memory.free(at);
  }

  /** What p0 · u + q0 · w adds to a round's two sums: its values at 0 and at 1, where it would vanish but for u and w. */
  private upperSums(eq: EqProduct): readonly [zero: Ext, leading: Ext] {
    const { p, q, base, u, w } = this;
    const step = base ? 16 : BLOCK_BYTES;
    const half = this.n / 2 / LANES;
    const [zero, one] = sumParts(this.pool, eq.parts(this.upper), 2, ({ from }) => [
      base ? 'tailSumsBase' : 'tailSums',
      ...[p + from * step, p + (half + from) * step],
      ...[q + from * BLOCK_BYTES, q + (half + from) * BLOCK_BYTES],
      ...[u + from * BLOCK_BYTES, w + from * BLOCK_BYTES],
    ]) as [Ext, Ext];
    // (x0 + X (x1 − x0)) · (1 − X) y has the leading coefficient (x0 − x1) y.
    return [Fp5.mul(this.scale, zero), Fp5.mul(this.scale, Fp5.sub(zero, one))];
  }

  /** Runs a kernel over all blocks of n entries; its last argument is their number. */
  private each(n: number, task: (fromBlock: number, fromByte: number) => Task): void {
    runTasks(
      this.pool,
      split(this.pool, blocksOf(n)).map(({ from, count }): Task => [...task(from, from * BLOCK_BYTES), count]),
    );
  }
}
