import type { TableShape } from '../../soundness/choose.ts';
import { whirParamsFor } from '../../soundness/profiles.ts';
import type { WhirParams } from '../../soundness/whir.ts';
import type { BlockStatement, Machine, SegmentStatement } from '../machine.ts';
import { type ColumnSlot, ceilLog2, type InstanceShape, stackColumns } from '../shape.ts';

/** The tables of a segment with their chips. */
export const shapesOf = (machine: Machine, segment: SegmentStatement): InstanceShape[] =>
  segment.instances.map(({ chip, logHeight }) => ({ chip: machine.chips[chip]!.compiled, logHeight }));

/**
 * The table that a block's closing opens: the key's fixed columns, then the interface columns of each segment, each
 * part aligned to its tallest column.
 */
export type ClosingLayout = {
  /** Columns of the key's tree. */
  readonly fixedColumns: number;
  /** Columns of the block's interface tree. */
  readonly interfaceColumns: number;
  /** By segment: the first entry of its part, and its slots within the part. */
  readonly segments: readonly { readonly offset: number; readonly slots: readonly ColumnSlot[] }[];
  readonly table: TableShape;
  readonly params: WhirParams;
};

/** Number of columns of 2^logRows entries that hold the key's fixed columns. */
export function fixedColumnCount(machine: Machine): number {
  const size = machine.fixedSlots.reduce((n, s) => Math.max(n, s.offset + 2 ** s.logHeight), 0);
  return Math.ceil(size / 2 ** machine.logRows);
}

/** Where the segments' interface parts lie, and where they end, in entries. */
function placeSegments(
  machine: Machine,
  block: BlockStatement,
): { readonly segments: ClosingLayout['segments']; readonly end: number } {
  let end = fixedColumnCount(machine) * 2 ** machine.logRows;
  const segments = block.segments.map((segment) => {
    const { slots, size } = stackColumns(shapesOf(machine, segment), 'interface');
    const tallest = 2 ** (slots[0]?.logHeight ?? 0);
    const offset = Math.ceil(end / tallest) * tallest;
    end = offset + size;
    return { offset, slots };
  });
  return { segments, end };
}

/** Columns of the closing's table before padding: the key's and all segments' interface parts. */
export const closingColumns = (machine: Machine, block: BlockStatement): number =>
  Math.ceil(placeSegments(machine, block).end / 2 ** machine.logRows);

/** Entries of the smallest table that has parameters: shorter ones are zero-padded. */
const MIN_LOG_COLUMNS = 2;

export function closingLayout(machine: Machine, block: BlockStatement): ClosingLayout {
  const fixedColumns = fixedColumnCount(machine);
  const { segments, end } = placeSegments(machine, block);
  const columns = Math.ceil(end / 2 ** machine.logRows);
  const table = { logRows: machine.logRows, logColumns: Math.max(MIN_LOG_COLUMNS, ceilLog2(Math.max(1, columns))) };
  return {
    fixedColumns,
    interfaceColumns: columns - fixedColumns,
    segments,
    table,
    params: whirParamsFor(machine.profile, table),
  };
}
