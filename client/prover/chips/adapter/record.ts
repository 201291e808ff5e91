import type { ProgramInstruction } from '../../vm/program.ts';

/** One access of an instruction, as the recording run saw it. */
export type AccessRecord = {
  /** Limbs before and behind it: 2 for a 32-bit slot, else 4; equal for a read. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Clock of the cell's previous access; at most 2^16 below this one, else a REFRESH row stands between. */
  readonly prev: number;
};

/** One executed instruction, or one step of a resumable one. Accesses happen in the order reads, cells, writes. */
export type InstructionRecord = {
  readonly instruction: ProgramInstruction;
  readonly pc: number;
  readonly fp: number;
  /** Clock of the first access. */
  readonly clock: number;
  /** Where control goes. */
  readonly next: number;
  readonly reads: readonly AccessRecord[];
  /** Cells of linear memory, or of the call stack. */
  readonly cells: readonly AccessRecord[];
  readonly writes: readonly AccessRecord[];
};
