import type { CompiledChip, Tree } from '../air/dag.ts';
import { oncePer } from '../air/once-per.ts';

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

/** Places of a chip's columns by tree. */
const columnsByTree = oncePer((chip: CompiledChip): Readonly<Record<Tree, readonly number[]>> => {
  const of = (tree: Tree): number[] => [...chip.columns.keys()].filter((c) => chip.columns[c]!.tree === tree);
  return { interface: of('interface'), main: of('main'), fixed: of('fixed') };
});

/** Places of a chip's columns that lie in one of `trees`, in their order. */
function columnsIn(chip: CompiledChip, trees: readonly Tree[]): readonly number[] {
  const byTree = columnsByTree(chip);
  return trees.length === 1 ? byTree[trees[0]!] : trees.flatMap((tree) => byTree[tree]).sort((a, b) => a - b);
}

/** Entries that `stackColumns` fills. */
export const stackedSize = (instances: readonly InstanceShape[], trees: readonly Tree[]): number =>
  instances.reduce((n, { chip, logHeight }) => n + columnsIn(chip, trees).length * 2 ** logHeight, 0);

/** The columns that lie in one of `trees`, stacked by falling height, so that each starts at a multiple of its height. */
export function stackColumns(
  instances: readonly InstanceShape[],
  trees: readonly Tree[],
): { readonly slots: readonly ColumnSlot[]; readonly size: number } {
  const slots: ColumnSlot[] = [];
  let size = 0;
  for (const instance of byFallingHeight(instances)) {
    const { chip, logHeight } = instances[instance]!;
    for (const column of columnsIn(chip, trees)) {
      slots.push({ instance, column, offset: size, logHeight });
      size += 2 ** logHeight;
    }
  }
  return { slots, size };
}

/** log2 of the smallest power of two that holds n ≥ 1 entries. */
export const ceilLog2 = (n: number): number => {
  let log = 0;
  while (2 ** log < n) log++;
  return log;
};
