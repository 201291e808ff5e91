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

/**
 * Products over the leading bits of an index: Π of factors[i][bit i]. Asked for places in order, as those of stacked
 * columns are, it computes again only what changed since the place before: two products each, not one per bit.
 */
export class BitProducts {
  private readonly factors: readonly (readonly [Ext, Ext])[];
  private readonly partial: Ext[] = [Fp5.ONE];
  /** The index whose partial products are known, and how many of its leading bits. */
  private index = 0;
  private known = 0;

  /** @param factors for a 0 and for a 1 at each bit, most significant first; at most 31 */
  constructor(factors: readonly (readonly [Ext, Ext])[]) {
    this.factors = factors;
  }

  /** Over the first `count` bits of an index below 2^factors.length. */
  at(index: number, count: number): Ext {
    const n = this.factors.length;
    const common = n - (32 - Math.clz32(index ^ this.index));
    this.known = Math.min(this.known, common);
    this.index = index;
    for (let k = this.known; k < count; k++) {
      const factor = this.factors[k]![(index >>> (n - 1 - k)) & 1]!;
      this.partial[k + 1] = factor === Fp5.ONE ? this.partial[k]! : Fp5.mul(this.partial[k]!, factor);
    }
    this.known = Math.max(this.known, count);
    return this.partial[count]!;
  }
}

/** eq(first coordinates of the point, leading bits of an index), for many of them. */
export const eqProducts = (point: readonly Ext[]): BitProducts =>
  new BitProducts(point.map((r) => [Fp5.sub(Fp5.ONE, r), r]));

/** x^index for indices below 2^bits, for many of them. */
export function powerProducts(x: Ext, bits: number): BitProducts {
  const factors: [Ext, Ext][] = [];
  for (let i = 0, power = x; i < bits; i++, power = Fp5.mul(power, power)) factors.push([Fp5.ONE, power]);
  return new BitProducts(factors.reverse());
}

/** Binds the top variable: (1 − r) · lower half + r · upper half, a vector of half the length. */
export function foldTop(v: ExtVec, r: Ext): ExtVec {
  const half = v.length / EXT_WORDS / 2;
  const out = extVec(half);
  for (let i = 0; i < half; i++) lineInto(out, i, v, i, v, half + i, r);
  return out;
}
