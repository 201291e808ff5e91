import type { TableShape } from '../../soundness/choose.ts';
import { CLOSING_LOG_COLUMNS, closingParams } from '../../soundness/profiles.ts';
import type { WhirParams } from '../../soundness/whir.ts';
import type { BlockStatement, Machine, SegmentStatement } from '../machine.ts';
import { ceilLog2, type InstanceShape, type StackedInstance, stackColumns } from '../shape.ts';

/** The tables of a segment with their chips. */
export const shapesOf = (machine: Machine, segment: SegmentStatement): InstanceShape[] =>
  segment.instances.map(({ chip, logHeight }) => ({ chip: machine.chips[chip]!.compiled, logHeight }));

/**
 * Which trees a block is committed in, which is decided by its statement alone. Every block has one that is committed
 * before the global challenge and opened by the closing, together with the key's.
 * - *Whole*, one segment of the machine's whole type: nothing is shared between segments, and this tree holds all
 *   columns. The segment commits to nothing and opens nothing.
 * - Any other block: it holds what segments share, their interface columns; each segment commits to its main columns
 *   in a tree of its own, after the global challenge, and opens that itself.
 */
export const isWhole = (machine: Machine, { segments }: Segments): boolean =>
  segments.length === 1 && segments[0]!.type === machine.wholeType;

type Segments = Pick<BlockStatement, 'segments'>;

/**
 * The table that a block's closing opens: the key's fixed columns, then each segment's columns in the block's tree, each
 * part aligned to its tallest column.
 */
export type BlockLayout = {
  readonly isWhole: boolean;
  /** Columns of the key's tree. */
  readonly fixedColumns: number;
  /** Columns of the block's tree. */
  readonly blockColumns: number;
  /** By segment: the first entry of its part, and its stack within the part. */
  readonly segments: readonly { readonly offset: number; readonly stack: readonly StackedInstance[] }[];
  readonly table: TableShape;
  readonly params: WhirParams;
};

/** Number of columns of 2^logRows entries that hold the key's fixed columns. */
export function fixedColumnCount(machine: Machine): number {
  const size = machine.fixedSlots.reduce((n, s) => Math.max(n, s.offset + 2 ** s.logHeight), 0);
  return Math.ceil(size / 2 ** machine.logRows);
}

/** Where the segments' parts lie, and where they end, in entries. */
function placeSegments(
  machine: Machine,
  block: Segments,
): { readonly segments: BlockLayout['segments']; readonly end: number } {
  const trees = isWhole(machine, block) ? 'interface and main' : 'interface';
  let end = fixedColumnCount(machine) * 2 ** machine.logRows;
  const segments = block.segments.map((segment) => {
    const { stack, size } = stackColumns(shapesOf(machine, segment), trees);
    const tallest = 2 ** (stack.find((s) => s.columns.length > 0)?.logHeight ?? 0);
    const offset = Math.ceil(end / tallest) * tallest;
    end = offset + size;
    return { offset, stack };
  });
  return { segments, end };
}

const tableShape = (machine: Machine, columns: number): TableShape => ({
  logRows: machine.logRows,
  logColumns: Math.max(CLOSING_LOG_COLUMNS.min, ceilLog2(Math.max(1, columns))),
});

const columnsUpTo = (machine: Machine, end: number): number => Math.ceil(end / 2 ** machine.logRows);

/** Shape of the table that a block's closing opens, padding included: there are parameters for some shapes only. */
export const closingShape = (machine: Machine, block: Segments): TableShape =>
  tableShape(machine, columnsUpTo(machine, placeSegments(machine, block).end));

/** @throws ClientError `logTableOutOfRange` for a block whose `closingShape` has no parameters */
export function blockLayout(machine: Machine, block: Segments): BlockLayout {
  const fixedColumns = fixedColumnCount(machine);
  const { segments, end } = placeSegments(machine, block);
  const columns = columnsUpTo(machine, end);
  const table = tableShape(machine, columns);
  return {
    isWhole: isWhole(machine, block),
    fixedColumns,
    blockColumns: columns - fixedColumns,
    segments,
    table,
    params: closingParams(machine.profile, table),
  };
}
