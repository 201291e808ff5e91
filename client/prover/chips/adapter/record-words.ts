import type { Word, WordBuilder } from '../../air/word.ts';
import { anyOf } from '../../air/word.ts';
import { CELL_WORDS, HEADER, HEADER_WORDS, READ_WORDS, type RowType, WRITE_WORDS } from '../../vm/flat-records.ts';
import { FIRST_PC, INSTRUCTIONS, OP_NAMES, type OpName } from '../../vm/isa.ts';
import type { ProgramInstruction } from '../../vm/program.ts';
import { opNumber } from './encoding.ts';

/** A value's low and high 32 bits. */
export type Pair = readonly [Word, Word];
/** One access: clock of the cell's previous one, values before and behind. */
export type AccessWords = { readonly prev: Word; readonly before: Pair; readonly after: Pair };

/** The record of an instruction row, and the facts of its instruction, as words. */
export type InstructionWords = {
  readonly pc: Word;
  readonly fp: Word;
  readonly clock: Word;
  readonly next: Word;
  /** How many cells the row accesses; the others' words are zero. */
  readonly cellCount: Word;
  readonly reads: readonly AccessWords[];
  readonly cells: readonly AccessWords[];
  readonly writes: readonly AccessWords[];
  /** 1 if the instruction has one of these names, else 0. */
  readonly is: (...names: readonly OpName[]) => Word;
  readonly readSlots: readonly Word[];
  readonly writeSlots: readonly Word[];
  readonly constant: Pair;
  readonly offset: Word;
  readonly frame: Word;
  readonly type: Word;
  /** Index of the default of a branch table. */
  readonly bound: Word;
};

/** Clocks, pcs, frame pointers, slots and offsets are below 2^30, so all are field elements. */
const NUMBER_BITS = 30;

const MAX_READS = Math.max(...OP_NAMES.map((op) => INSTRUCTIONS[op].reads.length));
const MAX_WRITES = Math.max(...OP_NAMES.map((op) => INSTRUCTIONS[op].writes.length));
/** Places of the facts of an instruction. */
const FACT = factPlaces();

function factPlaces() {
  const first = MAX_WRITES + MAX_READS + 1;
  return {
    ...{ op: 0, writes: 1, reads: 1 + MAX_WRITES, constant: first, offset: first + 2, frame: first + 3 },
    ...{ type: first + 4, bound: first + 5, words: first + 6 },
  } as const;
}

/** The record of a row type as words. */
export function instructionWords(b: WordBuilder, { reads, cells, writes }: Omit<RowType, 'ops'>): InstructionWords {
  const number = (index: number): Word => b.record(index, NUMBER_BITS);
  const fact = (index: number): Word => b.fact(index, NUMBER_BITS);
  const firstCell = HEADER_WORDS + READ_WORDS * reads;
  const firstWrite = firstCell + CELL_WORDS * cells;
  const pair = (at: number): Pair => [b.record(at), b.record(at + 1)];
  const range = <T>(count: number, of: (k: number) => T): T[] => Array.from({ length: count }, (_, k) => of(k));
  const access = (at: number): AccessWords => ({ prev: number(at), before: pair(at + 1), after: pair(at + 3) });
  const op = fact(FACT.op);
  return {
    pc: number(HEADER.pc),
    fp: number(HEADER.fp),
    clock: number(HEADER.clock),
    next: number(HEADER.next),
    cellCount: number(HEADER.cells),
    reads: range(reads, (k) => {
      const at = HEADER_WORDS + READ_WORDS * k;
      return { prev: number(at), before: pair(at + 1), after: pair(at + 1) };
    }),
    cells: range(cells, (k) => access(firstCell + CELL_WORDS * k + 1)),
    writes: range(writes, (k) => access(firstWrite + WRITE_WORDS * k)),
    is: (...names) => anyOf(names.map((name) => op.equal(opNumber(name)))),
    readSlots: range(MAX_READS, (k) => fact(FACT.reads + k)),
    writeSlots: range(MAX_WRITES, (k) => fact(FACT.writes + k)),
    constant: [b.fact(FACT.constant), b.fact(FACT.constant + 1)],
    offset: fact(FACT.offset),
    frame: fact(FACT.frame),
    type: fact(FACT.type),
    bound: fact(FACT.bound),
  };
}

/** The facts of all instructions by pc. */
export function programFacts(code: readonly ProgramInstruction[]): {
  readonly words: Uint32Array;
  readonly width: number;
  readonly firstKey: number;
} {
  const words = new Uint32Array(code.length * FACT.words);
  code.forEach((i, k) => {
    const at = k * FACT.words;
    words[at + FACT.op] = opNumber(i.op);
    words.set(i.writes, at + FACT.writes);
    words.set(i.reads, at + FACT.reads);
    words[at + FACT.constant] = Number(BigInt.asUintN(32, i.constant));
    words[at + FACT.constant + 1] = Number(BigInt.asUintN(32, i.constant >> 32n));
    words[at + FACT.offset] = i.offset;
    words[at + FACT.frame] = i.frame;
    words[at + FACT.type] = i.type;
    words[at + FACT.bound] = Math.max(0, i.targets.length - 1);
  });
  return { words, width: FACT.words, firstKey: FIRST_PC };
}
