/** The guest as the zkVM has it: lowered, and run instruction by instruction. */
import { cutBlock } from '../engine/block-segments.ts';
import { sizeOf } from '../engine/prove-guest.ts';
import { claimOfPublicValues } from '../guest/claim.ts';
import type { Guest } from '../guest/module.ts';
import type { BlockClaim, ProfileId } from '../interface.ts';
import { buildZkVm, type ZkVm } from '../machine/zkvm.ts';
import { decodeModule } from '../vm/decode.ts';
import { MAX_SLOTS } from '../vm/execute.ts';
import { execute } from '../vm/fast/execute-run.ts';
import { firstRun } from '../vm/fast/first-run.ts';
import { type FastProgram, fastProgram } from '../vm/fast/program.ts';
import { FIRST_PC } from '../vm/isa.ts';
import { lower } from '../vm/lower.ts';
import type { Program } from '../vm/program.ts';

/** What the zkVM's executor made of an input, and how large a proof of it would be. */
export type LoweredRun = {
  readonly instructions: number;
  /** operation → how often it ran, most frequent first */
  readonly instructionsByOperation: Readonly<Record<string, number>>;
  readonly ms: number;
} & (
  | ({ readonly ok: true; readonly claim: BlockClaim } & RunSize)
  /** `place`: the guest's function that trapped */
  | { readonly ok: false; readonly reason: string; readonly place: string }
);

/** What a proof of the run would hold. */
export type RunSize = {
  readonly segments: number;
  /** of all tables, padding included */
  readonly cells: number;
  readonly interactions: number;
  /** rows of the chips that execute instructions, most first */
  readonly rowsByChip: Readonly<Record<string, number>>;
};

/** Lowers the guest once; the returned function runs it on the bytes of an input. */
export function createLoweredRunner(guest: Guest): (input: Uint8Array) => LoweredRun {
  const program = lower(decodeModule(guest.wasm));
  const vm = buildZkVm<ProfileId>(program, 'P100', MAX_SLOTS);
  const fast = fastProgram(program, vm.rowTypes);
  return (input) => {
    const start = performance.now();
    const result = execute(fast, input);
    const { instructions, byOp } = result;
    const counts = { instructions, instructionsByOperation: mostFrequentFirst(byOp), ms: performance.now() - start };
    if (result.ok)
      return { ...counts, ok: true, claim: claimOfPublicValues(result.publicValues), ...runSize(vm, fast, input) };
    return { ...counts, ok: false, reason: result.reason, place: functionAt(program, result.pc) };
  };
}

function runSize(vm: ZkVm<ProfileId>, fast: FastProgram, input: Uint8Array): RunSize {
  const cut = cutBlock(vm, fast, input);
  if (!cut.ok) throw new Error(`the run that halted traps when it is cut: ${cut.reason}`);
  const rows = new Map<string, number>();
  for (const { rowCounts } of firstRun(fast, input))
    rowCounts.forEach((count, k) => {
      const { id } = vm.rowTypes[k]!;
      if (count > 0) rows.set(id, (rows.get(id) ?? 0) + count);
    });
  return { ...sizeOf(vm, cut.block.statements), rowsByChip: mostFrequentFirst(rows) };
}

const mostFrequentFirst = (counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> =>
  Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));

function functionAt(program: Program, pc: number): string {
  if (pc < FIRST_PC) return 'an unreachable instruction';
  return program.functions.findLast((f) => f.pc <= pc)?.name ?? `pc ${pc}`;
}
