import { EXT_WORDS, type ExtVec, getExt } from '../../field/ext-vec.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqTable as eqWords } from '../../poly/eq.ts';
import { BLOCK_BYTES, extBytes, fromMont, LANES, pieces, toMont, WORD_BYTES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';

const BLOCK_WORDS = BLOCK_BYTES / WORD_BYTES;

/** Blocks of one task at least: less is not worth waking a thread for. */
const MIN_BLOCKS = 256;
const PIECES = 4;

/** Cuts `count` blocks into tasks for all threads, or one if they are few. */
export function split(pool: KernelPool, count: number): { readonly from: number; readonly count: number }[] {
  if (pool.threads === 1) return pieces(count, 1);
  return pieces(count, pool.threads * PIECES, MIN_BLOCKS);
}

/** Runs tasks, a single one without waking threads. */
export function runTasks(pool: KernelPool, tasks: readonly Task[]): void {
  if (tasks.length === 1) pool.call(...tasks[0]!);
  else pool.run(tasks);
}

/** Number of blocks of a vector of n elements. */
export const blocksOf = (n: number): number => Math.ceil(n / LANES);

/** A block with one element in every lane. */
export function storeConstant(pool: KernelPool, at: number, x: Ext): void {
  const words = pool.memory.view(at, BLOCK_WORDS);
  for (let k = 0; k < EXT_WORDS; k++) words.fill(toMont(x[k]!), LANES * k, LANES * k + LANES);
}

/** Element i of a vector of blocks. */
export function readExt(pool: KernelPool, at: number, i: number): Ext {
  const words = pool.memory.view(at + Math.floor(i / LANES) * BLOCK_BYTES, BLOCK_WORDS);
  const coordinate = (k: number): number => fromMont(words[LANES * k + (i % LANES)]!);
  return [coordinate(0), coordinate(1), coordinate(2), coordinate(3), coordinate(4)];
}

/** Sum of the four elements of each of `count` blocks, `stride` bytes apart. */
export function sumBlocks(pool: KernelPool, at: number, count: number, stride: number): Ext {
  let sum = Fp5.ZERO;
  for (let i = 0; i < count; i++)
    for (let lane = 0; lane < LANES; lane++) sum = Fp5.add(sum, readExt(pool, at + i * stride, lane));
  return sum;
}

/** A new vector of blocks from canonical elements. The caller frees it. */
export function uploadExts(pool: KernelPool, values: ExtVec): number {
  const n = values.length / EXT_WORDS;
  const at = pool.memory.alloc(extBytes(n));
  const staged = pool.memory.alloc(values.length * WORD_BYTES);
  pool.memory.view(staged, values.length).set(values);
  pool.call('packBlocks', staged, at, n);
  pool.memory.free(staged);
  return at;
}

/** Canonical elements of a vector of blocks. */
export function downloadExts(pool: KernelPool, at: number, n: number): ExtVec {
  const staged = pool.memory.alloc(n * EXT_WORDS * WORD_BYTES);
  pool.call('unpackBlocks', at, staged, n);
  const values = pool.memory.view(staged, n * EXT_WORDS).slice();
  pool.memory.free(staged);
  return values;
}

/** scale · eq(point, x) for all x, the first coordinate belonging to the top bit. The caller frees it. */
export function eqTable(pool: KernelPool, point: readonly Ext[], scale: Ext = Fp5.ONE): number {
  const at = pool.memory.alloc(extBytes(2 ** point.length));
  fillEq(pool, at, point, scale);
  return at;
}

/** As `eqTable`, into a given range. */
export function fillEq(pool: KernelPool, at: number, point: readonly Ext[], scale: Ext): void {
  const known = Math.min(2, point.length);
  const first = eqWords(point.slice(point.length - known), scale);
  const words = pool.memory.view(at, BLOCK_WORDS);
  words.fill(0);
  for (let i = 0; i < 2 ** known; i++)
    getExt(first, i).forEach((x, k) => {
      words[LANES * k + i] = toMont(x);
    });
  const constant = pool.memory.alloc(BLOCK_BYTES);
  for (let k = point.length - known - 1; k >= 0; k--) {
    const blocks = blocksOf(2 ** (point.length - 1 - k));
    storeConstant(pool, constant, point[k]!);
    runTasks(
      pool,
      split(pool, blocks).map(({ from, count }): Task => {
        const lo = at + from * BLOCK_BYTES;
        return ['doubleEq', lo, lo + blocks * BLOCK_BYTES, constant, count];
      }),
    );
  }
  pool.memory.free(constant);
}
