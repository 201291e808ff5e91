import type { Ext } from '../../field/fp5.ts';
import { blocksOf, runTasks, split, sumBlocks } from './ext-table.ts';
import type { Halves } from './halves.ts';
import { BLOCK_BYTES, EXT_WORDS, extBytes, LANES, pieces, toMont, WORD_BYTES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';

/** Values at 0 and 2 of Σ weights · table over the lines through their halves, `half` entries each. */
export function roundSums(pool: KernelPool, w: Halves, t: Halves, half: number): [Ext, Ext] {
  const parts = split(pool, blocksOf(half));
  const out = pool.memory.alloc(parts.length * 2 * BLOCK_BYTES);
  runTasks(
    pool,
    parts.map(({ from, count }, i): Task => {
      const b = from * BLOCK_BYTES;
      return ['roundBlocks', w.lo + b, w.hi + b, t.lo + b, t.hi + b, out + i * 2 * BLOCK_BYTES, count];
    }),
  );
  const sum = (at: number): Ext => sumBlocks(pool, at, parts.length, 2 * BLOCK_BYTES);
  const values: [Ext, Ext] = [sum(out), sum(out + BLOCK_BYTES)];
  pool.memory.free(out);
  return values;
}

/** Blocks of factors ⊗ basis for n factors and 16 elements of a basis, at `out`. */
export function tensor(pool: KernelPool, factors: number, n: number, basis: readonly Ext[], out: number): void {
  const packed = pool.memory.alloc(extBytes(basis.length));
  const words = pool.memory.view(packed, extBytes(basis.length) / WORD_BYTES);
  basis.forEach((l, k) => {
    const block = Math.floor(k / LANES) * LANES * EXT_WORDS;
    l.forEach((x, i) => {
      words[block + LANES * i + (k % LANES)] = toMont(x);
    });
  });
  runTasks(
    pool,
    pieces(n, pool.threads * 4, 64).map(({ from, count }): Task => {
      return ['tensor', factors, packed, from, from + count, out];
    }),
  );
  pool.memory.free(packed);
}
