/** 64-bit integers as a low and a high 32-bit word; results go to element `w` of two arrays. */

export function add64(lo: Int32Array, hi: Int32Array, w: number, al: number, ah: number, bl: number, bh: number): void {
  const low = (al >>> 0) + (bl >>> 0);
  lo[w] = low;
  hi[w] = ah + bh + (low >= 2 ** 32 ? 1 : 0);
}

export function shl64(lo: Int32Array, hi: Int32Array, w: number, low: number, high: number, n: number): void {
  if (n >= 32) {
    hi[w] = low << (n - 32);
    lo[w] = 0;
  } else {
    hi[w] = n === 0 ? high : (high << n) | (low >>> (32 - n));
    lo[w] = low << n;
  }
}

export function shrU64(lo: Int32Array, hi: Int32Array, w: number, low: number, high: number, n: number): void {
  if (n >= 32) {
    lo[w] = high >>> (n - 32);
    hi[w] = 0;
  } else {
    lo[w] = n === 0 ? low : (low >>> n) | (high << (32 - n));
    hi[w] = high >>> n;
  }
}

export const ltU = (al: number, ah: number, bl: number, bh: number): boolean =>
  ah === bh ? al >>> 0 < bl >>> 0 : ah >>> 0 < bh >>> 0;

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

export const ctz = (x: number): number => (x === 0 ? 32 : 31 - Math.clz32(x & -x));

export function popcount(x: number): number {
  let v = x - ((x >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
