import { type Ext, Fp5 } from '../../field/fp5.ts';
import type { Sponge } from '../../hash/sponge.ts';
import type { GkrLabels, Run } from '../interface.ts';
import { EqProduct } from './eq-product.ts';
import { readExt, runTasks, split, storeConstant } from './ext-table.ts';
import { FullTables, type Layer, type RoundTables, readBase, stepOf } from './gkr-tables.ts';
import { TailTables } from './gkr-tail.ts';
import { halvesOf, SPARE_BYTES } from './halves.ts';
import { BLOCK_BYTES, extBytes, LANES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';
import { RunRecorder } from './run.ts';

/** The layer above: p0 · q1 + p1 · q0 over q0 · q1. */
export function parentLayer(pool: KernelPool, layer: Layer): Layer {
  const n = 2 ** layer.log;
  const p = pool.memory.alloc(extBytes(n / 2));
  const q = pool.memory.alloc(extBytes(n / 2));
  const spare = pool.memory.alloc(2 * SPARE_BYTES + BLOCK_BYTES);
  const alpha = spare + 2 * SPARE_BYTES;
  storeConstant(pool, alpha, layer.alpha);
  const step = stepOf(layer);
  const ps = halvesOf(pool, layer.p, n, step, spare);
  const qs = halvesOf(pool, layer.q, n, BLOCK_BYTES, spare + SPARE_BYTES);
  const kernel = layer.base ? 'fractionParentsBase' : 'fractionParents';
  const pairs = Math.ceil((layer.used - n / 2) / LANES);
  const tasks = split(pool, pairs).map(({ from, count }): Task => {
    const b = from * BLOCK_BYTES;
    return [kernel, ps.lo + from * step, ps.hi + from * step, qs.lo + b, qs.hi + b, p + b, q + b, count];
  });
  for (const { from, count } of split(pool, Math.ceil(n / 2 / LANES) - pairs)) {
    const b = (pairs + from) * BLOCK_BYTES;
    tasks.push(['scaleFractions', ps.lo + (pairs + from) * step, qs.lo + b, alpha, p + b, q + b, count]);
  }
  runTasks(pool, tasks);
  pool.memory.free(spare);
  return { p, q, log: layer.log - 1, base: false, used: n / 2, alpha: layer.alpha };
}

/** Gives back both vectors of a layer. */
export function freeLayer(pool: KernelPool, layer: Layer): void {
  pool.memory.free(layer.p);
  pool.memory.free(layer.q);
}

type Halves = readonly [p0: Ext, p1: Ext, q0: Ext, q1: Ext];

/** One vector's layers on the way down from its root, and the claim that they have come to. */
class VectorReduction {
  readonly root: readonly [p: Ext, q: Ext];
  private readonly pool: KernelPool;
  private readonly leaves: Layer;
  private readonly layers: Layer[];
  /** Numerators and denominators of the claim's layer with its top variable at 0 and at 1, the others at the point. */
  private halves: Halves;
  private sumcheck: LayerSumcheck | undefined;
  /** Where the vector ended: point, p and q. */
  private end: { readonly point: readonly Ext[]; readonly values: readonly [p: Ext, q: Ext] };

  constructor(pool: KernelPool, leaves: Layer) {
    this.pool = pool;
    this.leaves = leaves;
    this.layers = [leaves];
    while (this.layers[0]!.log > 0) this.layers.unshift(parentLayer(pool, this.layers[0]!));
    const top = this.layers.shift()!;
    this.root = [top.base ? readBase(pool, top.p) : readExt(pool, top.p, 0), readExt(pool, top.q, 0)];
    if (top !== leaves) freeLayer(pool, top);
    const [p, q] = this.root;
    this.halves = [p, p, q, q];
    this.end = { point: [], values: this.root };
  }

  get goesOn(): boolean {
    return this.layers.length > 0;
  }

  startLayer(point: readonly Ext[], lambda: Ext): LayerSumcheck {
    const [p0, p1, q0, q1] = this.halves;
    const known = [Fp5.add(p0, Fp5.mul(lambda, q0)), Fp5.add(p1, Fp5.mul(lambda, q1))] as const;
    this.sumcheck = new LayerSumcheck(this.pool, this.layers[0]!, point, lambda, known);
    return this.sumcheck;
  }

  /** Ends the layer and gives its halves at the bound point. */
  endLayer(): Halves {
    this.halves = this.sumcheck!.children();
    this.sumcheck!.free();
    const layer = this.layers.shift()!;
    if (layer !== this.leaves) freeLayer(this.pool, layer);
    return this.halves;
  }

  /** Joins the halves of the leaves. */
  finish(s: Ext, point: readonly Ext[]): void {
    const [p0, p1, q0, q1] = this.halves;
    const p = Fp5.add(p0, Fp5.mul(s, Fp5.sub(p1, p0)));
    const q = Fp5.add(q0, Fp5.mul(s, Fp5.sub(q1, q0)));
    this.end = { point: [s, ...point], values: [p, q] };
  }

  get point(): readonly Ext[] {
    return this.end.point;
  }

  get values(): readonly Ext[] {
    return [...this.root, ...this.end.values];
  }
}

/**
 * The sums of all vectors of fractions, reduced layer by layer from the roots to claims about the leaves, in common rounds.
 * Leaves `leaves` as they are.
 */
export function proveGkr(pool: KernelPool, leaves: readonly Layer[], labels: GkrLabels, sponge: Sponge): Run {
  const log = new RunRecorder(sponge);
  const vectors = leaves.map((layer) => new VectorReduction(pool, layer));
  log.send(
    labels.root,
    vectors.flatMap(({ root }) => root),
  );
  let point: readonly Ext[] = [];
  for (let active = vectors.filter((v) => v.goesOn); active.length > 0; active = active.filter((v) => v.goesOn)) {
    const lambda = log.sample(labels.lambda);
    const layers = active.map((v) => v.startLayer(point, lambda));
    const weights = active.map((v) => Fp5.pow(lambda, BigInt(2 * vectors.indexOf(v))));
    const bound: Ext[] = [];
    while (bound.length < layers[0]!.rounds) {
      const messages = layers.map((layer, i) => layer.round().map((x) => Fp5.mul(weights[i]!, x)));
      log.send(
        labels.round.message,
        messages.reduce((a, b) => a.map((x, k) => Fp5.add(x, b[k]!))),
      );
      const r = log.sample(labels.round.challenge);
      for (const layer of layers) layer.bind(r);
      bound.push(r);
    }
    log.send(
      labels.children,
      active.flatMap((v) => v.endLayer()),
    );
    point = bound;
    for (const v of active) if (!v.goesOn) v.finish(log.sample(labels.child), point);
  }
  return log.run(
    vectors.flatMap((v) => v.point),
    vectors.flatMap((v) => v.values),
  );
}

/**
 * Σ_x eq(point, x) · ((p0 + λ q0) · q1 + p1 · q0)(X, x), X the variable to bind next: a quadratic t with t(0) and the
 * leading coefficient summed over the table; t(1) follows from the claim. In the first round t(0) and t(1) are known: they
 * are the halves of the layer above.
 */
export class LayerSumcheck {
  private readonly bound: Ext[] = [];
  private readonly point: readonly Ext[];
  readonly rounds: number;
  private readonly eq: EqProduct;
  private tables: RoundTables;
  /** Claim about the sum over all that is not bound. */
  private claim: Ext;
  /** The claim's coordinate of the variable to bind. */
  private z: Ext = Fp5.ZERO;
  private difference: Ext;
  private leading: Ext = Fp5.ZERO;

  /** @param known the first round's values at 0 and at 1 */
  constructor(pool: KernelPool, layer: Layer, point: readonly Ext[], lambda: Ext, known: readonly [Ext, Ext]) {
    this.point = point;
    this.rounds = layer.log - 1;
    // The first round's quadratic is known at 0: as if that were the claim's coordinate.
    this.claim = known[0];
    this.difference = Fp5.sub(known[1], known[0]);
    this.eq = new EqProduct(pool, point);
    if (layer.used === 2 ** layer.log) this.tables = FullTables.ofLayer(pool, layer, lambda);
    else {
      const tail = new TailTables(pool, layer, lambda);
      this.tables = point.some(Fp5.isZero) ? tail.toFull() : tail;
    }
  }

  /** The round's message: leading coefficient, and t(1) − t(0) before it where that is not known. */
  round(): Ext[] {
    if (this.bound.length === 0) {
      this.leading = this.tables.leading(this.eq);
      return [this.leading];
    }
    this.z = this.point[this.bound.length - 1]!;
    const [t0, leading] = this.tables.sums(this.eq);
    // claim = t(0) + z · (t(1) − t(0))
    this.difference = Fp5.isZero(this.z)
      ? Fp5.sub(this.full().atOne(this.eq), t0)
      : Fp5.mul(Fp5.sub(this.claim, t0), Fp5.inv(this.z));
    this.leading = leading;
    return [this.difference, leading];
  }

  /** Takes the challenge of the round whose message `round` gave last. */
  bind(r: Ext): void {
    const line = Fp5.add(this.claim, Fp5.mul(Fp5.sub(r, this.z), this.difference));
    this.claim = Fp5.add(line, Fp5.mul(Fp5.mul(r, Fp5.sub(r, Fp5.ONE)), this.leading));
    this.bound.push(r);
    const last = this.bound.length === this.rounds;
    if (!last) this.eq.drop();
    this.tables = this.tables.bind(r, last ? undefined : this.eq);
  }

  /** p0, p1, q0, q1 at the bound point. */
  children(): [Ext, Ext, Ext, Ext] {
    return this.full().children();
  }

  /** Gives back the tables that are left, and eq. */
  free(): void {
    this.tables.free();
    this.eq.free();
  }

  private full(): FullTables {
    if (this.tables instanceof FullTables) return this.tables;
    throw new Error('padding is summed in closed form only where no coordinate is zero and not to the end');
  }
}
