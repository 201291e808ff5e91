import type { CompiledChip, Tree } from '../air/dag.ts';

/** One table of a segment without its cells. */
export type InstanceShape = { readonly chip: CompiledChip; readonly logHeight: number };

/** Where a column lies in a stacked table, in entries; aligned to its height. */
export type ColumnSlot = {
  readonly instance: number;
  readonly column: number;
  readonly offset: number;
  readonly logHeight: number;
};

/** Instances by falling height, equal ones in their order. */
export const byFallingHeight = (instances: readonly InstanceShape[]): number[] =>
  [...instances.keys()].sort((a, b) => instances[b]!.logHeight - instances[a]!.logHeight || a - b);

/** The columns that lie in one of `trees`, stacked by falling height, so that each starts at a multiple of its height. */
export function stackColumns(
  instances: readonly InstanceShape[],
  trees: readonly Tree[],
): { readonly slots: readonly ColumnSlot[]; readonly size: number } {
  const slots: ColumnSlot[] = [];
  let size = 0;
  for (const instance of byFallingHeight(instances)) {
    const { chip, logHeight } = instances[instance]!;
    chip.columns.forEach((c, column) => {
      if (!trees.includes(c.tree)) return;
      slots.push({ instance, column, offset: size, logHeight });
      size += 2 ** logHeight;
    });
  }
  return { slots, size };
}

/** log2 of the smallest power of two that holds n ≥ 1 entries. */
export const ceilLog2 = (n: number): number => {
  let log = 0;
  while (2 ** log < n) log++;
  return log;
};
