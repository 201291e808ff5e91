import { HOST_CALLS } from '../../host-calls.ts';
import { FIRST_PC, INSTRUCTIONS, type Instruction, type OpName } from '../../isa.ts';
import type { Program, ProgramInstruction } from '../../program.ts';

/**
 * Rows that run one after the other, the last one of which may go elsewhere: those from pc `first` on, before pc `end`.
 * - `straight`: compiled; counted and charged as a whole when it begins
 * - `resumable`: one instruction that the interpreter runs, in as many rows as it needs
 * - `host`: one instruction that the interpreter runs, with the host if it needs it
 */
export type Block = {
  readonly kind: 'straight' | 'resumable' | 'host';
  /** Among all blocks of the program. */
  readonly number: number;
  readonly first: number;
  readonly end: number;
  /** How compiled code can be entered here: the number of the entry among the function's; undefined if it cannot. */
  readonly entry: number | undefined;
  /** Whether another block of the function branches here. */
  readonly isTarget: boolean;
};

/** A function of the program as blocks in the order of its code; its first block is entry 0. */
export type FunctionBlocks = { readonly blocks: readonly Block[]; readonly entries: readonly Block[] };

/** Clocks and rows of a block stay far below what the ledger's times and the budget's margin can bear. */
export const MAX_BLOCK_ROWS = 256;

const HOST: ReadonlySet<OpName> = new Set<OpName>([
  'keccakF',
  'halt',
  'inputSize',
  ...(Object.keys(HOST_CALLS) as OpName[]),
]);

function kindOf(op: OpName): Block['kind'] {
  const { control }: Instruction = INSTRUCTIONS[op];
  return control === 'resume' ? 'resumable' : HOST.has(op) ? 'host' : 'straight';
}

/** Where a row may go to, other than the next one and the callee. */
export const targetsOf = (c: ProgramInstruction): readonly number[] => {
  const { control }: Instruction = INSTRUCTIONS[c.op];
  if (control === 'table') return c.targets;
  return control === 'jump' || control === 'branch' ? [c.target] : [];
};

/** The functions of a program, in the order of `program.functions`. */
export function functionsOf(program: Program): FunctionBlocks[] {
  const { functions, code } = program;
  let number = 0;
  return functions.map(({ pc }, n) => {
    const f = blocksBetween(code, pc, functions[n + 1]?.pc ?? code.length + FIRST_PC, number);
    number += f.blocks.length;
    return f;
  });
}

/** Blocks of the function from pc `start` on, before `end`, numbered from `number` on. */
function blocksBetween(
  code: readonly ProgramInstruction[],
  start: number,
  end: number,
  number: number,
): FunctionBlocks {
  // Bits of each row: a block starts here, somebody branches here, somebody behind branches here or a call returns here.
  const [STARTS, TARGET, ENTERED] = [1, 2, 4];
  const marks = new Uint8Array(end - start + 1);
  const mark = (pc: number, bits: number): void => {
    if (pc >= start && pc < end) marks[pc - start]! |= bits;
  };
  mark(start, STARTS | ENTERED);
  for (let pc = start; pc < end; pc++) {
    const c = code[pc - FIRST_PC]!;
    const { control }: Instruction = INSTRUCTIONS[c.op];
    for (const target of targetsOf(c)) mark(target, STARTS | TARGET | (target <= pc ? ENTERED : 0));
    const isCall = control === 'call' || control === 'callIndirect';
    if (control !== 'next') mark(pc + 1, STARTS | (isCall ? ENTERED : 0));
    if (kindOf(c.op) !== 'straight') {
      mark(pc, STARTS);
      mark(pc + 1, STARTS);
    }
  }
  const blocks: Block[] = [];
  const entries: Block[] = [];
  for (let pc = start; pc < end; ) {
    const kind = kindOf(code[pc - FIRST_PC]!.op);
    let next = pc + 1;
    while (next < end && next - pc < MAX_BLOCK_ROWS && (marks[next - start]! & STARTS) === 0) next++;
    const bits = marks[pc - start]!;
    const entry = (bits & ENTERED) !== 0 ? entries.length : undefined;
    const isTarget = (bits & TARGET) !== 0;
    const block: Block = { kind, number: number + blocks.length, first: pc, end: next, entry, isTarget };
    if (entry !== undefined) entries.push(block);
    blocks.push(block);
    pc = next;
  }
  return { blocks, entries };
}
