import { MAX_ADVANCE } from '../record.ts';
import { CompiledRun } from './compiled/run.ts';
import type { FastMachine, Stop } from './machine.ts';

/** Cells of a row at most, so that a block's fit in its budget. */
const MAX_ROW_CELLS = 2 ** 20;

/** Compiled code for a run, if its program is compiled. @param cost cells of a row, by counter */
export function compiledRun(machine: FastMachine, cost: Float64Array): CompiledRun | undefined {
  if (!cost.every((c) => Number.isInteger(c) && c <= MAX_ROW_CELLS)) return undefined;
  const compiled = machine.program.compilation.get();
  return compiled === undefined ? undefined : new CompiledRun(machine, compiled, cost);
}

/**
 * Takes a run on: in compiled code where that can begin and gets anywhere within the limits, else in the interpreter.
 * @param rows that surely fit, whatever they cost; at least 1
 * @returns undefined if the run can go on
 */
export function advance(
  machine: FastMachine,
  compiled: CompiledRun | undefined,
  rows: number,
  left: { readonly rows: number; readonly clocks: number; readonly cells: number },
): Stop | undefined {
  if (compiled?.canEnter) {
    const { pc, clock } = machine;
    const stop = compiled.advance(Math.min(left.rows, Math.floor(left.clocks / MAX_ADVANCE)), left.cells);
    if (stop !== undefined || machine.pc !== pc || machine.clock !== clock) return stop;
  }
  const stop = machine.step(compiled === undefined ? rows : Math.min(rows, compiled.strayRows));
  machine.program.compilation.add(machine.stepped);
  return stop;
}

/**
 * Takes a run on without limits but for its clock, which stays below `limit`.
 * @returns undefined if the run can go on
 */
export function advanceTo(machine: FastMachine, compiled: CompiledRun | undefined, limit: number): Stop | undefined {
  for (;;) {
    const clocks = limit - 1 - machine.clock;
    const rows = Math.floor(clocks / MAX_ADVANCE);
    if (rows === 0) return undefined;
    const stop = advance(machine, compiled, rows, { rows, clocks, cells: Number.MAX_SAFE_INTEGER });
    if (stop !== undefined) return stop;
  }
}
