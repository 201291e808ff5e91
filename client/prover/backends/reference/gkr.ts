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

/** Reduces the sum of the fractions to their value at one point, layer by layer from the root. */
export function runGkr(fractions: PlainFractions, labels: GkrLabels, sponge: Sponge): Run {
  const run = new RunRecorder(sponge);
  const layers: Layer[] = [fractions];
  while (layers[0]!.log > 0) layers.unshift(parentLayer(layers[0]!));
  let p = getExt(layers[0]!.p, 0);
  let q = getExt(layers[0]!.q, 0);
  const root = [p, q];
  run.sendExts(labels.root, root);
  let point: readonly Ext[] = [];
  for (let k = 0; k < fractions.log; k++) {
    const lambda = run.sampleExt(labels.lambda);
    const layer = new LayerSumcheck(layers[k + 1]!, point, lambda);
    const bound: Ext[] = [];
    for (let j = 0; j < k; j++) {
      run.send(labels.round.message, layer.round());
      const r = run.sampleExt(labels.round.challenge);
      layer.bind(r);
      bound.push(r);
    }
    const { p0, p1, q0, q1 } = layer.children();
    run.sendExts(labels.children, [p0, p1, q0, q1]);
    const s = run.sampleExt(labels.child);
    p = Fp5.add(p0, Fp5.mul(s, Fp5.sub(p1, p0)));
    q = Fp5.add(q0, Fp5.mul(s, Fp5.sub(q1, q0)));
    point = [s, ...bound];
  }
  return run.finish(point, [...root, p, q]);
}

/**
 * Σ_x eq(point, x) · ((p0 + λ q0)·q1 + p1·q0)(x): folding λ into the numerator once per layer leaves three products per
 * row and node.
 */
class LayerSumcheck {
  private readonly lambda: Ext;
  /** p0 + λ q0, q1, p1, q0, eq. */
  private tables: ExtVec[];

  constructor({ p, q, log }: Layer, point: readonly Ext[], lambda: Ext) {
    const words = EXT_WORDS * 2 ** (log - 1);
    this.lambda = lambda;
    const a = p.slice(0, words);
    const t = extVec(1);
    for (let i = 0; i < words / EXT_WORDS; i++) {
      mulExtInto(t, 0, lambda, q, i);
      addInto(a, i, a, i, t, 0);
    }
    this.tables = [a, q.subarray(words), p.subarray(words), q.subarray(0, words), eqTable(point)];
  }

  /** Values of the round's polynomial at 0, 2 and 3. */
  round(): ExtVec {
    const [a, q1, p1, q0, eq] = this.tables as [ExtVec, ExtVec, ExtVec, ExtVec, ExtVec];
    const half = eq.length / EXT_WORDS / 2;
    const sums = extVec(3);
    const at = extVec(5);
    const step = extVec(5);
    const t = extVec(1);
    for (let i = 0; i < half; i++) {
      line(at, step, 0, a, i, half + i);
      line(at, step, 1, q1, i, half + i);
      line(at, step, 2, p1, i, half + i);
      line(at, step, 3, q0, i, half + i);
      line(at, step, 4, eq, i, half + i);
      for (let node = 0; node <= 3; node++) {
        if (node > 0) for (let k = 0; k < 5; k++) addInto(at, k, at, k, step, k);
        if (node === 1) continue;
        mulInto(t, 0, at, 0, at, 1);
        mulAddInto(t, 0, t, 0, at, 2, at, 3);
        const k = node === 0 ? 0 : node - 1;
        mulAddInto(sums, k, sums, k, t, 0, at, 4);
      }
    }
    return sums;
  }

  bind(r: Ext): void {
    this.tables = this.tables.map((table) => foldTop(table, r));
  }

  children(): { p0: Ext; p1: Ext; q0: Ext; q1: Ext } {
    const [a, q1, p1, q0] = this.tables.map((table) => getExt(table, 0)) as [Ext, Ext, Ext, Ext];
    return { p0: Fp5.sub(a, Fp5.mul(this.lambda, q0)), p1, q0, q1 };
  }
}

/** The line through entries `lo` and `hi` of v: at[k] = its value at 0, step[k] = its slope. */
export function line(at: ExtVec, step: ExtVec, k: number, v: ExtVec, lo: number, hi: number): void {
  for (let w = 0; w < EXT_WORDS; w++) at[EXT_WORDS * k + w] = v[EXT_WORDS * lo + w]!;
  subInto(step, k, v, hi, v, lo);
}
