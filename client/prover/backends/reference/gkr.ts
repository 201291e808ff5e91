import {
  addInto,
  EXT_WORDS,
  type ExtVec,
  extVec,
  getExt,
  mulAddInto,
  mulExtInto,
  mulInto,
  subInto,
} from '../../field/ext-vec.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import type { Sponge } from '../../hash/sponge.ts';
import { eqTable, foldTop } from '../../poly/eq.ts';
import type { GkrLabels, Run } from '../interface.ts';
import type { PlainFractions } from './handles.ts';
import { RunRecorder } from './run.ts';

type Layer = { readonly p: ExtVec; readonly q: ExtVec; readonly log: number };

/** The layer above: p0·q1 + p1·q0 over q0·q1 for children in the lower and the upper half. */
function parentLayer({ p, q, log }: Layer): Layer {
  const half = 2 ** (log - 1);
  const above = { p: extVec(half), q: extVec(half), log: log - 1 };
  for (let i = 0; i < half; i++) {
    mulInto(above.p, i, p, i, q, half + i);
    mulAddInto(above.p, i, above.p, i, p, half + i, q, i);
    mulInto(above.q, i, q, i, q, half + i);
  }
  return above;
}

/** Reduces the sum of each vector's fractions to their value at one point, layer by layer from the roots. */
export function runGkr(vectors: readonly PlainFractions[], labels: GkrLabels, sponge: Sponge): Run {
  const run = new RunRecorder(sponge);
  const trees = vectors.map((fractions) => {
    const layers: Layer[] = [fractions];
    while (layers[0]!.log > 0) layers.unshift(parentLayer(layers[0]!));
    return layers;
  });
  const roots = trees.map(([top]) => [getExt(top!.p, 0), getExt(top!.q, 0)] as const);
  run.sendExts(labels.root, roots.flat());
  const ends = roots.map((root) => ({ point: [] as Ext[], values: [...root, ...root] }));
  let point: readonly Ext[] = [];
  for (let k = 0; k < Math.max(...vectors.map((v) => v.log)); k++) {
    const lambda = run.sampleExt(labels.lambda);
    const active = [...vectors.keys()].filter((v) => vectors[v]!.log > k);
    const layers = active.map((v) => new LayerSumcheck(trees[v]![k + 1]!, point, lambda));
    const bound: Ext[] = [];
    while (bound.length < k) {
      let sums: [Ext, Ext] = [Fp5.ZERO, Fp5.ZERO];
      layers.forEach((layer, i) => {
        const weight = Fp5.pow(lambda, BigInt(2 * active[i]!));
        const [difference, leading] = layer.round();
        sums = [Fp5.add(sums[0], Fp5.mul(weight, difference)), Fp5.add(sums[1], Fp5.mul(weight, leading))];
      });
      run.sendExts(labels.round.message, bound.length === 0 ? [sums[1]] : sums);
      const r = run.sampleExt(labels.round.challenge);
      for (const layer of layers) layer.bind(r);
      bound.push(r);
    }
    const halves = layers.map((layer) => layer.children());
    run.sendExts(labels.children, halves.flat());
    point = bound;
    active.forEach((v, i) => {
      if (vectors[v]!.log !== k + 1) return;
      const s = run.sampleExt(labels.child);
      const [p0, p1, q0, q1] = halves[i]!;
      const p = Fp5.add(p0, Fp5.mul(s, Fp5.sub(p1, p0)));
      const q = Fp5.add(q0, Fp5.mul(s, Fp5.sub(q1, q0)));
      ends[v] = { point: [s, ...bound], values: [...roots[v]!, p, q] };
    });
  }
  return run.finish(
    ends.flatMap((end) => end.point),
    ends.flatMap((end) => end.values),
  );
}

/**
 * Σ_x eq(point, x) · g(X, x) for g = (p0 + λ q0) · q1 + p1 · q0, X the variable to bind next: folding λ into the numerator
 * once per layer leaves two products per row and value.
 */
class LayerSumcheck {
  private readonly lambda: Ext;
  /** Of the variables behind the next one. */
  private point: readonly Ext[];
  /** p0 + λ q0, q1, p1, q0. */
  private tables: ExtVec[];

  constructor({ p, q, log }: Layer, point: readonly Ext[], lambda: Ext) {
    const words = EXT_WORDS * 2 ** (log - 1);
    this.lambda = lambda;
    this.point = point;
    const a = p.slice(0, words);
    const t = extVec(1);
    for (let i = 0; i < words / EXT_WORDS; i++) {
      mulExtInto(t, 0, lambda, q, i);
      addInto(a, i, a, i, t, 0);
    }
    this.tables = [a, q.subarray(words), p.subarray(words), q.subarray(0, words)];
  }

  /** The quadratic's difference of the values at 1 and 0, and its leading coefficient. */
  round(): readonly [difference: Ext, leading: Ext] {
    const [a, q1, p1, q0] = this.tables as [ExtVec, ExtVec, ExtVec, ExtVec];
    const eq = eqTable(this.point);
    const half = eq.length / EXT_WORDS;
    const sums = extVec(2);
    const slope = extVec(4);
    const t = extVec(1);
    for (let i = 0; i < half; i++) {
      mulInto(t, 0, a, half + i, q1, half + i);
      mulAddInto(t, 0, t, 0, p1, half + i, q0, half + i);
      mulAddInto(sums, 0, sums, 0, t, 0, eq, i);
      mulInto(t, 0, a, i, q1, i);
      mulAddInto(t, 0, t, 0, p1, i, q0, i);
      subInto(t, 0, ZERO, 0, t, 0);
      mulAddInto(sums, 0, sums, 0, t, 0, eq, i);
      this.tables.forEach((table, k) => {
        subInto(slope, k, table, half + i, table, i);
      });
      mulInto(t, 0, slope, 0, slope, 1);
      mulAddInto(t, 0, t, 0, slope, 2, slope, 3);
      mulAddInto(sums, 1, sums, 1, t, 0, eq, i);
    }
    return [getExt(sums, 0), getExt(sums, 1)];
  }

  bind(r: Ext): void {
    this.tables = this.tables.map((table) => foldTop(table, r));
    this.point = this.point.slice(1);
  }

  /** p0, p1, q0, q1 at the bound point. */
  children(): readonly [Ext, Ext, Ext, Ext] {
    const [a, q1, p1, q0] = this.tables.map((table) => getExt(table, 0)) as [Ext, Ext, Ext, Ext];
    return [Fp5.sub(a, Fp5.mul(this.lambda, q0)), p1, q0, q1];
  }
}

const ZERO = extVec(1);

/** The line through entries `lo` and `hi` of v: at[k] = its value at 0, step[k] = its slope. */
export function line(at: ExtVec, step: ExtVec, k: number, v: ExtVec, lo: number, hi: number): void {
  for (let w = 0; w < EXT_WORDS; w++) at[EXT_WORDS * k + w] = v[EXT_WORDS * lo + w]!;
  subInto(step, k, v, hi, v, lo);
}
