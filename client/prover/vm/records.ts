/**
 * What the recording run writes down: one record per row of an instruction chip, and the memory argument's rows.
 *
 * Clocks. A segment's clock starts at 1; an instruction advances it by its `advance`, and its access number k happens
 * at clock + k. Accesses stand in the order reads, cells, writes. Clocks of cells that an instruction may leave out
 * (the second cell of an unaligned access or of a copy's source, the cells of a row that moves nothing) stay reserved.
 *
 * Rows of COPY, FILL and INPUT. One row moves up to 8 bytes into one cell, or whole cells into whole cells, and writes its
 * operands back, changed:
 * - copy: reads to, from, length. Where to ≤ from it moves the first n bytes, n = min(length, 8 − to mod 8), and
 *   continues with (to + n, from + n, length − n). Else it moves the last n, n = min(length, (to + length − 1) mod 8
 *   + 1), and continues with (to, from, length − n). The comparison comes out the same in every row of one copy.
 *   Cells: those that hold the source bytes, ascending (one or two), then the destination.
 *   Where at least 8 bytes are left and those at the end where it moves are a whole cell in the source and in the
 *   destination, the row moves n = 8 · min(4, ⌊length / 8⌋) bytes in the same way: a row of CHIP_BY_ADDRESS.copy. Its
 *   cells: a source cell and then where it goes, for each of them, in the order in which they move.
 * - fill: reads to, value, length; moves like a forward copy, the low byte of value; continues with to + n, length − n.
 * - input: reads to, length, both multiples of 8; moves 8 bytes of advice; continues with to + 8, length − 8.
 * pc advances in the row that leaves length 0; a row that finds length 0 has no cells. Every row requires
 * to + length ≤ memory size, and from + length for copy; as both sums are never larger in later rows, nothing is
 * written if the whole does not fit.
 */
import type { OpName } from './isa.ts';
import type { ProgramInstruction } from './program.ts';

/** Address spaces of the memory argument. */
export const MemorySpace = {
  /** 32-bit slots by absolute number */
  SLOT32: 1,
  /** 64-bit slots by absolute number */
  SLOT64: 2,
  /** Linear memory by 8-byte cell: address / 8 */
  LINEAR: 3,
  /** Return cells by the callee's fp: (return pc, caller's fp, 0, 0) */
  CALL_STACK: 4,
} as const;
/** Number of an address space, as messages on MEM carry it. */
export type MemorySpace = (typeof MemorySpace)[keyof typeof MemorySpace];

/** u16 limbs, least significant first; the call stack's are whole numbers. */
export type Limbs = readonly number[];

/** One access of a slot or cell; a read leaves it as it was. */
export type AccessRecord = {
  /** Limbs before and behind it: 2 for a 32-bit slot, else 4; one array for a read. */
  readonly before: Limbs;
  readonly after: Limbs;
  /** Clock of the cell's previous access, of its boundary or REFRESH row; at most 2^16 below this one. */
  readonly prev: number;
};

/** An access of linear memory or of the call stack. */
export type CellRecord = AccessRecord & { readonly address: number };

/** One executed instruction, or one step of a resumable one. */
export type InstructionRecord = {
  readonly instruction: ProgramInstruction;
  readonly pc: number;
  readonly fp: number;
  /** Clock of the first access. */
  readonly clock: number;
  /** Where control goes. */
  readonly next: number;
  readonly reads: readonly AccessRecord[];
  readonly cells: readonly CellRecord[];
  readonly writes: readonly AccessRecord[];
};

/** A value moved to a later time, where an access comes more than 2^16 after the one before it. */
export type RefreshRecord = {
  readonly space: MemorySpace;
  readonly address: number;
  readonly value: Limbs;
  readonly from: number;
  readonly to: number;
};

/** A cell that a segment touches; limbs padded to 4. */
export type BoundaryRecord = {
  readonly space: MemorySpace;
  readonly address: number;
  readonly before: Limbs;
  readonly after: Limbs;
  /** Epoch of `before`: that of the last segment that touched the cell, 0 for the initial value. */
  readonly epoch: number;
  /** Epoch of this segment: its index + 1. */
  readonly ownEpoch: number;
  /** One below the first access, and the last access. */
  readonly start: number;
  readonly end: number;
};

/** One Keccak-f call: the 25 lanes as little-endian 32-bit words. */
export type KeccakRecord = {
  readonly segment: number;
  readonly clock: number;
  readonly input: Uint32Array;
  readonly output: Uint32Array;
};

/** One host call of `host-calls.ts`: words of its input and output cells, two per cell. */
export type HostCallRecord = {
  readonly op: OpName;
  readonly segment: number;
  readonly clock: number;
  readonly operands: readonly number[];
  readonly inputs: Uint32Array;
  readonly outputs: Uint32Array;
};

/** Control state between two rows. */
export type ControlState = { readonly pc: number; readonly fp: number; readonly clock: number };

/** Everything that the rows of one segment need. */
export type SegmentRecords = {
  readonly index: number;
  readonly entry: ControlState;
  readonly exit: ControlState;
  /** Rows of the instruction chips by chip id, in order of execution. */
  readonly rows: ReadonlyMap<string, readonly InstructionRecord[]>;
  readonly keccak: readonly KeccakRecord[];
  readonly calls: readonly HostCallRecord[];
  readonly refreshes: readonly RefreshRecord[];
  /** By space, ascending addresses. */
  readonly boundaries: readonly BoundaryRecord[];
};

/** A cell that the block touches; limbs padded to 4. */
export type MemoryCell = {
  readonly space: MemorySpace;
  readonly address: number;
  readonly initial: Limbs;
  readonly last: Limbs;
  /** Epoch of `last`. */
  readonly epoch: number;
};

/**
 * Chips that take rows of several instructions by their addresses: loads and stores that are not aligned to their size,
 * and copies that move whole cells.
 */
export const CHIP_BY_ADDRESS = { load: 'load_unaligned', store: 'store_unaligned', copy: 'copy_cells' } as const;
/** Bytes that one row of COPY, FILL and INPUT moves into a cell: those of a cell. */
export const ROW_BYTES = 8;
/** Cells that one row of a copy moves at most, where it moves whole ones. */
export const COPY_CELLS = 4;

/** First clock after which `clock − prev − 1` no longer fits one RANGE16 lookup. */
export const MAX_GAP = 2 ** 16;
/** Clocks of a segment are below this. */
export const CLOCK_LIMIT = 2 ** 29;
