import { EXT_WORDS, type ExtVec, extVec, lineInto, mulExtInto, setExt, subInto } from '../field/ext-vec.ts';
import { type Ext, Fp5 } from '../field/fp5.ts';

/**
 * eq(point, x) for all x in {0,1}^n; point[0] belongs to the most significant bit of the index.
 * With `scale`, every entry is multiplied by it.
 */
export function eqTable(point: readonly Ext[], scale: Ext = Fp5.ONE): ExtVec {
  const n = point.length;
  const table = extVec(2 ** n);
  setExt(table, 0, scale);
  for (let k = n - 1; k >= 0; k--) {
    const half = 2 ** (n - 1 - k);
    for (let i = 0; i < half; i++) {
      mulExtInto(table, half + i, point[k]!, table, i);
      subInto(table, i, table, i, table, half + i);
    }
  }
  return table;
}

/** eq(a, b) = Π a_i b_i + (1 − a_i)(1 − b_i) for points of equal length. */
export function eqAt(a: readonly Ext[], b: readonly Ext[]): Ext {
  let result = Fp5.ONE;
  for (let i = 0; i < a.length; i++) {
    const ab = Fp5.mul(a[i]!, b[i]!);
    const term = Fp5.add(Fp5.sub(Fp5.sub(Fp5.ONE, a[i]!), b[i]!), Fp5.add(ab, ab));
    result = Fp5.mul(result, term);
  }
  return result;
}

/** eq(point, bits of index), most significant first, index < 2^point.length. */
export function eqAtIndex(point: readonly Ext[], index: number): Ext {
  let result = Fp5.ONE;
  for (let i = 0; i < point.length; i++) {
    const bit = Math.floor(index / 2 ** (point.length - 1 - i)) % 2;
    result = Fp5.mul(result, bit === 1 ? point[i]! : Fp5.sub(Fp5.ONE, point[i]!));
  }
  return result;
}

/** Binds the top variable: (1 − r) · lower half + r · upper half, a vector of half the length. */
export function foldTop(v: ExtVec, r: Ext): ExtVec {
  const half = v.length / EXT_WORDS / 2;
  const out = extVec(half);
  for (let i = 0; i < half; i++) lineInto(out, i, v, i, v, half + i, r);
  return out;
}
