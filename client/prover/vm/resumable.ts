import type { Executor, TrapReason } from './execute.ts';
import type { OpName } from './isa.ts';
import type { ProgramInstruction } from './program.ts';
import { COPY_CELLS, ROW_BYTES } from './records.ts';

/** The bytes that one row of COPY, FILL or INPUT moves; `from` only where they come from memory. */
export type Span = {
  readonly to: number;
  readonly from: number;
  readonly bytes: number;
  /** How many cells the row moves as a whole; 0 where it moves bytes of one. */
  readonly cells: number;
  readonly isBackward: boolean;
};

/**
 * What the next row moves, by the rule in `records.ts`.
 * @param operands the instruction's reads, unsigned
 * @returns undefined if the length is 0
 */
export function resumableSpan(op: OpName, operands: readonly number[]): Span | undefined {
  const [to, second, third] = [operands[0]!, operands[1]!, operands[2]!];
  const from = op === 'copy' ? second : 0;
  const length = op === 'inputRead' ? second : third;
  if (length === 0) return undefined;
  const isBackward = op === 'copy' && to > from;
  const end = to + length;
  const cells = op === 'copy' ? wholeCells(isBackward ? end : to, isBackward ? from + length : from, length) : 0;
  let bytes = cells * ROW_BYTES;
  if (cells === 0) bytes = Math.min(length, isBackward ? ((end - 1) % ROW_BYTES) + 1 : ROW_BYTES - (to % ROW_BYTES));
  const skipped = isBackward ? length - bytes : 0;
  return { to: to + skipped, from: from + skipped, bytes, cells, isBackward };
}

/** Whole cells that the next row of a copy moves; `to` and `from` are the ends where it moves. */
function wholeCells(to: number, from: number, length: number): number {
  return to % ROW_BYTES === 0 && from % ROW_BYTES === 0 ? Math.min(COPY_CELLS, Math.floor(length / ROW_BYTES)) : 0;
}

/**
 * Executes one row: moves its bytes and counts the operands down in their slots.
 * @returns whether it was the last one, or why the machine traps
 */
export function resumableStep(
  executor: Executor,
  { op, reads }: ProgramInstruction,
  fp: number,
): { readonly last: boolean } | TrapReason {
  const { slots32, memory } = executor;
  const slots = reads.map((r) => fp + r);
  const operands = slots.map((s) => slots32[s]! >>> 0);
  const [to, second] = [operands[0]!, operands[1]!];
  const lengthAt = op === 'inputRead' ? 1 : 2;
  const length = operands[lengthAt]!;
  if (to + length > memory.length) return 'out of bounds memory access';
  if (op === 'copy' && second + length > memory.length) return 'out of bounds memory access';
  if (op === 'inputRead' && to % ROW_BYTES !== 0) return 'unaligned pointer';
  if (op === 'inputRead' && length % ROW_BYTES !== 0) return 'input exhausted';
  const span = resumableSpan(op, operands);
  if (span === undefined) return { last: true };
  if (op === 'copy') memory.copyWithin(span.to, span.from, span.from + span.bytes);
  else if (op === 'fill') memory.fill(second, span.to, span.to + span.bytes);
  else {
    const advice = executor.takeInput(span.bytes);
    if (advice === undefined) return 'input exhausted';
    memory.set(advice, span.to);
  }
  const forward = span.to === to && !(op === 'copy' && to > second);
  if (forward) slots32[slots[0]!] = to + span.bytes;
  if (forward && op === 'copy') slots32[slots[1]!] = second + span.bytes;
  slots32[slots[lengthAt]!] = length - span.bytes;
  return { last: length === span.bytes };
}
