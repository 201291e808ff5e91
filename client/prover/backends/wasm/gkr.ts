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

export function freeLayer(pool: KernelPool, layer: Layer): void {
  pool.memory.free(layer.p);
  pool.memory.free(layer.q);
}

/**
 * The sum of all fractions, reduced layer by layer from the root to a claim about the leaves. Values: root p and q, p
 * and q at the point. Leaves `leaves` as they are.
 */
export function proveGkr(pool: KernelPool, leaves: Layer, labels: GkrLabels, sponge: Sponge): Run {
  const log = new RunRecorder(sponge);
  const layers = [leaves];
  while (layers[0]!.log > 0) layers.unshift(parentLayer(pool, layers[0]!));
  const top = layers[0]!;
  const root: readonly [Ext, Ext] = [
    top.base ? readBase(pool, top.p) : readExt(pool, top.p, 0),
    readExt(pool, top.q, 0),
  ];
  log.send(labels.root, root);
  if (top !== leaves) freeLayer(pool, top);
  let point: readonly Ext[] = [];
  // Numerators and denominators of the claim's layer with its top variable at 0 and at 1, the others at the point.
  let halves: readonly [Ext, Ext, Ext, Ext] = [root[0], root[0], root[1], root[1]];
  for (const below of layers.slice(1)) {
    const lambda = log.sample(labels.lambda);
    const [p0, p1, q0, q1] = halves;
    const known = [Fp5.add(p0, Fp5.mul(lambda, q0)), Fp5.add(p1, Fp5.mul(lambda, q1))] as const;
    const layer = new LayerSumcheck(pool, below, point, lambda, known);
    while (layer.bound.length < below.log - 1) {
      log.send(labels.round.message, layer.round());
      layer.bind(log.sample(labels.round.challenge));
    }
    halves = layer.children();
    layer.free();
    if (below !== leaves) freeLayer(pool, below);
    log.send(labels.children, halves);
    point = layer.bound;
  }
  if (leaves.log === 0) return log.run(point, [...root, ...root]);
  const s = log.sample(labels.child);
  const [p0, p1, q0, q1] = halves;
  const p = Fp5.add(p0, Fp5.mul(s, Fp5.sub(p1, p0)));
  const q = Fp5.add(q0, Fp5.mul(s, Fp5.sub(q1, q0)));
  return log.run([s, ...point], [...root, p, q]);
}

/**
 * Σ_x eq(point, x) · ((p0 + λ q0) · q1 + p1 · q0)(X, x), X the variable to bind next: a quadratic t with t(0) and the
 * leading coefficient summed over the table; t(1) follows from the claim. In the first round t(0) and t(1) are known: they
 * are the halves of the layer above.
 */
export class LayerSumcheck {
  readonly bound: Ext[] = [];
  private readonly point: readonly Ext[];
  private readonly rounds: number;
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

  free(): void {
    this.tables.free();
    this.eq.free();
  }

  private full(): FullTables {
    if (this.tables instanceof FullTables) return this.tables;
    throw new Error('padding is summed in closed form only where no coordinate is zero and not to the end');
  }
}
