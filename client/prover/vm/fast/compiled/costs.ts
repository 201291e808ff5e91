import { FIRST_PC } from '../../isa.ts';
import { COUNTERS, usualCounter } from '../counters.ts';
import { BLOCK_BYTES } from './layout.ts';
import type { Compiled } from './module.ts';

/** What rows cost, as compiled code reads it. */
export type BlockCosts = {
  readonly cost: Float64Array;
  /** What stands at `places.blocks`, with counts of 0. */
  readonly words: Uint32Array;
  /** Cells that a row may cost more because of its addresses. */
  readonly unaligned: number;
};

/** The last ones: runs of one program mostly have the same limits. */
const known = new WeakMap<Compiled, BlockCosts>();

/** @param cost cells of a row by counter */
export function blockCosts(compiled: Compiled, cost: Float64Array): BlockCosts {
  const last = known.get(compiled);
  if (last?.cost.every((c, k) => c === cost[k])) return last;
  const made = makeCosts(compiled, cost);
  known.set(compiled, made);
  return made;
}

function makeCosts({ blocks, counterOf }: Compiled, cost: Float64Array): BlockCosts {
  const most = cost.slice();
  let unaligned = 0;
  COUNTERS.forEach(({ op, byAddress }, k) => {
    if (!byAddress) return;
    const usual = usualCounter(op);
    most[usual] = Math.max(cost[usual]!, cost[k]!);
    unaligned = Math.max(unaligned, cost[k]! - cost[usual]!);
  });
  const words = new Uint32Array((BLOCK_BYTES / 4) * blocks.length);
  blocks.forEach(({ kind, first, end }, n) => {
    const of = kind === 'straight' ? cost : most;
    let cells = 0;
    for (let k = first - FIRST_PC; k < end - FIRST_PC; k++) cells += of[counterOf[k]!]!;
    words.set([cells, end - first], (BLOCK_BYTES / 4) * n);
  });
  return { cost, words, unaligned };
}
