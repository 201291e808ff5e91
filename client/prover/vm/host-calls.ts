import type { TrapReason } from './execute.ts';
import type { OpName } from './isa.ts';

/**
 * A host call that reads memory and then writes memory, in whole cells of 8 bytes (`mulmod256`, `advice`, `ec_msm`). All
 * executors run it by this description, so that its accesses are the same everywhere: operand slots, then the input cells,
 * then the output cells, each at the next clock. A cell that is both is accessed twice.
 */
export type HostCall = {
  /** Cells of linear memory (address / 8) for its operands, unsigned words in the order of the instruction set's reads. */
  readonly cells: (
    operands: readonly number[],
  ) => { readonly inputs: readonly number[]; readonly outputs: readonly number[] } | TrapReason;
  /** The output cells' words from the input cells', two per cell, low word first. */
  readonly compute: (operands: readonly number[], inputs: Uint32Array) => Uint32Array | TrapReason;
};

/** The instructions that are host calls of this kind. */
export const HOST_CALLS: Partial<Readonly<Record<OpName, HostCall>>> = {};
