/**
 * KoalaBear, four elements per vector. A product is a·b/2^32: operands in Montgomery form give a result in Montgomery
 * form, a canonical operand times one in Montgomery form gives a canonical result.
 */
export const P: u32 = 0x7f000001;
/** P^-1 mod 2^32. */
export const P_INV: u32 = 0x81000001;
/** 2^64 mod P: multiplying by it brings a canonical value to Montgomery form. */
export const R2: u32 = 0x17f7efe4;

// @ts-ignore: decorator
@inline export function modulus(): v128 {
  return i32x4.splat(P);
}

/** Both operands below P (or one below 2P); result below P. */
// @ts-ignore: decorator
@inline export function mul(a: v128, b: v128): v128 {
  const lo = i64x2.extmul_low_i32x4_u(a, b);
  const hi = i64x2.extmul_high_i32x4_u(a, b);
  const q = i32x4.mul(v128.shuffle<i32>(lo, hi, 0, 2, 4, 6), i32x4.splat(P_INV));
  const r = v128.shuffle<i32>(
    i64x2.sub(lo, i64x2.extmul_low_i32x4_u(q, modulus())),
    i64x2.sub(hi, i64x2.extmul_high_i32x4_u(q, modulus())),
    1, 3, 5, 7,
  );
  return i32x4.min_u(r, i32x4.add(r, modulus()));
}

/** Product with a factor whose `wq` = w · P_INV mod 2^32 is known; a below 2P, w below P. */
// @ts-ignore: decorator
@inline export function mulBy(a: v128, w: v128, wq: v128): v128 {
  const lo = i64x2.extmul_low_i32x4_u(a, w);
  const hi = i64x2.extmul_high_i32x4_u(a, w);
  const q = i32x4.mul(a, wq);
  const r = v128.shuffle<i32>(
    i64x2.sub(lo, i64x2.extmul_low_i32x4_u(q, modulus())),
    i64x2.sub(hi, i64x2.extmul_high_i32x4_u(q, modulus())),
    1, 3, 5, 7,
  );
  return i32x4.min_u(r, i32x4.add(r, modulus()));
}

// @ts-ignore: decorator
@inline export function add(a: v128, b: v128): v128 {
  const s = i32x4.add(a, b);
  return i32x4.min_u(s, i32x4.sub(s, modulus()));
}

// @ts-ignore: decorator
@inline export function sub(a: v128, b: v128): v128 {
  const d = i32x4.sub(a, b);
  return i32x4.min_u(d, i32x4.add(d, modulus()));
}

/** a − b + P: below 2P. */
// @ts-ignore: decorator
@inline export function subLazy(a: v128, b: v128): v128 {
  return i32x4.add(i32x4.sub(a, b), modulus());
}

// @ts-ignore: decorator
@inline export function mulScalar(a: u32, b: u32): u32 {
  const x = <u64>a * <u64>b;
  const q = <u32>x * P_INV;
  const r = <i32>(<u32>(x >> 32) - <u32>((<u64>q * <u64>P) >> 32));
  return <u32>(r + (<i32>P & (r >> 31)));
}

// @ts-ignore: decorator
@inline export function addScalar(a: u32, b: u32): u32 {
  const s = a + b;
  return min<u32>(s, s - P);
}

/**
 * Brings the high words of two 64-bit sums from below 2P to below P: a sum of up to four products of elements below P
 * is then below 2^32 · P, and two more products fit.
 */
// @ts-ignore: decorator
@inline export function relax(sum: v128): v128 {
  return i32x4.min_u(sum, i32x4.sub(sum, i64x2.splat(<i64>P << 32)));
}

/** Montgomery reduction of four 64-bit sums, each below 2^33 · P, in lane order lo[0], lo[1], hi[0], hi[1]. */
// @ts-ignore: decorator
@inline export function reduce(lo: v128, hi: v128): v128 {
  const q = i32x4.mul(v128.shuffle<i32>(lo, hi, 0, 2, 4, 6), i32x4.splat(P_INV));
  const h = v128.shuffle<i32>(lo, hi, 1, 3, 5, 7);
  const u = v128.shuffle<i32>(
    i64x2.extmul_low_i32x4_u(q, modulus()),
    i64x2.extmul_high_i32x4_u(q, modulus()),
    1, 3, 5, 7,
  );
  const r = i32x4.sub(i32x4.min_u(h, i32x4.sub(h, modulus())), u);
  return i32x4.min_u(r, i32x4.add(r, modulus()));
}
