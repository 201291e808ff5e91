import {
  EXT_WORDS,
  type ExtVec,
  extVec,
  getExt,
  lineInto,
  mulExtInto,
  mulInto,
  packExt,
  setExt,
  subInto,
} from '../field/ext-vec.ts';
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
  private readonly bits: number;
  /** Two per bit. */
  private readonly factors: ExtVec;
  private readonly isOne: readonly boolean[];
  /** Over the first k bits. */
  private readonly partial: ExtVec;
  /** The index whose partial products are known, and how many of its leading bits. */
  private index = 0;
  private known = 0;

  /** @param factors for a 0 and for a 1 at each bit, most significant first; at most 31 */
  constructor(factors: readonly (readonly [Ext, Ext])[]) {
    this.bits = factors.length;
    this.factors = packExt(factors.flat());
    this.isOne = factors.flat().map((f) => Fp5.eq(f, Fp5.ONE));
    this.partial = extVec(factors.length + 1);
    setExt(this.partial, 0, Fp5.ONE);
  }

  /** Over the first `count` bits of an index below 2^factors.length. */
  at(index: number, count: number): Ext {
    this.reach(index, count);
    return getExt(this.partial, count);
  }

  /** The same into out[k]. */
  into(out: ExtVec, k: number, index: number, count: number): void {
    this.reach(index, count);
    out.set(this.partial.subarray(EXT_WORDS * count, EXT_WORDS * (count + 1)), EXT_WORDS * k);
  }

  private reach(index: number, count: number): void {
    const n = this.bits;
    const common = n - (32 - Math.clz32(index ^ this.index));
    this.known = Math.min(this.known, common);
    this.index = index;
    for (let k = this.known; k < count; k++) {
      const factor = 2 * k + ((index >>> (n - 1 - k)) & 1);
      if (this.isOne[factor]) this.partial.copyWithin(EXT_WORDS * (k + 1), EXT_WORDS * k, EXT_WORDS * (k + 1));
      else mulInto(this.partial, k + 1, this.partial, k, this.factors, factor);
    }
    this.known = Math.max(this.known, count);
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

/**
 * Σ ratio^i · eq(point, bits of i) over `count` indices i from `first` on; first + count ≤ 2^point.length. What is
 * summed is a product over the bits of i, so that the sum below any bound takes a few products per bit.
 */
export function rangeProduct(point: readonly Ext[], ratio: Ext, first: number, count: number): Ext {
  const n = point.length;
  const zero = point.map((r) => Fp5.sub(Fp5.ONE, r));
  const one = new Array<Ext>(n);
  /** By bit: Σ over everything that the bits behind it can be. */
  const behind = new Array<Ext>(n);
  let all = Fp5.ONE;
  for (let k = n - 1, power = ratio; k >= 0; k--, power = Fp5.mul(power, power)) {
    behind[k] = all;
    one[k] = Fp5.mul(point[k]!, power);
    all = Fp5.mul(all, Fp5.add(zero[k]!, one[k]!));
  }
  const below = (end: number): Ext => {
    if (end === 2 ** n) return all;
    let sum = Fp5.ZERO;
    let prefix = Fp5.ONE;
    for (let k = 0; k < n; k++) {
      const isOne = Math.floor(end / 2 ** (n - 1 - k)) % 2 === 1;
      if (isOne) sum = Fp5.add(sum, Fp5.mul(prefix, Fp5.mul(zero[k]!, behind[k]!)));
      prefix = Fp5.mul(prefix, isOne ? one[k]! : zero[k]!);
    }
    return sum;
  };
  return Fp5.sub(below(first + count), below(first));
}

/** Binds the top variable: (1 − r) · lower half + r · upper half, a vector of half the length. */
export function foldTop(v: ExtVec, r: Ext): ExtVec {
  const half = v.length / EXT_WORDS / 2;
  const out = extVec(half);
  for (let i = 0; i < half; i++) lineInto(out, i, v, i, v, half + i, r);
  return out;
}
