import type { CompiledChip, Tree } from '../air/dag.ts';
import { oncePer } from '../air/once-per.ts';

/** One table of a segment without its cells. */
export type InstanceShape = { readonly chip: CompiledChip; readonly logHeight: number };

/** Where the columns of an instance lie in a stacked table: one behind the other from `offset` on, in entries. */
export type StackedInstance = {
  readonly instance: number;
  /** Places in the chip, ascending. */
  readonly columns: readonly number[];
  /** Aligned to the columns' height. */
  readonly offset: number;
  readonly logHeight: number;
};

/** Where one column lies. */
export type ColumnSlot = {
  readonly instance: number;
  readonly column: number;
  readonly offset: number;
  readonly logHeight: number;
};

/** Instances by falling height, equal ones in their order. */
export const byFallingHeight = (instances: readonly InstanceShape[]): number[] =>
  [...instances.keys()].sort((a, b) => instances[b]!.logHeight - instances[a]!.logHeight || a - b);

/** Trees that one table may be stacked from. */
export type TreeSet = 'main' | 'interface' | 'interface and main';

/** Places of a chip's columns that lie in the trees, in their order. */
const columnsByTrees = oncePer((chip: CompiledChip): Readonly<Record<TreeSet, readonly number[]>> => {
  const of = (...trees: readonly Tree[]): number[] =>
    [...chip.columns.keys()].filter((c) => trees.includes(chip.columns[c]!.tree));
  return { main: of('main'), interface: of('interface'), 'interface and main': of('interface', 'main') };
});

/** Entries that `stackColumns` fills. */
export const stackedSize = (instances: readonly InstanceShape[], trees: TreeSet): number =>
  instances.reduce((n, { chip, logHeight }) => n + columnsByTrees(chip)[trees].length * 2 ** logHeight, 0);

/** The columns that lie in one of `trees`, stacked by falling height, so that each starts at a multiple of its height. */
export function stackColumns(
  instances: readonly InstanceShape[],
  trees: TreeSet,
): { readonly stack: readonly StackedInstance[]; readonly size: number } {
  const stack: StackedInstance[] = [];
  let size = 0;
  for (const instance of byFallingHeight(instances)) {
    const { chip, logHeight } = instances[instance]!;
    const columns = columnsByTrees(chip)[trees];
    stack.push({ instance, columns, offset: size, logHeight });
    size += columns.length * 2 ** logHeight;
  }
  return { stack, size };
}

/** A stack column by column. */
export const slotsOf = (stack: readonly StackedInstance[]): ColumnSlot[] =>
  stack.flatMap(({ instance, columns, offset, logHeight }) =>
    columns.map((column, k) => ({ instance, column, offset: offset + k * 2 ** logHeight, logHeight })),
  );

/** log2 of the smallest power of two that holds n ≥ 1 entries. */
export const ceilLog2 = (n: number): number => {
  let log = 0;
  while (2 ** log < n) log++;
  return log;
};
