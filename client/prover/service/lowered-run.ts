/** The guest as the zkVM has it: lowered, and run instruction by instruction. */
import { claimOfPublicValues } from '../guest/claim.ts';
import type { Guest } from '../guest/module.ts';
import type { BlockClaim } from '../interface.ts';
import { decodeModule } from '../vm/decode.ts';
import { prepare } from '../vm/executable.ts';
import { Executor } from '../vm/execute.ts';
import { FIRST_PC } from '../vm/isa.ts';
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
  const executable = prepare(program);
  return (input) => {
    const start = performance.now();
    const result = new Executor(executable, input).run();
    const { instructions, byPc } = result.profile;
    const counts = { instructions, instructionsByOperation: byOperation(program, byPc), ms: performance.now() - start };
    if (result.ok) return { ...counts, ok: true, claim: claimOfPublicValues(result.publicValues) };
    return { ...counts, ok: false, reason: result.reason, place: functionAt(program, result.pc) };
  };
}

function byOperation(program: Program, byPc: Float64Array): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const [i, { op }] of program.code.entries()) {
    const executed = byPc[i] ?? 0;
    if (executed > 0) counts.set(op, (counts.get(op) ?? 0) + executed);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

function functionAt(program: Program, pc: number): string {
  if (pc < FIRST_PC) return 'an unreachable instruction';
  return program.functions.findLast((f) => f.pc <= pc)?.name ?? `pc ${pc}`;
}
