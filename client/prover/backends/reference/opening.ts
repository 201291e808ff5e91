import {
  addInto,
  addScaledInto,
  EXT_WORDS,
  type ExtVec,
  extVec,
  getExt,
  mulAddInto,
  mulExtInto,
  scaleInto,
  setExt,
  subInto,
} from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import type { Sponge } from '../../hash/sponge.ts';
import { eqTable, foldTop } from '../../poly/eq.ts';
import { interpolateIntegers } from '../../poly/interpolate.ts';
import type { FoldSpec, Run, Weight } from '../interface.ts';
import type { PlainCommitted, PlainOpening } from './handles.ts';
import { RunRecorder } from './run.ts';

/** Joins the committed tables, zero-padded to 2^logSize entries, and sums up the weights. */
export function openTables(
  commitments: readonly PlainCommitted[],
  logSize: number,
  weights: readonly Weight[],
): PlainOpening {
  const base = new Uint32Array(2 ** logSize);
  let at = 0;
  for (const { table } of commitments) {
    base.set(table, at);
    at += table.length;
  }
  const opening: PlainOpening = { kind: 'opening', base, folded: extVec(0), weights: extVec(2 ** logSize) };
  for (const w of weights) addWeight(opening.weights, w);
  return opening;
}

/** weights += by · weight, as a dense table. */
export function addWeight(weights: ExtVec, weight: Weight): void {
  const t = extVec(1);
  if (weight.kind === 'power') {
    setExt(t, 0, weight.by);
    for (let i = 0; i < weights.length / EXT_WORDS; i++) {
      addInto(weights, i, weights, i, t, 0);
      mulExtInto(t, 0, weight.y, t, 0);
    }
    return;
  }
  const high = eqTable(weight.high, weight.by);
  const size = weight.lagrange.length;
  for (let x = 0; x < high.length / EXT_WORDS; x++)
    weight.lagrange.forEach((l, k) => {
      const at = weight.offset + x * size + k;
      mulExtInto(t, 0, l, high, x);
      addInto(weights, at, weights, at, t, 0);
    });
}

/** Rounds of Σ weight · table, each binding the top variable. */
export function runFold(o: PlainOpening, spec: FoldSpec, claim: Ext, sponge: Sponge): Run {
  const { rounds, grindBits, labels } = spec;
  const run = new RunRecorder(sponge);
  const point: Ext[] = [];
  let value = claim;
  for (let j = 0; j < rounds; j++) {
    const [s0, s2] = o.base === undefined ? round(o.weights, o.folded) : baseRound(o.weights, o.base);
    run.sendExts(labels.message, [s0, s2]);
    run.grind(labels.grind, grindBits);
    const r = run.sampleExt(labels.challenge);
    value = interpolateIntegers([s0, Fp5.sub(value, s0), s2], r);
    o.folded = o.base === undefined ? foldTop(o.folded, r) : foldBase(o.base, r);
    o.base = undefined;
    o.weights = foldTop(o.weights, r);
    point.push(r);
  }
  return run.finish(point, [value]);
}

/** Values at 0 and 2 of the round polynomial. */
function round(weights: ExtVec, table: ExtVec): [Ext, Ext] {
  const half = weights.length / EXT_WORDS / 2;
  const sums = extVec(2);
  const t = extVec(2);
  for (let i = 0; i < half; i++) {
    mulAddInto(sums, 0, sums, 0, weights, i, table, i);
    atTwo(t, 0, weights, i, half);
    atTwo(t, 1, table, i, half);
    mulAddInto(sums, 1, sums, 1, t, 0, t, 1);
  }
  return [getExt(sums, 0), getExt(sums, 1)];
}

/** out[k] = value at 2 of the line through v[i] and v[half + i]. */
function atTwo(out: ExtVec, k: number, v: ExtVec, i: number, half: number): void {
  addInto(out, k, v, half + i, v, half + i);
  subInto(out, k, out, k, v, i);
}

/** The same for a base table. */
function baseRound(weights: ExtVec, table: Uint32Array): [Ext, Ext] {
  const half = table.length / 2;
  const sums = extVec(2);
  const t = extVec(1);
  for (let i = 0; i < half; i++) {
    const lo = table[i]!;
    const hi = table[half + i]!;
    if (lo === 0 && hi === 0) continue;
    addScaledInto(sums, 0, weights, i, lo);
    atTwo(t, 0, weights, i, half);
    addScaledInto(sums, 1, t, 0, Fp.sub(Fp.add(hi, hi), lo));
  }
  return [getExt(sums, 0), getExt(sums, 1)];
}

/** lo + r (hi − lo) of a base table, as extension elements. */
function foldBase(table: Uint32Array, r: Ext): ExtVec {
  const half = table.length / 2;
  const out = extVec(half);
  const factor = extVec(1);
  setExt(factor, 0, r);
  for (let i = 0; i < half; i++) {
    const lo = table[i]!;
    scaleInto(out, i, factor, 0, Fp.sub(table[half + i]!, lo));
    out[EXT_WORDS * i] = Fp.add(out[EXT_WORDS * i]!, lo);
  }
  return out;
}

/** Σ table[i] · y^i of base entries. */
export function evaluateBase(table: Uint32Array, y: Ext): Ext {
  const acc = extVec(1);
  for (let i = table.length - 1; i >= 0; i--) {
    mulExtInto(acc, 0, y, acc, 0);
    acc[0] = Fp.add(acc[0]!, table[i]!);
  }
  return getExt(acc, 0);
}

/** Σ table[i] · y^i of extension entries. */
export function evaluateFolded(table: ExtVec, y: Ext): Ext {
  const acc = extVec(1);
  for (let i = table.length / EXT_WORDS - 1; i >= 0; i--) {
    mulExtInto(acc, 0, y, acc, 0);
    addInto(acc, 0, acc, 0, table, i);
  }
  return getExt(acc, 0);
}
