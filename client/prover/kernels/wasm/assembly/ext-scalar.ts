import { add, addScalar, mulScalar, P, P_INV, R2, sub } from './field';

/**
 * Single elements of E = F[x]/(x^5 + x^2 − 1) as five canonical words, as TypeScript has them. One factor of each product is
 * brought to Montgomery form on the way: the product of a canonical number with one in that form is canonical.
 */
export const EXT_BYTES: usize = 20;

const P_HIGH: u64 = <u64>P << 32;

// @ts-ignore: decorator
@inline function product(a: u32, b: u32): u64 {
  return <u64>a * <u64>b;
}

/** A sum below 2^33 · P to below 2^32 · P: after that, one product more fits. */
// @ts-ignore: decorator
@inline function relaxed(sum: u64): u64 {
  return min<u64>(sum, sum - P_HIGH);
}

/** Montgomery reduction of a sum below 2^33 · P. */
// @ts-ignore: decorator
@inline function reduced(sum: u64): u32 {
  const q = <u32>sum * P_INV;
  const high = <u32>(relaxed(sum) >> 32);
  const r = <i32>(high - <u32>((<u64>q * <u64>P) >> 32));
  return <u32>(r + (<i32>P & (r >> 31)));
}

// @ts-ignore: decorator
@inline function subScalar(a: u32, b: u32): u32 {
  const d = a - b;
  return min<u32>(d, d + P);
}

// @ts-ignore: decorator
@inline function sum5(a0: u32, b0: u32, a1: u32, b1: u32, a2: u32, b2: u32, a3: u32, b3: u32, a4: u32, b4: u32): u32 {
  const four = product(a0, b0) + product(a1, b1) + product(a2, b2) + product(a3, b3);
  return reduced(relaxed(four) + product(a4, b4));
}

/** out = a · b, b in Montgomery form; `out` may be one of them. The matrix of b is explained at `mulBlock`. */
export function mulMontgomery(out: usize, a: usize, b0: u32, b1: u32, b2: u32, b3: u32, b4: u32): void {
  const a0 = load<u32>(a);
  const a1 = load<u32>(a, 4);
  const a2 = load<u32>(a, 8);
  const a3 = load<u32>(a, 12);
  const a4 = load<u32>(a, 16);
  const b14 = subScalar(b1, b4);
  const b03 = subScalar(b0, b3);
  const b42 = subScalar(b4, b2);
  const b314 = subScalar(b3, b14);
  store<u32>(out, sum5(a0, b0, a1, b4, a2, b3, a3, b2, a4, b14));
  store<u32>(out, sum5(a0, b1, a1, b0, a2, b4, a3, b3, a4, b2), 4);
  store<u32>(out, sum5(a0, b2, a1, b14, a2, b03, a3, b42, a4, b314), 8);
  store<u32>(out, sum5(a0, b3, a1, b2, a2, b14, a3, b03, a4, b42), 12);
  store<u32>(out, sum5(a0, b4, a1, b3, a2, b2, a3, b14, a4, b03), 16);
}

// @ts-ignore: decorator
@inline export function mulExt(out: usize, a: usize, b: usize): void {
  mulMontgomery(
    out,
    a,
    mulScalar(load<u32>(b), R2),
    mulScalar(load<u32>(b, 4), R2),
    mulScalar(load<u32>(b, 8), R2),
    mulScalar(load<u32>(b, 12), R2),
    mulScalar(load<u32>(b, 16), R2),
  );
}

// @ts-ignore: decorator
@inline export function addExt(out: usize, a: usize, b: usize): void {
  const last = addScalar(load<u32>(a, 16), load<u32>(b, 16));
  v128.store(out, add(v128.load(a), v128.load(b)));
  store<u32>(out, last, 16);
}

// @ts-ignore: decorator
@inline export function subExt(out: usize, a: usize, b: usize): void {
  const last = subScalar(load<u32>(a, 16), load<u32>(b, 16));
  v128.store(out, sub(v128.load(a), v128.load(b)));
  store<u32>(out, last, 16);
}

/** out = a · s for a canonical base element s. */
// @ts-ignore: decorator
@inline export function scaleExt(out: usize, a: usize, s: u32): void {
  const factor = mulScalar(s, R2);
  for (let k: usize = 0; k < EXT_BYTES; k += 4) store<u32>(out + k, mulScalar(load<u32>(a + k), factor));
}

// @ts-ignore: decorator
@inline export function copyExt(out: usize, a: usize): void {
  v128.store(out, v128.load(a));
  store<u32>(out, load<u32>(a, 16), 16);
}

// @ts-ignore: decorator
@inline export function setBase(out: usize, a: u32): void {
  v128.store(out, i32x4(a, 0, 0, 0));
  store<u32>(out, 0, 16);
}

/** sum + a · s for a base element a and s in Montgomery form, not reduced: sum below 2^32 · P, and so is the result. */
// @ts-ignore: decorator
@inline export function addProduct(sum: u64, a: u32, s: u32): u64 {
  return relaxed(sum + product(a, s));
}

// @ts-ignore: decorator
@inline export function reduceProducts(sum: u64): u32 {
  return reduced(sum);
}
