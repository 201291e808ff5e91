import type { BusScope, CompiledChip } from '../../air/dag.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { scalarValues } from './chip-plan.ts';
import { emitLeaves, LEAVES_FUNCTION, type LeavesModule } from './emit-leaves.ts';
import { storeConstant } from './ext-table.ts';
import type { Layer } from './gkr.ts';
import { BLOCK_BYTES, EXT_WORDS, extBytes, LANES, pieces, toMont, WORD_BYTES } from './layout.ts';
import type { KernelPool } from './pool.ts';
import type { TraceMatrix } from './zerocheck.ts';

/** Where the fractions of one interaction go: entries from `offset` on, a multiple of 16. */
export type LeafBlock = { readonly interaction: number; readonly offset: number };

export type LeafInstance = {
  readonly trace: TraceMatrix;
  readonly publics: readonly number[];
  readonly blocks: readonly LeafBlock[];
};

type Generated = { readonly module: number; readonly leaves: LeavesModule };

const GENERATED = new WeakMap<KernelPool, WeakMap<CompiledChip, Map<BusScope, Generated>>>();

function generated(pool: KernelPool, chip: CompiledChip, scope: BusScope): Generated {
  const perPool = GENERATED.get(pool) ?? new WeakMap<CompiledChip, Map<BusScope, Generated>>();
  GENERATED.set(pool, perPool);
  const perChip = perPool.get(chip) ?? new Map<BusScope, Generated>();
  perPool.set(chip, perChip);
  const known = perChip.get(scope);
  if (known !== undefined) return known;
  const leaves = emitLeaves(chip, scope);
  const entry = { module: pool.addModule(leaves.code), leaves };
  perChip.set(scope, entry);
  return entry;
}

/**
 * The fraction vector of one scope: ±count over α + bus + Σ β^(k+1) field_k for every row of every interaction, and
 * padding 0/α. The caller frees both tables.
 */
export function fractionLeaves(
  pool: KernelPool,
  instances: readonly LeafInstance[],
  scope: BusScope,
  log: number,
  challenges: { readonly alpha: Ext; readonly betas: readonly Ext[] },
): Layer {
  const n = 2 ** log;
  const p = pool.memory.alloc(Math.max(LANES, n) * WORD_BYTES);
  const q = pool.memory.alloc(extBytes(n));
  fillPadding(pool, instances, { p, q, log, base: true }, challenges.alpha);
  for (const { trace, publics, blocks } of instances) {
    if (blocks.length === 0) continue;
    const { chip } = trace;
    const { module, leaves } = generated(pool, chip, scope);
    const weights = pool.memory.alloc(leaves.weightBytes);
    const words = pool.memory.view(weights, leaves.weightBytes / WORD_BYTES);
    const scalars = scalarValues(chip, publics);
    for (const [node, i] of leaves.scalars) words[i] = toMont(scalars[node]!);
    const fields = (leaves.constants - leaves.betas) / (EXT_WORDS * WORD_BYTES);
    words.set(
      challenges.betas.slice(0, Math.floor(fields)).flatMap((b) => b.map(toMont)),
      leaves.betas / WORD_BYTES,
    );
    const table = pool.memory.alloc(2 * WORD_BYTES * leaves.interactions.length);
    leaves.interactions.forEach((t, i) => {
      const { bus } = chip.interactions[t]!;
      storeConstant(pool, weights + leaves.constants + i * BLOCK_BYTES, Fp5.add(challenges.alpha, Fp5.from(bus.index)));
      const { offset } = blocks.find((b) => b.interaction === t)!;
      pool.memory
        .view(table + 2 * WORD_BYTES * i, 2)
        .set([p + offset * WORD_BYTES, q + (offset / LANES) * BLOCK_BYTES]);
    });
    const groups = 2 ** trace.logHeight / 16;
    const parts = pieces(groups, pool.threads * 4, Math.ceil(256 / chip.columns.length));
    const scratchBytes = Math.ceil(leaves.scratchBytes / 64) * 64;
    const scratch = pool.memory.alloc(parts.length * scratchBytes);
    pool.runIn(
      module,
      parts.map(({ from, count }, i) => [
        ...[LEAVES_FUNCTION, trace.at, from, from + count, weights, table, scratch + i * scratchBytes],
      ]),
    );
    for (const range of [weights, table, scratch]) pool.memory.free(range);
  }
  return { p, q, log, base: true };
}

/** 0/α behind the last block, which the instances fill without gaps. */
function fillPadding(pool: KernelPool, instances: readonly LeafInstance[], layer: Layer, alpha: Ext): void {
  const n = 2 ** layer.log;
  const used = Math.max(
    0,
    ...instances.flatMap(({ trace, blocks }) => blocks.map((b) => b.offset + 2 ** trace.logHeight)),
  );
  if (used === n) return;
  pool.memory.view(layer.p + used * WORD_BYTES, Math.max(LANES, n) - used).fill(0);
  const first = layer.q + (used / LANES) * BLOCK_BYTES;
  storeConstant(pool, first, alpha);
  const words = pool.memory.view(first, extBytes(n - used) / WORD_BYTES);
  if (n < LANES) for (let k = 0; k < EXT_WORDS; k++) words.fill(0, LANES * k + n, LANES * k + LANES);
  for (let filled = BLOCK_BYTES / WORD_BYTES; filled < words.length; filled *= 2)
    words.copyWithin(filled, 0, Math.min(filled, words.length - filled));
}
