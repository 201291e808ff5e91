import { compress } from './compress';
import { gather, scatter } from './lanes';

/**
 * Chaining values of `count` inputs of `bytes` bytes each, `stride` apart, four at a time: what is behind `out` + 32 · count
 * is overwritten up to the next four, and as many inputs are read. `key`: 8 words. Input i has the counter
 * `counter` + i · `step`; `first` and `last` are added to the flags of an input's first and last block.
 * @param working 384 bytes
 */
export function hashMany(
  inputs: usize,
  stride: usize,
  count: u32,
  bytes: u32,
  key: usize,
  counter: u32,
  step: u32,
  flags: u32,
  first: u32,
  last: u32,
  out: usize,
  working: usize,
): void {
  const message = working;
  const chaining = working + 256;
  const blocks = max<u32>(1, (bytes + 63) >> 6);
  for (let i: u32 = 0; i < count; i += 4) {
    for (let w: usize = 0; w < 8; w++) v128.store(chaining + 16 * w, v128.load32_splat(key + 4 * w));
    const counters = i32x4.add(i32x4.splat(counter + i * step), i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(step)));
    const input = inputs + <usize>i * stride;
    for (let b: u32 = 0; b < blocks; b++) {
      const length = min<u32>(64, bytes - 64 * b);
      gather(message, input + 64 * <usize>b, stride);
      for (let at: usize = 4 * length; at < 256; at += 16) v128.store(message + at, i32x4.splat(0));
      compress(chaining, message, counters, length, flags | (b === 0 ? first : 0) | (b === blocks - 1 ? last : 0));
    }
    const to = out + 32 * <usize>i;
    scatter(chaining, to, to + 32, to + 64, to + 96);
  }
}
