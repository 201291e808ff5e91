import { blake3 } from '@noble/hashes/blake3.js';
import { INSTRUCTIONS, type OpName, TRAP_PC } from './isa.ts';

/** One instruction at its place in the program; targets are absolute pcs. */
export type ProgramInstruction = {
  readonly op: OpName;
  readonly writes: readonly number[];
  readonly reads: readonly number[];
  /** Constant operand as a signed integer of the instruction's width. */
  readonly constant: bigint;
  readonly offset: number;
  readonly target: number;
  /** Branch targets by index, the default last. */
  readonly targets: readonly number[];
  readonly frame: number;
  /** Identity of the type that an indirect call expects. */
  readonly type: number;
};

/** An entry of the function table: where a call goes, the type it must have, and the frame it needs. */
export type TableEntry = { readonly entry: number; readonly type: number };

/**
 * A lowered module: everything that fixes what the machine does. Its digest is the program's identity.
 */
export type Program = {
  /** Instructions of pc FIRST_PC, FIRST_PC + 1, …. */
  readonly code: readonly ProgramInstruction[];
  /** The function table; undefined where an entry is empty. */
  readonly table: readonly (TableEntry | undefined)[];
  /** Initial values of globals, by absolute slot. */
  readonly globals: readonly { readonly width: 32 | 64; readonly value: bigint }[];
  /** Initial contents of linear memory. */
  readonly data: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  readonly memoryBytes: number;
  /** Where execution starts, and the first frame, above the globals. */
  readonly entry: { readonly pc: number; readonly fp: number };
  /** Frame slots from fp on that a function needs, by its first pc: the limit that calls are checked against. */
  readonly frameSizes: ReadonlyMap<number, number>;
  /** First pc of every function with its index and name, ascending: for profiles, not part of the identity. */
  readonly functions: readonly { readonly pc: number; readonly index: number; readonly name: string }[];
  /** Entry pc of every exported function: for tests of single functions, not part of the identity. */
  readonly exports: ReadonlyMap<string, { readonly pc: number; readonly index: number }>;
  /** Number of floating-point instructions that became traps. */
  readonly floats: number;
};

/** Limbs of 16 bits of a constant of `bits` bits, two's complement. */
export const limbsOf = (value: bigint, bits: number): number[] =>
  Array.from({ length: bits / 16 }, (_, k) => Number((BigInt.asUintN(bits, value) >> BigInt(16 * k)) & 0xffffn));

/**
 * The row of the program table for an instruction and a flag value: (pc, flag, op, fields…), fields in the order of
 * `isa.ts`. A branch has its target as next pc where the flag is 1 and the next pc where it is 0.
 */
export function programRow(instruction: ProgramInstruction, pc: number, flag: number): number[] {
  const { op, control, constant, memoryBytes } = INSTRUCTIONS[instruction.op];
  const fields = [...instruction.writes, ...instruction.reads];
  if (constant > 0) fields.push(...limbsOf(instruction.constant, constant));
  if (memoryBytes > 0) fields.push(instruction.offset & 0xffff, instruction.offset >>> 16);
  if (control === 'branch') fields.push(flag === 1 ? instruction.target : pc + 1);
  if (control === 'jump') fields.push(instruction.target);
  if (control === 'call') fields.push(instruction.target, instruction.frame);
  if (control === 'callIndirect') fields.push(instruction.type, instruction.frame);
  return [pc, flag, op, ...fields];
}

/** BLAKE3 over the canonical text of what fixes the machine's behaviour. */
export function programDigest(program: Program): Uint8Array {
  const parts = [
    ...program.code.map((i) =>
      [i.op, i.writes, i.reads, i.constant, i.offset, i.target, i.targets, i.frame, i.type]
        .map((x) => String(x))
        .join(';'),
    ),
    'table',
    ...program.table.map((t) => (t === undefined ? '-' : `${t.entry};${t.type}`)),
    'globals',
    ...program.globals.map((g) => `${g.width};${g.value}`),
    'entry',
    `${program.memoryBytes};${program.entry.pc};${program.entry.fp}`,
    'frames',
    ...[...program.frameSizes].map(([pc, size]) => `${pc};${size}`),
  ];
  const hash = blake3.create();
  hash.update(new TextEncoder().encode(parts.join('\n')));
  for (const d of program.data) {
    hash.update(new TextEncoder().encode(`\n${d.offset};${d.bytes.length}\n`));
    hash.update(d.bytes);
  }
  return hash.digest();
}

/** Whether a pc has a program row. */
export const isProgramPc = (program: Program, pc: number): boolean => pc > TRAP_PC + 1 && pc < program.code.length + 2;
