import {
  CELL_WORDS,
  type FlatRows,
  HEADER,
  HEADER_WORDS,
  READ_WORDS,
  type RowType,
  strideOf,
  WRITE_WORDS,
} from '../vm/flat-records.ts';
import { FIRST_PC, INSTRUCTIONS, type Instruction, type Width } from '../vm/isa.ts';
import type { ProgramInstruction } from '../vm/program.ts';
import type { AccessRecord, InstructionRecord } from '../vm/records.ts';

/** Records from … to − 1 of a row type as objects. */
export function instructionRecords(
  code: readonly ProgramInstruction[],
  type: RowType,
  { words }: FlatRows,
  from: number,
  to: number,
): InstructionRecord[] {
  const stride = strideOf(type);
  const firstCell = HEADER_WORDS + READ_WORDS * type.reads;
  const firstWrite = firstCell + CELL_WORDS * type.cells;
  return Array.from({ length: to - from }, (_, r): InstructionRecord => {
    const at = (from + r) * stride;
    const pc = words[at + HEADER.pc]!;
    const instruction = code[pc - FIRST_PC]!;
    const shape: Instruction = INSTRUCTIONS[instruction.op];
    const isStack = ['call', 'callIndirect', 'return'].includes(shape.control);
    const limbs = (place: number, width: Width = 64): number[] => {
      const [low, high] = [words[place]!, words[place + 1]!];
      if (isStack) return [low, high, 0, 0];
      return [low & 0xffff, low >>> 16, high & 0xffff, high >>> 16].slice(0, width / 16);
    };
    const access = (place: number, width?: Width): AccessRecord => ({
      prev: words[place]!,
      before: limbs(place + 1, width),
      after: limbs(place + 3, width),
    });
    return {
      ...{
        instruction,
        pc,
        fp: words[at + HEADER.fp]!,
        clock: words[at + HEADER.clock]!,
        next: words[at + HEADER.next]!,
      },
      reads: shape.reads.map((width, k) => {
        const place = at + HEADER_WORDS + READ_WORDS * k;
        const value = limbs(place + 1, width);
        return { prev: words[place]!, before: value, after: value };
      }),
      cells: Array.from({ length: words[at + HEADER.cells]! }, (_, k) => {
        const place = at + firstCell + CELL_WORDS * k;
        return { ...access(place + 1), address: words[place]! };
      }),
      writes: shape.writes.map((width, k) => access(at + firstWrite + WRITE_WORDS * k, width)),
    };
  });
}
