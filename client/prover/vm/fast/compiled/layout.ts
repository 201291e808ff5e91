/** Where things stand in the fast executor's memory, in bytes (`assembly/layout.ts`, `machine.ts`). */
export type Places = {
  readonly slots32: number;
  readonly slots64: number;
  readonly returns: number;
  /** Instructions of the interpreter. */
  readonly code: number;
  readonly functions: number;
  readonly linear: number;
  readonly times: number;
  /** Of each block, by its number in the program: how many cells (4) and rows (4) it costs, how often it ran (4). */
  readonly blocks: number;
  /** Slots of each block, for `renewSlots` of `assembly/ledger.ts`. */
  readonly lists: number;
};

export const SLOT_BYTES = 16;
/** Of a slot or return cell: where its time stands. */
export const TIME = 8;
/** Instructions, and elements of the function table, of the interpreter. */
export const INSTRUCTION_BYTES = 32;
export const ELEMENT_BYTES = 16;
/** Bytes of a region of slots. */
export const SLOT_LIMIT = 2 ** 26;
export const MAX_GAP = 2 ** 16;

export const BLOCK_BYTES = 16;
export const COUNT = 8;
/** Bytes of a slot in a block's list; of all slots that a row may access. */
export const ENTRY_BYTES = 8;
export const LIST_BYTES = 6 * ENTRY_BYTES;
/** Marks a slot in a list as a global's. */
export const GLOBAL_SLOT = 0x80000000;

/** What a compiled function gives back. */
export const STATUS = {
  /** The machine's function has returned. */
  returned: 0,
  /** The run stands before the row at the exit's pc: its block would pass the budget, or it is the interpreter's. */
  left: 1,
  /** The same in the midst of a block that was counted as a whole: the row traps, or is the return of the first frame. */
  leftBlock: 2,
  /** The host ended the run; the interpreter has its state. */
  stopped: 3,
} as const;

/** Types of the module's functions. */
export const TYPE = { two: 0, three: 1, fourToNothing: 2, four: 3, wide: 4 } as const;

/** Functions: imported ones, helpers, then those of the program. */
export const FUNCTION = {
  renewSlot: 0,
  renewSlots: 1,
  renewLinear: 2,
  unalignedFirst: 3,
  resumeFirst: 4,
  host: 5,
  leave: 6,
  leaveBlock: 7,
  resume: 8,
  unaligned: 9,
  enter: 10,
  unreachable: 11,
  wide: 12,
  program: 16,
} as const;
export const WIDE = { add128: 0, sub128: 1, mulWideS: 2, mulWideU: 3 } as const;

/** Globals: the interpreter's, then those of compiled code. */
export const GLOBAL = {
  ip: 0,
  interpreterClock: 1,
  /** What may still be spent: rows · 2^32 + cells. */
  budget: 2,
  /** Part of what was taken off the budget: for rows that the interpreter counts, as many cells as they have at most. */
  reserved: 3,
  /** Cells that an unaligned access may cost more than an aligned one. */
  unalignedCost: 4,
  /** The run's clock before the next block. */
  clock: 5,
  exitPc: 6,
  exitFrame: 7,
  exitDepth: 8,
} as const;

/** Locals of a compiled function: its parameters, scratch, then values of slots. */
export const LOCAL = {
  /** The frame, in bytes. */
  frame: 0,
  /** Compiled calls in progress below this one. */
  depth: 1,
  /** Number of the block where to go on, among the function's entries. */
  entry: 2,
  /** The clock before the present block. */
  now: 3,
  address: 4,
  other: 5,
  written: 6,
  /** Where the function is left. */
  pc: 7,
  low: 8,
  high: 9,
  values: 10,
} as const;
/** The locals behind the parameters, with `values` ones of each width for slots: counts and types. */
export const localTypes = (values: number): readonly number[] => [4, 5, 0x7f, 2, 0x7e, values, 0x7f, values, 0x7e];

/** Compiled calls in progress at most: V8's stack is small. */
export const MAX_DEPTH = 400;
