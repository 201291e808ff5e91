import { type Ext, Fp5 } from '../../field/fp5.ts';
import type { Sponge } from '../../hash/sponge.ts';
import type { GkrLabels, Run } from '../interface.ts';
import { blocksOf, eqTable, readExt, runTasks, split, storeConstant, sumBlocks } from './ext-table.ts';
import { constantBlock, dropEqVariable, foldTasks, type Halves, halvesOf, SPARE_BYTES, type Step } from './halves.ts';
import { BLOCK_BYTES, extBytes, fromMont, LANES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';
import { RunRecorder } from './run.ts';

/**
 * Numerators and denominators of 2^log fractions; the numerators of the leaves are base elements in Montgomery form,
 * all others blocks.
 */
export type Layer = { readonly p: number; readonly q: number; readonly log: number; readonly base: boolean };

const stepOf = (layer: Layer): Step => (layer.base ? 16 : BLOCK_BYTES);

/** The layer above: p0 · q1 + p1 · q0 over q0 · q1. */
export function parentLayer(pool: KernelPool, layer: Layer): Layer {
  const n = 2 ** layer.log;
  const p = pool.memory.alloc(extBytes(n / 2));
  const q = pool.memory.alloc(extBytes(n / 2));
  const spare = pool.memory.alloc(2 * SPARE_BYTES);
  const step = stepOf(layer);
  const ps = halvesOf(pool, layer.p, n, step, spare);
  const qs = halvesOf(pool, layer.q, n, BLOCK_BYTES, spare + SPARE_BYTES);
  const kernel = layer.base ? 'fractionParentsBase' : 'fractionParents';
  runTasks(
    pool,
    split(pool, Math.ceil(n / 2 / LANES)).map(({ from, count }): Task => {
      const b = from * BLOCK_BYTES;
      return [kernel, ps.lo + from * step, ps.hi + from * step, qs.lo + b, qs.hi + b, p + b, q + b, count];
    }),
  );
  pool.memory.free(spare);
  return { p, q, log: layer.log - 1, base: false };
}

export function freeLayer(pool: KernelPool, layer: Layer): void {
  pool.memory.free(layer.p);
  pool.memory.free(layer.q);
}

/**
 * The sum of all fractions, reduced layer by layer from the root to a claim about the leaves. Values: root p and q, p
 * and q at the point. Frees nothing of `leaves`.
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
  let [p, q] = root;
  let point: readonly Ext[] = [];
  for (let k = 0; k < leaves.log; k++) {
    if (layers[k] !== leaves) freeLayer(pool, layers[k]!);
    const lambda = log.sample(labels.lambda);
    const claim = Fp5.add(p, Fp5.mul(lambda, q));
    const layer = new LayerSumcheck(pool, layers[k + 1]!, point, lambda, claim);
    for (let j = 0; j < k; j++) {
      log.send(labels.round.message, layer.round());
      layer.bind(log.sample(labels.round.challenge));
    }
    const [p0, p1, q0, q1] = layer.children();
    layer.free();
    log.send(labels.children, [p0, p1, q0, q1]);
    const s = log.sample(labels.child);
    p = Fp5.add(p0, Fp5.mul(s, Fp5.sub(p1, p0)));
    q = Fp5.add(q0, Fp5.mul(s, Fp5.sub(q1, q0)));
    point = [s, ...layer.bound];
  }
  return log.run(point, [...root, p, q]);
}

/** The first entry of a table of base elements. */
const readBase = (pool: KernelPool, at: number): Ext => Fp5.from(fromMont(pool.memory.view(at, 1)[0]!));

/**
 * Σ_x eq(point, x) · ((p0 + λ q0) · q1 + p1 · q0)(x). A round's polynomial is a linear factor of eq, known here, times
 * a quadratic t with t(0) and the leading coefficient summed over the table; t(1) follows from the claim.
 */
class LayerSumcheck {
  readonly bound: Ext[] = [];
  private readonly pool: KernelPool;
  private readonly point: readonly Ext[];
  private readonly lambda: Ext;
  /** Product of eq over the bound variables. */
  private prefix: Ext = Fp5.ONE;
  /** Claim about the sum, without `prefix`. */
  private claim: Ext;
  /** Entries of each table. */
  private n: number;
  /** p0 + λ q0, q1, p1, q0. */
  private tables: readonly Table[];
  /** Where folded tables go. */
  private readonly folded: readonly number[];
  private readonly eq: number;
  private readonly spare: number;
  private readonly factor: number;
  private halves: readonly Halves[] = [];
  private quadratic: Quadratic = [Fp5.ZERO, Fp5.ZERO, Fp5.ZERO];

  constructor(pool: KernelPool, layer: Layer, point: readonly Ext[], lambda: Ext, claim: Ext) {
    this.pool = pool;
    this.point = point;
    this.lambda = lambda;
    this.claim = claim;
    this.n = 2 ** (layer.log - 1);
    this.spare = pool.memory.alloc(6 * SPARE_BYTES);
    const step = stepOf(layer);
    const p = halvesOf(pool, layer.p, 2 * this.n, step, this.spare + 4 * SPARE_BYTES);
    const q = halvesOf(pool, layer.q, 2 * this.n, BLOCK_BYTES, this.spare + 5 * SPARE_BYTES);
    this.factor = constantBlock(pool, lambda);
    const a = pool.memory.alloc(extBytes(this.n));
    const kernel = layer.base ? 'addScaledToBase' : 'addScaledBlocks';
    runTasks(
      pool,
      split(pool, blocksOf(this.n)).map(({ from, count }): Task => {
        const at = from * BLOCK_BYTES;
        return [kernel, p.lo + from * step, q.lo + at, a + at, this.factor, count];
      }),
    );
    this.tables = [
      { at: a, step: BLOCK_BYTES },
      { at: q.hi, step: BLOCK_BYTES },
      { at: p.hi, step },
      { at: q.lo, step: BLOCK_BYTES },
    ];
    this.folded = [a, ...[1, 2, 3].map(() => pool.memory.alloc(extBytes(Math.ceil(this.n / 2))))];
    this.eq = eqTable(pool, point.slice(1));
  }

  /** Values of the round's polynomial at 0, 2 and 3. */
  round(): Ext[] {
    this.halves = this.tables.map(({ at, step }, i) =>
      halvesOf(this.pool, at, this.n, step, this.spare + i * SPARE_BYTES),
    );
    const z = this.point[this.bound.length]!;
    const [t0, leading] = this.sums(this.halves);
    const notZ = Fp5.sub(Fp5.ONE, z);
    const t1 = Fp5.isZero(z)
      ? this.sums(this.halves.map(({ lo, hi }) => ({ lo: hi, hi: lo })))[0]
      : Fp5.mul(Fp5.sub(this.claim, Fp5.mul(notZ, t0)), Fp5.inv(z));
    this.quadratic = [t0, Fp5.sub(Fp5.sub(t1, t0), leading), leading];
    const at = (x: number): Ext => {
      const eq = Fp5.add(notZ, Fp5.scale(Fp5.sub(z, notZ), x));
      return Fp5.mul(Fp5.mul(this.prefix, eq), evaluate(this.quadratic, Fp5.from(x)));
    };
    return [at(0), at(2), at(3)];
  }

  bind(r: Ext): void {
    const { pool, n } = this;
    storeConstant(pool, this.factor, r);
    const tasks = this.halves.flatMap((halves, i) =>
      foldTasks(pool, halves, this.folded[i]!, n / 2, this.tables[i]!.step, this.factor),
    );
    if (tasks.length === 4) for (const task of tasks) pool.call(...task);
    else pool.run(tasks);
    this.tables = this.folded.map((at) => ({ at, step: BLOCK_BYTES }));
    this.n = n / 2;
    if (this.n > 1) dropEqVariable(pool, this.eq, this.n, this.spare);
    const z = this.point[this.bound.length]!;
    const zr = Fp5.mul(z, r);
    const eq = Fp5.add(Fp5.sub(Fp5.sub(Fp5.ONE, z), r), Fp5.add(zr, zr));
    this.prefix = Fp5.mul(this.prefix, eq);
    this.claim = evaluate(this.quadratic, r);
    this.bound.push(r);
  }

  /** p0, p1, q0, q1 at the bound point. */
  children(): [Ext, Ext, Ext, Ext] {
    const [a, q1, p1, q0] = this.tables.map(({ at, step }) =>
      step === 16 ? readBase(this.pool, at) : readExt(this.pool, at, 0),
    ) as [Ext, Ext, Ext, Ext];
    return [Fp5.sub(a, Fp5.mul(this.lambda, q0)), p1, q0, q1];
  }

  free(): void {
    for (const at of [...this.folded, this.eq, this.spare, this.factor]) this.pool.memory.free(at);
  }

  /** Σ eq · g(0) and Σ eq · (leading coefficient of g). */
  private sums(halves: readonly Halves[]): [Ext, Ext] {
    const { pool } = this;
    const parts = split(pool, blocksOf(this.n / 2));
    const out = pool.memory.alloc(parts.length * 2 * BLOCK_BYTES);
    const base = this.tables[2]!.step === 16;
    const tasks = parts.map(({ from, count }, i): Task => {
      const at = halves.flatMap(({ lo, hi }, k) => {
        const offset = from * this.tables[k]!.step;
        return [lo + offset, hi + offset];
      });
      const eq = this.eq + from * BLOCK_BYTES;
      return [base ? 'gkrRoundBase' : 'gkrRound', ...at, eq, out + i * 2 * BLOCK_BYTES, count];
    });
    runTasks(pool, tasks);
    const sums: [Ext, Ext] = [
      sumBlocks(pool, out, parts.length, 2 * BLOCK_BYTES),
      sumBlocks(pool, out + BLOCK_BYTES, parts.length, 2 * BLOCK_BYTES),
    ];
    pool.memory.free(out);
    return sums;
  }
}

type Table = { readonly at: number; readonly step: Step };

/** Coefficients, constant first. */
type Quadratic = readonly [Ext, Ext, Ext];

const evaluate = ([c0, c1, c2]: Quadratic, x: Ext): Ext => Fp5.add(c0, Fp5.mul(x, Fp5.add(c1, Fp5.mul(x, c2))));
