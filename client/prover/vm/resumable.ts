import { type Executor, ROW_BYTES, type TrapReason } from './execute.ts';
import type { OpName } from './isa.ts';
import type { ProgramInstruction } from './program.ts';

/** The bytes that one row of COPY, FILL or INPUT moves; `from` only where they come from memory. */
export type Span = { readonly to: number; readonly from: number; readonly bytes: number };

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
  if (op === 'copy' && to > from) {
    const bytes = Math.min(length, ((to + length - 1) % ROW_BYTES) + 1);
    return { to: to + length - bytes, from: from + length - bytes, bytes };
  }
  return { to, from, bytes: Math.min(length, ROW_BYTES - (to % ROW_BYTES)) };
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
