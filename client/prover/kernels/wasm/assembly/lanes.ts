/** Four inputs of the compression function side by side: one per lane. */

// @ts-ignore: decorator
@inline function interleaveLow(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 4, 1, 5);
}
// @ts-ignore: decorator
@inline function interleaveHigh(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 2, 6, 3, 7);
}
// @ts-ignore: decorator
@inline function lowHalves(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 0, 2);
}
// @ts-ignore: decorator
@inline function highHalves(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 1, 3);
}

/** Four message blocks of 64 bytes, `stride` apart, to sixteen vectors with one block per lane. */
export function gather(message: usize, from: usize, stride: usize): void {
  for (let k: usize = 0; k < 4; k++) {
    const at = from + 16 * k;
    const x0 = v128.load(at);
    const x1 = v128.load(at + stride);
    const x2 = v128.load(at + 2 * stride);
    const x3 = v128.load(at + 3 * stride);
    const low01 = interleaveLow(x0, x1);
    const low23 = interleaveLow(x2, x3);
    const high01 = interleaveHigh(x0, x1);
    const high23 = interleaveHigh(x2, x3);
    const to = message + 64 * k;
    v128.store(to, lowHalves(low01, low23));
    v128.store(to, highHalves(low01, low23), 16);
    v128.store(to, lowHalves(high01, high23), 32);
    v128.store(to, highHalves(high01, high23), 48);
  }
}

/** Four digests from one vector per word to 32 bytes each, at four places. */
export function scatter(chaining: usize, to0: usize, to1: usize, to2: usize, to3: usize): void {
  for (let k: usize = 0; k < 2; k++) {
    const at = chaining + 64 * k;
    const x0 = v128.load(at);
    const x1 = v128.load(at, 16);
    const x2 = v128.load(at, 32);
    const x3 = v128.load(at, 48);
    const low01 = interleaveLow(x0, x1);
    const low23 = interleaveLow(x2, x3);
    const high01 = interleaveHigh(x0, x1);
    const high23 = interleaveHigh(x2, x3);
    v128.store(to0 + 16 * k, lowHalves(low01, low23));
    v128.store(to1 + 16 * k, highHalves(low01, low23));
    v128.store(to2 + 16 * k, lowHalves(high01, high23));
    v128.store(to3 + 16 * k, highHalves(high01, high23));
  }
}

export function setInitial(chaining: usize): void {
  v128.store(chaining, i32x4.splat(0x6a09e667));
  v128.store(chaining, i32x4.splat(0xbb67ae85), 16);
  v128.store(chaining, i32x4.splat(0x3c6ef372), 32);
  v128.store(chaining, i32x4.splat(0xa54ff53a), 48);
  v128.store(chaining, i32x4.splat(0x510e527f), 64);
  v128.store(chaining, i32x4.splat(0x9b05688c), 80);
  v128.store(chaining, i32x4.splat(0x1f83d9ab), 96);
  v128.store(chaining, i32x4.splat(0x5be0cd19), 112);
}
