import { INSTRUCTIONS } from './isa.ts';
import type { Program } from './program.ts';

/** Words of one instruction in the executor's form. */
export const STRIDE = 16;
/** Place of each word. */
export const WORD = {
  op: 0,
  w0: 1,
  w1: 2,
  r0: 3,
  r1: 4,
  r2: 5,
  r3: 6,
  low: 7,
  high: 8,
  offset: 9,
  target: 10,
  frame: 11,
  size: 12,
  type: 13,
} as const;

const {
  op: OP,
  w0: W0,
  r0: R0,
  low: LO,
  high: HI,
  offset: OFFSET,
  target: TARGET,
  frame: FRAME,
  size: SIZE,
  type: TYPE,
} = WORD;

/** A program in the form that the interpreter walks; made once per program. */
export type Executable = {
  readonly program: Program;
  readonly code: Int32Array;
  readonly tables: readonly (readonly number[])[];
};

/** Flattens a program into `STRIDE` words per instruction; a branch table's target is its number in `tables`. */
export function prepare(program: Program): Executable {
  const code = new Int32Array(program.code.length * STRIDE);
  const tables: (readonly number[])[] = [];
  program.code.forEach((c, k) => {
    const at = k * STRIDE;
    code[at + OP] = INSTRUCTIONS[c.op].op;
    c.writes.forEach((w, n) => {
      if (n < 2) code[at + W0 + n] = w;
    });
    // Host calls have more operands; they find them in the program.
    c.reads.slice(0, 4).forEach((r, n) => {
      code[at + R0 + n] = r;
    });
    code[at + LO] = Number(BigInt.asIntN(32, c.constant));
    code[at + HI] = Number(BigInt.asIntN(32, c.constant >> 32n));
    code[at + OFFSET] = c.offset;
    code[at + TARGET] = c.target;
    if (c.op === 'brTable') code[at + TARGET] = tables.push(c.targets) - 1;
    code[at + FRAME] = c.frame;
    code[at + SIZE] = c.op === 'call' ? (program.frameSizes.get(c.target) ?? 0) : 0;
    code[at + TYPE] = c.type;
  });
  return { program, code, tables };
}
