import { FIRST_PC, INSTRUCTIONS } from '../../isa.ts';
import { COUNTERS } from '../counters.ts';
import type { FastMachine, Stop } from '../machine.ts';
import { type Block, MAX_BLOCK_ROWS } from './blocks.ts';
import { blockCosts } from './costs.ts';
import { BLOCK_BYTES, COUNT, SLOT_BYTES, STATUS } from './layout.ts';
import type { Compiled } from './module.ts';

/** What a program's module exports. */
type Exports = {
  readonly enter: (frame: number, entry: number, place: number) => number;
  readonly budget: { value: bigint };
  readonly reserved: { value: bigint };
  readonly unalignedCost: { value: bigint };
  readonly clock: { value: number };
  readonly exitPc: Place;
  readonly exitFrame: Place;
  readonly exitDepth: Place;
};
type Place = { readonly value: number };

/** Rows between two looks at limits and memory. */
const ROUND_ROWS = 2 ** 18;
/** Calls of the host between two looks at memory. */
const ROUND_CALLS = 2 ** 10;
/** Most cells that a budget holds: its lower half's sign says that they are spent. */
const MAX_CELLS = 2 ** 31 - 1;
/** Rows that the interpreter runs to get on from a row where compiled code cannot begin. */
const STRAY_ROWS = 64;

/** Compiled code at work on a machine's run. */
export class CompiledRun {
  /** What blocks of the present segment cost, in rows and cells; rows that the interpreter ran are not among them. */
  rows = 0;
  cells = 0;
  private readonly machine: FastMachine;
  private readonly compiled: Compiled;
  private readonly exports: Exports;
  private readonly cost: Float64Array;
  /** Cells that unaligned accesses of one block may cost beyond its own cost, at most. */
  private readonly margin: number;
  /** Rows that were counted with their block and did not run. */
  private readonly undone = new Float64Array(COUNTERS.length);
  private stop: Stop | undefined;
  /** Calls of the host in this round. */
  private calls = 0;

  /** @param cost cells of a row by counter, whole numbers */
  constructor(machine: FastMachine, compiled: Compiled, cost: Float64Array) {
    this.machine = machine;
    this.compiled = compiled;
    this.cost = cost;
    const { interpreter, memory } = machine;
    const instance = new WebAssembly.Instance(compiled.module, {
      vm: {
        memory,
        renewSlot: interpreter.renewSlot,
        renewSlots: interpreter.renewSlots,
        renewLinear: interpreter.renewLinear,
        unalignedFirst: interpreter.unalignedFirst,
        resumeFirst: interpreter.resumeFirst,
        ip: interpreter.ip as WebAssembly.Global,
        clock: interpreter.clock as WebAssembly.Global,
        host: (pc: number, frame: number, clock: number) => this.host(pc, frame, clock),
      },
    });
    this.exports = instance.exports as Exports;
    const { unaligned, words } = blockCosts(compiled, cost);
    this.exports.unalignedCost.value = BigInt(unaligned);
    this.margin = unaligned * MAX_BLOCK_ROWS;
    machine.words.set(words, compiled.places.blocks / 4);
    machine.bytes.set(compiled.lists, compiled.places.lists);
  }

  /** Whether compiled code can go on where the run stands. */
  get canEnter(): boolean {
    const { pc } = this.machine;
    const block = this.blockAt(pc);
    return block?.first === pc && block.entry !== undefined;
  }

  /** Rows that the interpreter should run where compiled code cannot. */
  get strayRows(): number {
    const { pc } = this.machine;
    const block = this.blockAt(pc);
    return block === undefined || block.kind !== 'straight' ? STRAY_ROWS : block.end - pc;
  }

