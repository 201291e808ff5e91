import {
  addInto,
  dotBase,
  dotExt,
  EXT_WORDS,
  type ExtVec,
  extLength,
  extVec,
  getExt,
  scaleInto,
} from '../field/ext-vec.ts';
import { type Ext, Fp5 } from '../field/fp5.ts';
import { eqTable } from './eq.ts';

/** Multilinear extension of 2^n base values at a point of n coordinates. */
export const mleBase = (values: Uint32Array, point: readonly Ext[]): Ext => dotBase(eqTable(point), values);

/** Multilinear extension of 2^n extension values at a point of n coordinates. */
export const mleExt = (values: ExtVec, point: readonly Ext[]): Ext => dotExt(eqTable(point), values);

/** Σ coefficients[i] · y^i by Horner's rule. */
export function evaluateUnivariate(coefficients: ExtVec, y: Ext): Ext {
  let sum = Fp5.ZERO;
  for (let i = coefficients.length / EXT_WORDS - 1; i >= 0; i--)
    sum = Fp5.add(Fp5.mul(sum, y), getExt(coefficients, i));
  return sum;
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
