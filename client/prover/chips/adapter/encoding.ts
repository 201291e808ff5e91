import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import type { ProgramInstruction } from '../../vm/program.ts';
import { PROGRAM_FIELDS } from '../buses.ts';

/** A message of the program table. */
export type ProgramRow = readonly number[];

/** The program rows of an instruction at its pc. A chip that looks them up states the same fields in `executes`. */
export type Encoding = (instruction: ProgramInstruction, pc: number) => readonly ProgramRow[];

/** pc, flag, op and `PROGRAM_FIELDS` fields, zeros behind those given. */
export function programRow(pc: number, flag: number, op: number, fields: readonly number[]): ProgramRow {
  const row = [pc, flag, op];
  for (let k = 0; k < PROGRAM_FIELDS; k++) row.push(fields[k] ?? 0);
  return row;
}

/** Number in the `op` field of the program table. */
export const opNumber = (name: OpName): number => INSTRUCTIONS[name].op;

/** Limbs of 16 bits of a constant of `bits` bits, two's complement. */
export function limbsOf(value: bigint, bits: number): number[] {
  const limbs: number[] = [];
  for (let from = 0; from < bits; from += 32) {
    const word = Number(BigInt.asUintN(32, from === 0 ? value : value >> BigInt(from)));
    limbs.push(word & 0xffff, word >>> 16);
  }
  return limbs;
}

/** Limbs of an instruction's constant operand; none without one. */
export const constantLimbs = (i: ProgramInstruction): number[] => limbsOf(i.constant, INSTRUCTIONS[i.op].constant);

/** Slots of results, slots of operands, limbs of the constant: what most instructions are. */
export const operandFields = (i: ProgramInstruction): number[] => [...i.writes, ...i.reads, ...constantLimbs(i)];

/** One row under the instruction's own number. */
export const plain: Encoding = (i, pc) => [programRow(pc, 0, opNumber(i.op), operandFields(i))];

/** One row under the row type `op`, with the fields that `fields` gives. */
export const rowType =
  (op: number, fields: (i: ProgramInstruction) => readonly number[]): Encoding =>
  (i, pc) => [programRow(pc, 0, op, fields(i))];

/**
 * A branch: one row per value of the predicate that the chip computes, with the pc where control goes. Both polarities
 * of a predicate share a row type.
 * @param taken value of the predicate that takes the branch
 */
export const branchOn =
  (op: number, taken: 0 | 1): Encoding =>
  (i, pc) =>
    [0, 1].map((flag) => programRow(pc, flag, op, [...operandFields(i), flag === taken ? i.target : pc + 1]));

/** Added to the row type where a comparison's result is 1; all row types are below it. */
export const RESULT_ONE = 256;

/** A comparison: one row per value of the predicate, whose row type tells the result. */
export const resultOn =
  (op: number, one: 0 | 1): Encoding =>
  (i, pc) =>
    [0, 1].map((flag) => programRow(pc, flag, op + (flag === one ? RESULT_ONE : 0), operandFields(i)));
