import type { OpName } from './isa.ts';
import { COPY_CELLS, ROW_BYTES } from './records.ts';

/** Rows of a resumable instruction with these operands. */
export function resumableRows(op: OpName, operands: readonly number[]): number {
  const [to, second, third] = [operands[0]!, operands[1]!, operands[2]!];
  const length = op === 'inputRead' ? second : third;
  if (length === 0) return 1;
  const last = to + length - 1;
  const cells = Math.floor(last / ROW_BYTES) - Math.floor(to / ROW_BYTES) + 1;
  if (op !== 'copy' || (to - second) % ROW_BYTES !== 0) return cells;
  const parts = (to % ROW_BYTES === 0 ? 0 : 1) + ((last + 1) % ROW_BYTES === 0 ? 0 : 1);
  return cells <= parts ? Math.max(1, Math.min(cells, parts)) : parts + Math.ceil((cells - parts) / COPY_CELLS);
}
