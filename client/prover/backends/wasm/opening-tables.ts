import { getExt } from '../../field/ext-vec.ts';
import type { Ext } from '../../field/fp5.ts';
import { eqTable as eqWords } from '../../poly/eq.ts';
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

/** A table of 2^log canonical words whose top variables are bound. */
export type BoundWords = { readonly words: number; readonly log: number; readonly bound: readonly Ext[] };

/** Entries `from` … `from + n` − 1 of the folded table, in blocks at `out`. */
export function foldWords(
  pool: KernelPool,
  { words, log, bound }: BoundWords,
  from: number,
  n: number,
  out: number,
): void {
  const columns = 2 ** bound.length;
  const eq = eqWords(bound);
  const factors = pool.memory.alloc(Math.max(2, columns) * EXT_WORDS * WORD_BYTES);
  const view = pool.memory.view(factors, Math.max(2, columns) * EXT_WORDS).fill(0);
  for (let c = 0; c < columns; c++)
    view.set(
      getExt(eq, c).map((x) => toMont(toMont(x))),
      EXT_WORDS * c,
    );
  // The kernel takes columns in pairs: a single one comes with itself times zero.
  const stride = columns === 1 ? 0 : 2 ** (log - bound.length) * WORD_BYTES;
  runTasks(
    pool,
    split(pool, blocksOf(n)).map((part): Task => {
      const first = words + from * WORD_BYTES;
      return ['foldColumns', first, stride, Math.max(2, columns), factors, part.from, part.count, out];
    }),
  );
  pool.memory.free(factors);
}
