/** How a prover's memory limit is divided. */
import { totalmem } from 'node:os';
import { SEGMENT_CELLS } from '../engine/block-segments.ts';

const MIB = 2 ** 20;

/** How a prover process's memory is shared out. */
export type MemoryPlan = {
  /** Resident bytes of the process after which it is ended. */
  readonly maxBytes: number;
  /** Shared memory of the kernels. */
  readonly kernelBytes: number;
  /** JavaScript objects, in MiB. */
  readonly heapMiB: number;
  /** Cells of a segment's main tree. */
  readonly segmentCells: number;
};

/** Smallest limit under which blocks were proven: 2048 is not enough, whatever the segments' size. */
export const MIN_MEMORY_MIB = 3072;
/** Most that is of use: the largest segment in the largest memory that the kernels can address. */
const MAX_USEFUL_MIB = 8192;
/** The machine's own content: lowered program, fixed tables with their codewords, records of a segment. */
const BASE_BYTES = 1300 * MIB;
/**
 * Resident bytes by cell of a segment: its rows, their codewords, the fractions of its messages. Measured on mainnet's block
 * 2675001 by `prove --max-memory`: 2.78 GiB with 12.6 M cells by segment, 3.73 with 20.2 M, 4.32 with 33.5 M.
 */
const BYTES_PER_CELL = 150;
const MAX_KERNEL_BYTES = 2 ** 32;

/** A share of this machine's memory, the rest being for the other processes, but at least what a prover needs. */
const shareOfMemory = (share: number): number => Math.max(MIN_MEMORY_MIB, Math.floor((totalmem() * share) / MIB));

/** For a prover beside a node: half of this machine's memory, as far as it is of use. */
export const backgroundMemoryMiB = (): number => Math.min(MAX_USEFUL_MIB, shareOfMemory(0.5));

/** For a prover that someone waits for. */
export const foregroundMemoryMiB = (): number => shareOfMemory(0.9);

/** @param limitMiB resident memory that the prover's process may take, at least `MIN_MEMORY_MIB` */
export function memoryPlan(limitMiB: number): MemoryPlan {
  const maxBytes = limitMiB * MIB;
  const segmentCells = Math.min(SEGMENT_CELLS, Math.floor((maxBytes - BASE_BYTES) / BYTES_PER_CELL));
  return { maxBytes, segmentCells, heapMiB: limitMiB / 2, kernelBytes: Math.min(MAX_KERNEL_BYTES, maxBytes * 0.75) };
}
