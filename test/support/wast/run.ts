import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ClientError } from '../../../client/errors.ts';
import { decodeModule, ValueType } from '../../../client/prover/vm/decode.ts';
import { type Executable, prepare } from '../../../client/prover/vm/executable.ts';
import { Executor } from '../../../client/prover/vm/execute.ts';
import { advanceTo, compiledRun } from '../../../client/prover/vm/fast/advance.ts';
import { COUNTERS } from '../../../client/prover/vm/fast/counters.ts';
import { FastMachine } from '../../../client/prover/vm/fast/machine.ts';
import { fastProgram } from '../../../client/prover/vm/fast/program.ts';
import { lower } from '../../../client/prover/vm/lower.ts';
import { CLOCK_LIMIT } from '../../../client/prover/vm/records.ts';

/** What became of the assertions of one file of the WebAssembly testsuite. */
export type WastReport = {
  readonly file: string;
  total: number;
  passed: number;
  readonly failures: string[];
  /** Assertions that were not run, by reason. */
  readonly excluded: Map<string, number>;
  /** A module or call of the file was left out, so that later state may differ. */
  tainted: boolean;
};

type Value = { readonly type: string; readonly value?: string };
type Action = {
  readonly type: string;
  readonly module?: string;
  readonly field: string;
  readonly args?: readonly Value[];
};
type Command = {
  readonly type: string;
  readonly line: number;
  readonly name?: string;
  readonly filename?: string;
  readonly action?: Action;
  readonly expected?: readonly Value[];
  readonly text?: string;
};

