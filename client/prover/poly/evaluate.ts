import {
  addInto,
  dotBase,
  dotExt,
  type ExtVec,
  extLength,
  extVec,
  getExt,
  mulAddInto,
  packExt,
  scaleInto,
} from '../field/ext-vec.ts';
import type { Ext } from '../field/fp5.ts';
import { eqTable } from './eq.ts';

/** Multilinear extension of 2^n base values at a point of n coordinates. */
export const mleBase = (values: Uint32Array, point: readonly Ext[]): Ext => dotBase(eqTable(point), values);

/** Multilinear extension of 2^n extension values at a point of n coordinates. */
export const mleExt = (values: ExtVec, point: readonly Ext[]): Ext => dotExt(eqTable(point), values);

/** Σ coefficients[i] · y^i by Horner's rule. */
export function evaluateUnivariate(coefficients: ExtVec, y: Ext): Ext {
  const sum = extVec(1);
  const factor = packExt([y]);
  for (let i = extLength(coefficients) - 1; i >= 0; i--) mulAddInto(sum, 0, coefficients, i, sum, 0, factor, 0);
  return getExt(sum, 0);
}

/** The same at a base point. */
export function evaluateAtBase(coefficients: ExtVec, y: number): Ext {
  const sum = extVec(1);
  for (let i = extLength(coefficients) - 1; i >= 0; i--) {
    scaleInto(sum, 0, sum, 0, y);
    addInto(sum, 0, sum, 0, coefficients, i);
  }
  return getExt(sum, 0);
}
