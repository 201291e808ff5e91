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
  let [p, q] = root;
  let point: readonly Ext[] = [];
  // Numerators and denominators of the claim's layer with its top variable at 0 and at 1, the others at the point.
  let halves: readonly [Ext, Ext, Ext, Ext] = [p, p, q, q];
  for (let k = 0; k < leaves.log; k++) {
    const lambda = log.sample(labels.lambda);
    const [p0, p1, q0, q1] = halves;
    const known = [Fp5.add(p0, Fp5.mul(lambda, q0)), Fp5.add(p1, Fp5.mul(lambda, q1))] as const;
    const layer = new LayerSumcheck(pool, layers[k + 1]!, point, lambda, known);
    for (let j = 0; j < k; j++) {
      log.send(labels.round.message, layer.round());
      layer.bind(log.sample(labels.round.challenge));
    }
    halves = layer.children();
    layer.free();
    if (layers[k + 1] !== leaves) freeLayer(pool, layers[k + 1]!);
    log.send(labels.children, halves);
    const s = log.sample(labels.child);
    p = Fp5.add(halves[0], Fp5.mul(s, Fp5.sub(halves[1], halves[0])));
    q = Fp5.add(halves[2], Fp5.mul(s, Fp5.sub(halves[3], halves[2])));
    point = [s, ...layer.bound];
  }
  return log.run(point, [...root, p, q]);
}

/**
 * Σ_x eq(point, x) · ((p0 + λ q0) · q1 + p1 · q0)(x). A round's polynomial is a linear factor of eq, known here, times
 * a quadratic t with t(0) and the leading coefficient summed over the table; t(1) follows from the claim. In the first
 * round t(0) and t(1) are known: they are the halves of the layer above.
 */
export class LayerSumcheck {
  readonly bound: Ext[] = [];
  private readonly point: readonly Ext[];
  private readonly known: readonly [Ext, Ext];
  private readonly eq: EqProduct | undefined;
  private tables: RoundTables;
  /** Product of eq over the bound variables. */
  private prefix: Ext = Fp5.ONE;
  /** Claim about the sum, without `prefix`. */
  private claim: Ext = Fp5.ZERO;
  private quadratic: Quadratic = [Fp5.ZERO, Fp5.ZERO, Fp5.ZERO];

  constructor(pool: KernelPool, layer: Layer, point: readonly Ext[], lambda: Ext, known: readonly [Ext, Ext]) {
    this.point = point;
    this.known = known;
    this.eq = point.length > 0 ? new EqProduct(pool, point.slice(1)) : undefined;
    if (layer.used === 2 ** layer.log) this.tables = FullTables.ofLayer(pool, layer, lambda);
    else {
      const tail = new TailTables(pool, layer, lambda);
      this.tables = point.some(Fp5.isZero) ? tail.toFull() : tail;
    }
  }

  /** Values of the round's polynomial at 0, 2 and 3. */
  round(): Ext[] {
    const z = this.point[this.bound.length]!;
    const notZ = Fp5.sub(Fp5.ONE, z);
    const [t0, t1, leading] = this.bound.length === 0 ? this.firstRound() : this.laterRound(z, notZ);
    this.quadratic = [t0, Fp5.sub(Fp5.sub(t1, t0), leading), leading];
    const at = (x: number): Ext => {
      const eq = Fp5.add(notZ, Fp5.scale(Fp5.sub(z, notZ), x));
      return Fp5.mul(Fp5.mul(this.prefix, eq), evaluate(this.quadratic, Fp5.from(x)));
    };
    return [at(0), at(2), at(3)];
  }

  bind(r: Ext): void {
    const z = this.point[this.bound.length]!;
    const zr = Fp5.mul(z, r);
    this.prefix = Fp5.mul(this.prefix, Fp5.add(Fp5.sub(Fp5.sub(Fp5.ONE, z), r), Fp5.add(zr, zr)));
    this.claim = evaluate(this.quadratic, r);
    this.bound.push(r);
    const last = this.bound.length === this.point.length;
    if (!last) this.eq!.drop();
    this.tables = this.tables.bind(r, last ? undefined : this.eq);
  }

  /** p0, p1, q0, q1 at the bound point. */
  children(): [Ext, Ext, Ext, Ext] {
    return this.full().children();
  }

  free(): void {
    this.tables.free();
    this.eq?.free();
  }

  private firstRound(): readonly [Ext, Ext, Ext] {
    return [...this.known, this.tables.leading(this.eq!)];
  }

  private laterRound(z: Ext, notZ: Ext): readonly [Ext, Ext, Ext] {
    const [t0, leading] = this.tables.sums(this.eq!);
    const t1 = Fp5.isZero(z)
      ? this.full().atOne(this.eq!)
      : Fp5.mul(Fp5.sub(this.claim, Fp5.mul(notZ, t0)), Fp5.inv(z));
    return [t0, t1, leading];
  }

  private full(): FullTables {
    if (this.tables instanceof FullTables) return this.tables;
    throw new Error('padding is summed in closed form only where no coordinate is zero and not to the end');
  }
}

/** Coefficients, constant first. */
type Quadratic = readonly [Ext, Ext, Ext];

const evaluate = ([c0, c1, c2]: Quadratic, x: Ext): Ext => Fp5.add(c0, Fp5.mul(x, Fp5.add(c1, Fp5.mul(x, c2))));
