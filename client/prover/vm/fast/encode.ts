/** Programs in the form that the interpreter walks: the layout of `assembly/layout.ts`. */
import type { RowType } from '../flat-records.ts';
import { HOST_CALLS } from '../host-calls.ts';
import { FIRST_PC, INSTRUCTIONS, type Instruction, type Width } from '../isa.ts';
import type { Program, ProgramInstruction } from '../program.ts';

/** Addresses that the interpreter's module names. */
export type Regions = { readonly slots32: number; readonly slots64: number; readonly code: number };

const INSTRUCTION_BYTES = 32;
const SLOT_BYTES = 16;
const ELEMENT_BYTES = 16;
const TYPE_BYTES = 16;
/** Opcodes of what is not in the instruction set. */
const HOST_CALL = 252;
const HALTED = 253;
const UNREACHABLE = 254;

/** A program as the interpreter finds it in memory from `code` on. */
export type Image = { readonly bytes: Uint8Array<ArrayBuffer>; readonly code: number; readonly functions: number };

/**
 * Code, then branch tables, then the function table.
 * @param types row types; instructions of none of them get the number behind the last one
 */
export function encode(program: Program, types: readonly RowType[], regions: Regions): Image {
  const { code, table } = program;
  const targets = code.reduce((n, c) => n + (c.op === 'brTable' ? c.targets.length : 0), 0);
  const size = (code.length + FIRST_PC + 1) * INSTRUCTION_BYTES + 4 * targets + ELEMENT_BYTES * table.length;
  const view = new DataView(new ArrayBuffer(size));
  const typeOf = new Map(types.flatMap((t, i) => (t.byAddress ? [] : t.ops.map((op) => [op, i] as const))));
  const addressOf = (pc: number): number => regions.code + INSTRUCTION_BYTES * pc;
  const slot = (width: Width, n: number): number => (width === 32 ? regions.slots32 : regions.slots64) + SLOT_BYTES * n;
  const end = (code.length + FIRST_PC) * INSTRUCTION_BYTES;
  for (const [at, op] of [
    [0, UNREACHABLE],
    [INSTRUCTION_BYTES, HALTED],
    [end, UNREACHABLE],
  ] as const) {
    view.setUint8(at, op);
    view.setUint16(at + 2, TYPE_BYTES * types.length, true);
  }
  let next = end + INSTRUCTION_BYTES;
  code.forEach((c, k) => {
    const at = INSTRUCTION_BYTES * (k + FIRST_PC);
    const { op, reads, writes, advance }: Instruction = INSTRUCTIONS[c.op];
    view.setUint8(at, c.op in HOST_CALLS ? HOST_CALL : op);
    view.setUint8(at + 1, advance);
    view.setUint16(at + 2, TYPE_BYTES * (typeOf.get(c.op) ?? types.length), true);
    const put = (offset: number, value: number): void => view.setUint32(at + offset, value, true);
    c.writes.slice(0, 1).forEach((w, n) => {
      put(4, slot(writes[n]!, w));
    });
    c.reads.forEach((r, n) => {
      put(8 + 4 * n, slot(reads[n]!, r));
    });
    encodeRest(c, put, { slot, addressOf, table: regions.code + next, program });
    if (c.op === 'brTable') {
      c.targets.forEach((pc, n) => {
        view.setUint32(next + 4 * n, addressOf(pc), true);
      });
      next += 4 * c.targets.length;
    }
  });
  table.forEach((element, n) => {
    if (element === undefined) return;
    const at = next + ELEMENT_BYTES * n;
    view.setUint32(at, addressOf(element.entry), true);
    view.setInt32(at + 4, element.type, true);
    view.setUint32(at + 8, SLOT_BYTES * (program.frameSizes.get(element.entry) ?? 0), true);
  });
  return { bytes: new Uint8Array(view.buffer), code: regions.code, functions: regions.code + next };
}

type Places = {
  readonly slot: (width: Width, n: number) => number;
  readonly addressOf: (pc: number) => number;
  /** Where the next branch table goes. */
  readonly table: number;
  readonly program: Program;
};

/** The words whose meaning depends on the instruction. */
function encodeRest(
  c: ProgramInstruction,
  put: (offset: number, value: number) => void,
  { slot, addressOf, table, program }: Places,
): void {
  const { control, constant, memoryBytes, writes }: Instruction = INSTRUCTIONS[c.op];
  if (constant > 0) {
    put(24, Number(BigInt.asUintN(32, c.constant)));
    put(28, Number(BigInt.asUintN(32, c.constant >> 32n)));
  }
  if (memoryBytes > 0) put(16, c.offset);
  if (control === 'next' && writes.length === 2) put(20, slot(64, c.writes[1]!));
  if (c.reads.length === 4) put(24, slot(64, c.reads[3]!));
  if (control === 'jump' || control === 'branch' || control === 'call') put(16, addressOf(c.target));
  if (control === 'table') {
    put(16, table);
    put(20, c.targets.length - 1);
  }
  if (control === 'call' || control === 'callIndirect') put(20, SLOT_BYTES * c.frame);
  if (control === 'call') put(24, SLOT_BYTES * (program.frameSizes.get(c.target) ?? 0));
  if (control === 'callIndirect') put(24, c.type >>> 0);
}