/** Whether wast2json of wabt is installed. */
export function hasWast2json(): boolean {
  try {
    execFileSync('wast2json', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** An executor that keeps memory and globals between calls. */
export type TestMachine = {
  readonly set32: (slot: number, value: number) => void;
  readonly set64: (slot: number, value: bigint) => void;
  /** Unsigned. */
  readonly get32: (slot: number) => number;
  readonly get64: (slot: number) => bigint;
  /** Runs from (pc, fp), with no calls in progress. @returns why it trapped, `halt` if it halted */
  readonly run: (pc: number, fp: number) => string;
};

const MAX_INSTRUCTIONS = 50_000_000;

/** The reference executor. */
export function referenceMachine(executable: Executable): TestMachine {
  const executor = new Executor(executable);
  return {
    set32: (slot, value) => {
      executor.slots32[slot] = value;
    },
    set64: (slot, value) => executor.set64(slot, value),
    get32: (slot) => executor.slots32[slot]! >>> 0,
    get64: (slot) => BigInt.asUintN(64, executor.get64(slot)),
    run: (pc, fp) => {
      executor.unwind();
      const run = executor.runFrom(pc, fp, MAX_INSTRUCTIONS);
      return run.ok ? 'halt' : run.reason;
    },
  };
}

const accessOf = (machine: FastMachine): Omit<TestMachine, 'run'> => ({
  set32: (slot, value) => machine.set32(slot, value),
  set64: (slot, value) => machine.set64(slot, value),
  get32: (slot) => machine.get32(slot),
  get64: (slot) => machine.get64(slot),
});

/** The interpreter of the fast executor. */
export function fastMachine({ program }: Executable): TestMachine {
  const machine = new FastMachine(fastProgram(program), new Uint8Array(0), false);
  return {
    ...accessOf(machine),
    run: (pc, fp) => {
      const { interpreter } = machine;
      interpreter.unwind();
      interpreter.setState(pc, fp, interpreter.nextSegment(interpreter.clock.value));
      const stop = machine.run(MAX_INSTRUCTIONS) ?? { trap: 'instruction limit' };
      machine.endSegment();
      return stop === 'halt' ? stop : stop.trap;
    },
  };
}

/** The fast executor in compiled code, from a program's first row on. */
export function compiledMachine({ program }: Executable): TestMachine {
  const machine = new FastMachine(fastProgram(program, [], 0), new Uint8Array(0), false);
  const compiled = compiledRun(machine, new Float64Array(COUNTERS.length));
  assert.ok(compiled !== undefined);
  return {
    ...accessOf(machine),
    run: (pc, fp) => {
      const { interpreter } = machine;
      interpreter.unwind();
      interpreter.setState(pc, fp, interpreter.nextSegment(interpreter.clock.value));
      const stop = advanceTo(machine, compiled, CLOCK_LIMIT) ?? { trap: 'instruction limit' };
      machine.endSegment();
      return stop === 'halt' ? stop : stop.trap;
    },
  };
}

/** A module with the state that its calls leave behind: linear memory and globals. */
type Live = {
  readonly executable: Executable;
  readonly machine: TestMachine;
  /** Whether the module asks for memory that may grow, which the machine has not. */
  readonly grows: boolean;
  readonly types: ReadonlyMap<
    string,
    { readonly params: readonly ValueType[]; readonly results: readonly ValueType[] }
  >;
};

const INTEGER = new Set(['i32', 'i64']);

/** Runs every assertion of a file that the machine's subset covers. */
export function runWast(path: string, create: (executable: Executable) => TestMachine): WastReport {
  const report: WastReport = {
    file: basename(path),
    total: 0,
    passed: 0,
    failures: [],
    excluded: new Map(),
    tainted: false,
  };
  const dir = mkdtempSync(join(tmpdir(), 'wast-'));
  try {
    const json = join(dir, 'out.json');
    try {
      execFileSync('wast2json', ['--enable-all', path, '-o', json], { stdio: 'ignore' });
    } catch {
      report.excluded.set('wast2json rejects the file', 1);
      return report;
    }
    const { commands } = JSON.parse(readFileSync(json, 'utf8')) as { commands: Command[] };
    let current: Live | string = 'no module';
    const named = new Map<string, Live | string>();
    for (const c of commands) {
      if (c.type === 'module') {
        current = load(readFileSync(join(dir, c.filename!)), create);
        report.tainted ||= typeof current === 'string';
        if (c.name !== undefined) named.set(c.name, current);
      } else if (
        c.type === 'action' ||
        c.type === 'assert_return' ||
        c.type === 'assert_trap' ||
        c.type === 'assert_exhaustion'
      ) {
        const target = c.action!.module === undefined ? current : (named.get(c.action!.module) ?? 'unknown module');
        runCommand(report, c, target);
      } else if (c.type.startsWith('assert_')) {
        // A module that fails half-way may have written to shared tables and memories.
        report.tainted ||= c.type === 'assert_uninstantiable' || c.type === 'assert_unlinkable';
        exclude(report, c.type);
      }
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
  return report;
}

function exclude(report: WastReport, reason: string): void {
  report.total++;
  report.excluded.set(reason, (report.excluded.get(reason) ?? 0) + 1);
}

/** The module ready to be called, or why it is outside the subset. */
function load(bytes: Uint8Array, create: (executable: Executable) => TestMachine): Live | string {
  try {
    const module = decodeModule(bytes);
    const first = [...module.exports].find(([, e]) => e.kind === 0);
    if (first === undefined) return 'module without exported functions';
    const program = lower(module, { entry: first[0] });
    const executable = prepare(program);
    const types = new Map(
      [...program.exports].map(([name, { index }]) => [name, module.types[module.functions[index]!.type]!] as const),
    );
    const grows = module.memory !== undefined && module.memory.maximum !== module.memory.minimum;
    return { executable, machine: create(executable), types, grows };
  } catch (error) {
    if (error instanceof ClientError) return `module outside the subset: ${error.code}`;
    throw error;
  }
}

function runCommand(report: WastReport, c: Command, live: Live | string): void {
  const action = c.action!;
  if (typeof live === 'string') {
    if (c.type !== 'action') exclude(report, live);
    return;
  }
  const type = live.types.get(action.field);
  const values = [...(action.args ?? []), ...(c.expected ?? [])];
  const skip = (reason: string): void => {
    report.tainted = true;
    if (c.type !== 'action') exclude(report, reason);
  };
  if (action.type !== 'invoke' || type === undefined) {
    skip('not a call');
    return;
  }
  if (values.some((v) => !INTEGER.has(v.type)) || [...type.params, ...type.results].some((t) => t < ValueType.i64)) {
    skip('floating point or references');
    return;
  }
  if (c.type !== 'action') report.total++;
  const outcome = invoke(live, action, type);
  if (c.type === 'action') {
    report.tainted ||= outcome.startsWith('trap');
    return;
  }
  const expected =
    c.type === 'assert_return' ? (c.expected ?? []).map((v) => unsigned(v)).join() : `trap ${c.text ?? ''}`;
  const passed = outcome === expected || (c.type !== 'assert_return' && trapMatches(outcome, c.text ?? ''));
  if (passed) report.passed++;
  else if (outcome === 'trap unreachable' && live.executable.program.floats > 0)
    reclass(report, 'runs a floating-point instruction');
  else if (live.grows) reclass(report, 'memory that grows');
  else if (report.tainted) reclass(report, 'depends on a module or call outside the subset');
  else report.failures.push(`${report.file}:${c.line} ${action.field}: expected ${expected}, got ${outcome}`);
}

/** An assertion that was run turns out to be outside the subset. */
function reclass(report: WastReport, reason: string): void {
  report.total--;
  report.tainted = true;
  exclude(report, reason);
}

/** Accesses with an offset of 2^29 or more are lowered to the one trap there is. */
const trapMatches = (outcome: string, text: string): boolean =>
  (outcome === 'trap unreachable' && text === 'out of bounds memory access') ||
  (outcome.startsWith('trap ') && (text.startsWith(outcome.slice(5)) || outcome.slice(5).startsWith(text)));

const unsigned = (v: Value): string => BigInt.asUintN(v.type === 'i64' ? 64 : 32, BigInt(v.value ?? 0)).toString();

/** Results as unsigned decimals, or `trap` and its reason. */
function invoke(
  live: Live,
  action: Action,
  type: { readonly params: readonly ValueType[]; readonly results: readonly ValueType[] },
): string {
  const { executable, machine } = live;
  const { pc } = executable.program.exports.get(action.field)!;
  const { fp } = executable.program.entry;
  type.params.forEach((t, k) => {
    const value = BigInt(action.args![k]!.value ?? 0);
    if (t === ValueType.i64) machine.set64(fp + k, BigInt.asIntN(64, value));
    else machine.set32(fp + k, Number(BigInt.asIntN(32, value)));
  });
  const outcome = machine.run(pc, fp);
  if (outcome === 'halt') return outcome;
  if (outcome !== 'main returned without halt') return `trap ${outcome}`;
  return type.results
    .map((t, k) => (t === ValueType.i64 ? machine.get64(fp + k).toString() : machine.get32(fp + k).toString()))
    .join();
}
