/** The guest as the zkVM has it: lowered, and run instruction by instruction. */
import { claimOfPublicValues } from '../guest/claim.ts';
import type { Guest } from '../guest/module.ts';
import type { BlockClaim } from '../interface.ts';
import { decodeModule } from '../vm/decode.ts';
import { execute } from '../vm/fast/execute-run.ts';
import { fastProgram } from '../vm/fast/program.ts';
import { FIRST_PC, type OpName } from '../vm/isa.ts';
import { lower } from '../vm/lower.ts';
import type { Program } from '../vm/program.ts';

export type LoweredRun = {
  readonly instructions: number;
  /** operation → how often it ran, most frequent first */
  readonly instructionsByOperation: Readonly<Record<string, number>>;
  readonly ms: number;
} & (
  | { readonly ok: true; readonly claim: BlockClaim }
  /** `place`: the guest's function that trapped */
  | { readonly ok: false; readonly reason: string; readonly place: string }
);

/** Lowers the guest once; the returned function runs it on the bytes of an input. */
export function createLoweredRunner(guest: Guest): (input: Uint8Array) => LoweredRun {
  const program = lower(decodeModule(guest.wasm));
  const fast = fastProgram(program);
  return (input) => {
    const start = performance.now();
    const result = execute(fast, input);
    const { instructions, byOp } = result;
    const counts = { instructions, instructionsByOperation: mostFrequentFirst(byOp), ms: performance.now() - start };
    if (result.ok) return { ...counts, ok: true, claim: claimOfPublicValues(result.publicValues) };
    return { ...counts, ok: false, reason: result.reason, place: functionAt(program, result.pc) };
  };
}

const mostFrequentFirst = (byOp: ReadonlyMap<OpName, number>): Readonly<Record<string, number>> =>
  Object.fromEntries([...byOp].sort(([, a], [, b]) => b - a));

function functionAt(program: Program, pc: number): string {
  if (pc < FIRST_PC) return 'an unreachable instruction';
  return program.functions.findLast((f) => f.pc <= pc)?.name ?? `pc ${pc}`;
}
