/**
 * Records as words, without an object per row: what the recording run writes and row filling reads.
 *
 * A row's record has the stride of its row type:
 *
 *     0        1    2      3     4       5 …                        … …                                  … …
 *     pc       fp   clock  next  cells   reads × (prev, low, high)  cells × (address, prev, before low,  writes × (prev, before low,
 *                                                                   before high, after low, after high)  before high, after low, after high)
 *
 * `cells`: how many of the cells are there; the others' words are zero. Everything else of the instruction is found at its
 * pc in the program. Values are two 32-bit words, high = 0 for a 32-bit slot; the call stack's are (return pc, caller's fp).
 */
import { HOST_CALLS } from './host-calls.ts';
import { INSTRUCTIONS, type Instruction, type OpName } from './isa.ts';
import {
  type AccessRecord,
  CHIP_BY_ADDRESS,
  COPY_CELLS,
  type ControlState,
  type HostCallRecord,
  type InstructionRecord,
  type KeccakRecord,
  type Limbs,
  type MemoryCell,
  MemorySpace,
  type SegmentRecords,
} from './records.ts';

export const HEADER_WORDS = 5;
export const READ_WORDS = 3;
export const CELL_WORDS = 6;
export const WRITE_WORDS = 5;
/** Place of each word of a record's header. */
export const HEADER = { pc: 0, fp: 1, clock: 2, next: 3, cells: 4 } as const;

/** Rows that go to one chip: of which instructions, and how many accesses a record has room for. */
export type RowType = {
  /** The chip's id. */
  readonly id: string;
  readonly ops: readonly OpName[];
  /** Whether it takes those rows of its instructions whose addresses ask for it, and only those. */
  readonly byAddress: boolean;
  readonly reads: number;
  readonly cells: number;
  readonly writes: number;
};

/** Most cells of an instruction's row. */
function cellsOf(op: OpName, byAddress: boolean): number {
  const { memoryBytes, control }: Instruction = INSTRUCTIONS[op];
  if (memoryBytes > 0) return byAddress ? 2 : 1;
  if (op === 'copy') return byAddress ? 2 * COPY_CELLS : 3;
  if (op === 'keccakF') return 25;
  if (op === 'halt') return 18;
  const call = HOST_CALLS[op];
  if (call !== undefined) return call.inputCells + call.outputCells;
  return control === 'resume' || control === 'call' || control === 'callIndirect' || control === 'return' ? 1 : 0;
}

/** The row type of a chip that executes `ops`. */
export function rowTypeOf(id: string, ops: readonly OpName[]): RowType {
  const byAddress = Object.values<string>(CHIP_BY_ADDRESS).includes(id);
  const most = (of: (op: OpName) => number): number => Math.max(...ops.map(of));
  return {
    ...{ id, ops, byAddress },
    reads: most((op) => INSTRUCTIONS[op].reads.length),
    cells: most((op) => cellsOf(op, byAddress)),
    writes: most((op) => INSTRUCTIONS[op].writes.length),
  };
}

/** Words of one record. */
export const strideOf = ({ reads, cells, writes }: RowType): number =>
  HEADER_WORDS + READ_WORDS * reads + CELL_WORDS * cells + WRITE_WORDS * writes;

/** Records of one row type, one behind the other in order of execution. */
export type FlatRows = { readonly count: number; readonly words: Uint32Array };

/** `SegmentRecords` as words. */
export type FlatSegment = {
  readonly index: number;
  readonly entry: ControlState;
  readonly exit: ControlState;
  /** By the row type's place in the list that the run was given. */
  readonly rows: readonly FlatRows[];
  readonly keccak: readonly KeccakRecord[];
  readonly calls: readonly HostCallRecord[];
  /** × (space, address, low, high, from, to) */
  readonly refreshes: Uint32Array;
  /** × (space, address, before low, before high, after low, after high, epoch before, start, end) */
  readonly boundaries: Uint32Array;
};

