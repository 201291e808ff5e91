import type { Ext } from '../../field/fp5.ts';
import { runTasks, split, storeConstant } from './ext-table.ts';
import { BLOCK_BYTES, LANES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';

/** 16 for a table of base elements in Montgomery form, 80 for one of extension elements: bytes of four entries. */
export type Step = 16 | 80;

/** Where kernels find the two halves of a table. */
export type Halves = { readonly lo: number; readonly hi: number };

/** Bytes that `halvesOf` may need behind `spare`. */
export const SPARE_BYTES = 2 * BLOCK_BYTES;

/** The halves of a table of n ≥ 2 entries; those of a single block are copied to blocks of their own in `spare`. */
export function halvesOf(pool: KernelPool, at: number, n: number, step: Step, spare: number): Halves {
  if (n > LANES) return { lo: at, hi: at + (n / 2 / LANES) * step };
  pool.call('splitHalves', at, spare, spare + BLOCK_BYTES, n / 2, step / 16);
  return { lo: spare, hi: spare + BLOCK_BYTES };
}

/** Tasks that bind the top variable of a table: lo + r (hi − lo) to blocks at `out`, which may be `lo`. */
export function foldTasks(
  pool: KernelPool,
  { lo, hi }: Halves,
  out: number,
  half: number,
  step: Step,
  factor: number,
): Task[] {
  const kernel = step === 16 ? 'foldBase' : 'foldBlocks';
  return split(pool, Math.ceil(half / LANES)).map(({ from, count }): Task => {
    return [kernel, lo + from * step, hi + from * step, out + from * BLOCK_BYTES, factor, count];
  });
}

/** A table of eq over variables that are bound from the top: each step adds up the two halves. */
export function dropEqVariable(pool: KernelPool, eq: number, n: number, spare: number): void {
  const { lo, hi } = halvesOf(pool, eq, n, BLOCK_BYTES, spare);
  runTasks(
    pool,
    split(pool, Math.ceil(n / 2 / LANES)).map(({ from, count }): Task => {
      const at = from * BLOCK_BYTES;
      return ['addBlocks', lo + at, hi + at, eq + at, count];
    }),
  );
}

/** A block of r in every lane, to be freed by the caller. */
export function constantBlock(pool: KernelPool, r: Ext): number {
  const at = pool.memory.alloc(BLOCK_BYTES);
  storeConstant(pool, at, r);
  return at;
}
