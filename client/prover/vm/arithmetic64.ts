/** 64-bit integers as a low and a high 32-bit word; results go to element `w` of two arrays. */

/** a + b modulo 2^64. */
export function add64(lo: Int32Array, hi: Int32Array, w: number, al: number, ah: number, bl: number, bh: number): void {
  const low = (al >>> 0) + (bl >>> 0);
  lo[w] = low;
  hi[w] = ah + bh + (low >= 2 ** 32 ? 1 : 0);
}

/** Shifted left by n, 0 ≤ n < 64. */
export function shl64(lo: Int32Array, hi: Int32Array, w: number, low: number, high: number, n: number): void {
  if (n >= 32) {
    hi[w] = low << (n - 32);
    lo[w] = 0;
  } else {
    hi[w] = n === 0 ? high : (high << n) | (low >>> (32 - n));
    lo[w] = low << n;
  }
}

/** Shifted right by n, 0 ≤ n < 64; zeros come in. */
export function shrU64(lo: Int32Array, hi: Int32Array, w: number, low: number, high: number, n: number): void {
  if (n >= 32) {
    lo[w] = high >>> (n - 32);
    hi[w] = 0;
  } else {
    lo[w] = n === 0 ? low : (low >>> n) | (high << (32 - n));
    hi[w] = high >>> n;
  }
}

/** a < b, unsigned; high words both as signed numbers, as arrays give them. */
export const ltU = (al: number, ah: number, bl: number, bh: number): boolean =>
  ah === bh ? al >>> 0 < bl >>> 0 : ah >>> 0 < bh >>> 0;

/** a < b, two's complement; high words as signed numbers. */
export const ltS = (al: number, ah: number, bl: number, bh: number): boolean =>
  ah === bh ? al >>> 0 < bl >>> 0 : ah < bh;

/** Upper 32 bits of the unsigned product. */
export function mulHigh(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const middle = al * bh + Math.floor((al * bl) / 65536);
  const cross = ah * bl + (middle % 65536);
  return ah * bh + Math.floor(middle / 65536) + Math.floor(cross / 65536);
}

/** Zeros below the lowest 1 of 32 bits; 32 for 0. */
export const ctz = (x: number): number => (x === 0 ? 32 : 31 - Math.clz32(x & -x));

/** Ones among 32 bits. */
export function popcount(x: number): number {
  let v = x - ((x >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Elements of a 128-bit integer's lower and upper half. */
type Pair = readonly [number, number];

/** The sum or, with `subtract`, the difference of two 128-bit integers. */
export function add128(lo: Int32Array, hi: Int32Array, w: Pair, a: Pair, b: Pair, subtract: boolean): void {
  const x = words(lo, hi, a);
  const y = words(lo, hi, b);
  const sign = subtract ? -1 : 1;
  let carry = 0;
  for (let k = 0; k < 4; k++) {
    const s = (x[k]! >>> 0) + sign * (y[k]! >>> 0) + carry;
    carry = Math.floor(s / 2 ** 32);
    x[k] = s;
  }
  setWords(lo, hi, w, x);
}

const words = (lo: Int32Array, hi: Int32Array, [low, high]: Pair): [number, number, number, number] => [
  lo[low]!,
  hi[low]!,
  lo[high]!,
  hi[high]!,
];

function setWords(lo: Int32Array, hi: Int32Array, [low, high]: Pair, x: readonly number[]): void {
  lo[low] = x[0]!;
  hi[low] = x[1]!;
  lo[high] = x[2]!;
  hi[high] = x[3]!;
}

/** The 128-bit product of elements `a` and `b`. */
export function mulWide(lo: Int32Array, hi: Int32Array, w: Pair, a: number, b: number, signed: boolean): void {
  const [x0, x1, y0, y1] = [lo[a]!, hi[a]!, lo[b]!, hi[b]!];
  const low = (x: number, y: number): number => Math.imul(x, y) >>> 0;
  const high = (x: number, y: number): number => mulHigh(x, y) >>> 0;
  const r1 = high(x0, y0) + low(x0, y1) + low(x1, y0);
  const r2 = high(x0, y1) + high(x1, y0) + low(x1, y1) + Math.floor(r1 / 2 ** 32);
  // Two's complement: a negative factor counts 2^64 too much, so the other one comes off the upper half.
  const excess = signed ? (x1 < 0 ? y0 >>> 0 : 0) + (y1 < 0 ? x0 >>> 0 : 0) : 0;
  const excessHigh = signed ? (x1 < 0 ? y1 : 0) + (y1 < 0 ? x1 : 0) : 0;
  const upper = r2 - excess;
  const top = high(x1, y1) + Math.floor(upper / 2 ** 32) - excessHigh;
  setWords(lo, hi, w, [Math.imul(x0, y0), r1, upper, top]);
}