export const REFRESH_WORDS = 6;
export const BOUNDARY_WORDS = 9;
/** Words of a cell of the block: (space, address, initial low, initial high, last low, last high, epoch). */
export const MEMORY_CELL_WORDS = 7;

/** The row type of each row that `SegmentRecords` groups by the instruction set's chip names. */
export function rowTypeFinder(types: readonly RowType[]): (chip: string, op: OpName) => number {
  const usual = new Map(types.flatMap((t, i) => (t.byAddress ? [] : t.ops.map((op) => [op, i] as const))));
  const byAddress = new Map(types.flatMap((t, i) => (t.byAddress ? [[t.id, i] as const] : [])));
  return (chip, op) => {
    const type = byAddress.get(chip) ?? usual.get(op);
    if (type === undefined) throw new Error(`no row type for ${op} (${chip})`);
    return type;
  };
}

/** The records of the reference run as words. */
export function flatten(records: SegmentRecords, types: readonly RowType[]): FlatSegment {
  const find = rowTypeFinder(types);
  const lists = types.map((): InstructionRecord[] => []);
  for (const [chip, rows] of records.rows) for (const r of rows) lists[find(chip, r.instruction.op)]!.push(r);
  const { index, entry, exit, keccak, calls } = records;
  return {
    ...{ index, entry, exit, keccak, calls },
    rows: lists.map((list, i) => flattenRows(list, types[i]!)),
    refreshes: Uint32Array.from(
      records.refreshes.flatMap(({ space, address, value, from, to }) => {
        return [space, address, ...wordsOf(space, value), from, to];
      }),
    ),
    boundaries: Uint32Array.from(
      records.boundaries.flatMap(({ space, address, before, after, epoch, start, end }) => {
        return [space, address, ...wordsOf(space, before), ...wordsOf(space, after), epoch, start, end];
      }),
    ),
  };
}

/** The block's cells as words. */
export const flattenCells = (cells: readonly MemoryCell[]): Uint32Array =>
  Uint32Array.from(
    cells.flatMap(({ space, address, initial, last, epoch }) => {
      return [space, address, ...wordsOf(space, initial), ...wordsOf(space, last), epoch];
    }),
  );

function flattenRows(rows: readonly InstructionRecord[], type: RowType): FlatRows {
  const stride = strideOf(type);
  const words = new Uint32Array(stride * rows.length);
  const firstCell = HEADER_WORDS + READ_WORDS * type.reads;
  const firstWrite = firstCell + CELL_WORDS * type.cells;
  rows.forEach(({ instruction, pc, fp, clock, next, reads, cells, writes }, r) => {
    const at = r * stride;
    const shape: Instruction = INSTRUCTIONS[instruction.op];
    const stack = ['call', 'callIndirect', 'return'].includes(shape.control);
    const cellSpace = stack ? MemorySpace.CALL_STACK : MemorySpace.LINEAR;
    words.set([pc, fp, clock, next, cells.length], at);
    reads.forEach(({ prev, before }, k) => {
      words.set([prev, ...wordsOf(MemorySpace.SLOT64, before)], at + HEADER_WORDS + READ_WORDS * k);
    });
    cells.forEach((cell, k) => {
      words.set([cell.address, ...accessWords(cellSpace, cell)], at + firstCell + CELL_WORDS * k);
    });
    writes.forEach((write, k) => {
      words.set(accessWords(MemorySpace.SLOT64, write), at + firstWrite + WRITE_WORDS * k);
    });
  });
  return { count: rows.length, words };
}

const accessWords = (space: MemorySpace, { prev, before, after }: AccessRecord): number[] => [
  prev,
  ...wordsOf(space, before),
  ...wordsOf(space, after),
];

/** A value's two words; limbs of the call stack are whole numbers. */
const wordsOf = (space: MemorySpace, limbs: Limbs): [number, number] => {
  const [a, b, c, d] = [limbs[0]!, limbs[1]!, limbs[2] ?? 0, limbs[3] ?? 0];
  return space === MemorySpace.CALL_STACK ? [a, b] : [a + 2 ** 16 * b, c + 2 ** 16 * d];
};