  /**
   * Runs up to `rows` rows of up to `cells` cells; `rows` and `cells` say how many, but for those of the interpreter.
   * @returns undefined if the run can go on
   */
  advance(rows: number, cells: number): Stop | undefined {
    const cellsLeft = Math.min(Math.floor(cells) - this.margin, MAX_CELLS);
    if (cellsLeft < 0) return undefined;
    const { exports, machine } = this;
    const round = Math.min(rows, ROUND_ROWS);
    machine.reserveEntries(round, ROUND_CALLS);
    this.calls = 0;
    const start = (BigInt(round) << 32n) + BigInt(cellsLeft);
    exports.budget.value = start;
    exports.reserved.value = 0n;
    let stop: Stop | undefined;
    let goesOn = true;
    while (goesOn && stop === undefined && this.canEnter) {
      const status = this.enter();
      if (status === STATUS.stopped) stop = this.stop;
      else if (status === STATUS.leftBlock) stop = machine.step(1);
      else goesOn = false;
    }
    const spent = start - exports.budget.value - exports.reserved.value;
    const spentCells = BigInt.asIntN(32, spent);
    this.cells += Number(spentCells);
    this.rows += Number((spent - spentCells) >> 32n);
    return stop;
  }

  /** Adds the rows of each counter since the last call. */
  takeCounts(counts: Float64Array): void {
    const { blocks, places, counterOf } = this.compiled;
    const { words } = this.machine;
    let at = (places.blocks + COUNT) / 4;
    for (let number = 0; number < blocks.length; number++, at += BLOCK_BYTES / 4) {
      const n = words[at]!;
      if (n === 0) continue;
      words[at] = 0;
      const { first, end } = blocks[number]!;
      for (let k = first - FIRST_PC; k < end - FIRST_PC; k++) counts[counterOf[k]!]! += n;
    }
    for (let k = 0; k < counts.length; k++) counts[k]! -= this.undone[k]!;
    this.undone.fill(0);
    this.rows = 0;
    this.cells = 0;
  }

  private blockAt(pc: number): Block | undefined {
    return this.compiled.blocks[this.compiled.blockOf[pc - FIRST_PC] ?? -1];
  }

  /** Enters the module where the run stands and sets where it leaves it. */
  private enter(): number {
    const { machine, exports, compiled } = this;
    const { interpreter, pc } = machine;
    const at = compiled.blockOf[pc - FIRST_PC]!;
    exports.clock.value = interpreter.clock.value;
    const status = exports.enter(SLOT_BYTES * machine.fp, compiled.blocks[at]!.entry!, compiled.functionOf[at]!);
    if (status === STATUS.stopped) return status;
    const exit = exports.exitPc.value;
    const clock = exports.clock.value - (status === STATUS.leftBlock ? this.undo(exit) : 0);
    interpreter.addCalls(exports.exitDepth.value);
    interpreter.setState(exit, exports.exitFrame.value / SLOT_BYTES, clock);
    return status;
  }

  /** Takes back the rows of the block from `pc` on. @returns their clocks */
  private undo(pc: number): number {
    const { code } = this.machine.program.program;
    const { end } = this.blockAt(pc)!;
    let clocks = 0;
    for (let k = pc - FIRST_PC; k < end - FIRST_PC; k++) {
      const counter = this.compiled.counterOf[k]!;
      this.undone[counter]! += 1;
      this.rows--;
      this.cells -= this.cost[counter]!;
      clocks += INSTRUCTIONS[code[k]!.op].advance;
    }
    return clocks;
  }

  /** One row of the interpreter in the midst of compiled code. @returns the clock behind it, 0 if the run ends with it */
  private host(pc: number, frame: number, clock: number): number {
    const { machine } = this;
    machine.interpreter.setState(pc, frame / SLOT_BYTES, clock);
    if (++this.calls % ROUND_CALLS === 0) machine.reserveEntries(ROUND_ROWS, ROUND_CALLS);
    this.stop = machine.stepReserved(1);
    if (this.stop !== undefined) return 0;
    return machine.interpreter.clock.value;
  }
}
