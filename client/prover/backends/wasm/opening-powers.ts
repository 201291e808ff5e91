import { powersVec } from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { uploadExts } from './ext-table.ts';
import { BLOCK_BYTES, EXT_WORDS, LANES, WORD_BYTES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';

/** Entries of a table of powers: larger exponents are split, so that it stays in a near cache. */
export const POWERS_LOG = 10;

/** Words that a table is padded to with zeros, so that it consists of whole chunks of powers. */
export const TABLE_UNIT = 2 ** POWERS_LOG;

/** Σ words[i] · y^i over a table of canonical words, padded to `TABLE_UNIT`. */
export const evaluateWords = (pool: KernelPool, at: number, count: number, y: Ext): Ext =>
  columnValues(pool, at, count, 1, y)[0]!;

/** The same for each of `columns` ≤ `count` parts of the table, a power of two unless it is 1. */
export function columnValues(pool: KernelPool, at: number, count: number, columns: number, y: Ext): Ext[] {
  let size = 2 * LANES;
  while (size < Math.min(count / columns, TABLE_UNIT)) size *= 2;
  const powers = uploadExts(pool, powersVec(y, size));
  const chunks = Math.ceil(count / size);
  const out = pool.memory.alloc(chunks * BLOCK_BYTES);
  pool.run(
    Array.from({ length: chunks }, (_, c): Task => {
      return ['dotWords', powers, at + c * size * WORD_BYTES, out + c * BLOCK_BYTES, size / LANES];
    }),
  );
  const step = Fp5.pow(y, BigInt(size));
  const perColumn = chunks / columns;
  const values = Array.from({ length: columns }, (_, column) => {
    let sum = Fp5.ZERO;
    for (let c = (column + 1) * perColumn - 1; c >= column * perColumn; c--) {
      const words = pool.memory.view(out + c * BLOCK_BYTES, LANES * EXT_WORDS);
      const coordinate = (k: number): number =>
        [0, 1, 2, 3].reduce((acc, lane) => Fp.add(acc, words[LANES * k + lane]!), 0);
      sum = Fp5.add(Fp5.mul(sum, step), [coordinate(0), coordinate(1), coordinate(2), coordinate(3), coordinate(4)]);
    }
    return sum;
  });
  pool.memory.free(out);
  pool.memory.free(powers);
  return values;
}
