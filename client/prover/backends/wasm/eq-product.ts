import type { Ext } from '../../field/fp5.ts';
import { blocksOf, eqTable, split } from './ext-table.ts';
import { dropEqVariable, SPARE_BYTES } from './halves.ts';
import { pieces } from './layout.ts';
import type { KernelPool } from './pool.ts';

/** Variables of the inner table: its 20 KiB stay in a near cache. */
export const INNER_LOG = 10;

/** A piece of a sum over all entries: where it starts, in blocks, and the kernels' arguments for its part of eq. */
export type EqPart = {
  readonly from: number;
  readonly args: readonly [inner: number, innerBlocks: number, outer: number, first: number, count: number];
};

/** eq of a point as the product of a table over its last coordinates and a table over the others. */
export class EqProduct {
  private readonly pool: KernelPool;
  private readonly inner: number;
  private readonly outer: number;
  private readonly spare: number;
  private innerLog: number;
  private outerLog: number;

  constructor(pool: KernelPool, point: readonly Ext[]) {
    this.pool = pool;
    this.innerLog = Math.min(INNER_LOG, point.length);
    this.outerLog = point.length - this.innerLog;
    this.inner = eqTable(pool, point.slice(this.outerLog));
    this.outer = eqTable(pool, point.slice(0, this.outerLog));
    this.spare = pool.memory.alloc(SPARE_BYTES);
  }

  /** Sums up the first variable's two values, which takes it away. */
  drop(): void {
    if (this.outerLog > 0) dropEqVariable(this.pool, this.outer, 2 ** this.outerLog--, this.spare);
    else dropEqVariable(this.pool, this.inner, 2 ** this.innerLog--, this.spare);
  }

  /** Pieces of the entries below `end`: all of them, or a multiple of 2^INNER_LOG. */
  parts(end = 2 ** (this.innerLog + this.outerLog)): EqPart[] {
    const innerBlocks = blocksOf(2 ** this.innerLog);
    const outerCount = end / 2 ** this.innerLog;
    const count = split(this.pool, outerCount * innerBlocks).length;
    return pieces(outerCount, count).map(({ from, count }) => ({
      from: from * innerBlocks,
      args: [this.inner, innerBlocks, this.outer, from, count],
    }));
  }

  /** Gives back both tables; `parts` must not be used afterwards. */
  free(): void {
    for (const at of [this.inner, this.outer, this.spare]) this.pool.memory.free(at);
  }
}
