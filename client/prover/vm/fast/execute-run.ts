import type { TrapReason } from '../execute.ts';
import type { OpName } from '../isa.ts';
import { CLOCK_LIMIT } from '../records.ts';
import { advanceTo, compiledRun } from './advance.ts';
import type { CompiledRun } from './compiled/run.ts';
import { COUNTERS } from './counters.ts';
import { FastMachine } from './machine.ts';
import type { FastProgram } from './program.ts';

/** How a run ended, and how often each instruction ran; a resumable one counts each of its rows. */
export type ExecuteResult = { readonly instructions: number; readonly byOp: ReadonlyMap<OpName, number> } & (
  | { readonly ok: true; readonly publicValues: Uint8Array }
  | { readonly ok: false; readonly reason: TrapReason; readonly pc: number }
);

/**
 * Runs a program to its end.
 * @throws ClientError `fastExecutorMemory`
 */
export function execute(program: FastProgram, input: Uint8Array): ExecuteResult {
  const machine = new FastMachine(program, input, false);
  const byOp = new Map<OpName, number>();
  const noCost = new Float64Array(COUNTERS.length);
  let compiled: CompiledRun | undefined;
  let instructions = 0;
  for (;;) {
    compiled ??= compiledRun(machine, noCost);
    const stop = advanceTo(machine, compiled, CLOCK_LIMIT);
    const counts = machine.counts();
    compiled?.takeCounts(counts);
    counts.forEach((n, k) => {
      const { op } = COUNTERS[k]!;
      if (n > 0) byOp.set(op, (byOp.get(op) ?? 0) + n);
      instructions += n;
    });
    if (stop === 'halt') return { ok: true, publicValues: machine.publicValues!, instructions, byOp };
    if (stop !== undefined) return { ok: false, reason: stop.trap, pc: stop.pc, instructions, byOp };
    machine.endSegment();
  }
}
