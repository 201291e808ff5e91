import { bytesFromBase64 } from '../../../base64.ts';
import type { RowType } from '../flat-records.ts';
import { INTERPRETER_BASE64 } from '../generated/interpreter.ts';
import { compileNativeArithmetic, type NativeArithmetic } from '../native-arithmetic.ts';
import type { Program } from '../program.ts';
import { type Compiled, compile } from './compiled/module.ts';
import { encode, type Image } from './encode.ts';
import { memoryLayout } from './memory-layout.ts';

type Place = { readonly value: number };

/** What the interpreter's module exports (`assembly/index.ts`); addresses are bytes of its memory. */
export type Interpreter = {
  readonly COUNTS: Place;
  readonly TYPES: Place;
  readonly KECCAK: Place;
  readonly UNALIGNED: Place;
  readonly SLOTS32: Place;
  readonly SLOTS64: Place;
  readonly RETURNS: Place;
  readonly CODE: Place;
  readonly INSTRUCTION_BYTES: Place;
  readonly ip: Place;
  readonly fp: Place;
  readonly clock: Place;
  readonly left: Place;
  readonly base: Place;
  readonly listEnd: Place;
  readonly boundaries: Place;
  readonly boundaryCount: Place;
  readonly refreshes: Place;
  readonly refreshCount: Place;
  readonly place: (...regions: number[]) => void;
  readonly setState: (pc: number, fp: number, clock: number) => void;
  readonly setUnaligned: (load: number, store: number, copy: number) => void;
  readonly unwind: () => void;
  readonly runFirst: (rows: number) => number;
  readonly runRecording: (rows: number) => number;
  readonly hostOperand: (k: number) => number;
  readonly hostCallFirst: (reads: number, addresses: number, inputs: number, outputs: number, advance: number) => void;
  readonly hostCallRecording: Interpreter['hostCallFirst'];
  readonly placeList: (at: number) => void;
  readonly setListEnd: (end: number) => void;
  readonly reserve: (end: bigint) => number;
  readonly nextSegment: (clock: number) => number;
  readonly endSegment: () => number;
  readonly epochOf: (space: number, address: number) => number;
  readonly addCalls: (count: number) => void;
  readonly renewSlot: (cell: number, clock: number) => number;
  readonly renewSlots: (list: number, count: number, frame: number, clock: number) => void;
  readonly renewLinear: (at: number, cell: number, clock: number) => number;
  readonly unalignedFirst: (pc: number, address: number, bytes: number, clock: number) => void;
  readonly resumeFirst: (pc: number, fp: number, clock: number, rows: number) => number;
};

/** A program that the fast executor runs; made once per program and list of row types. */
export type FastProgram = {
  readonly program: Program;
  /** In the order that records and counts have. */
  readonly types: readonly RowType[];
  readonly module: WebAssembly.Module;
  readonly image: Image;
  readonly arithmetic: NativeArithmetic;
  readonly compilation: Compilation;
};

/**
 * Rows after which a program is compiled. Compiling it and V8's optimising take as long as the interpreter takes for some
 * 10^8 rows: a block proven alone never pays for that, a prover's every block does.
 */
const ROWS_BEFORE_COMPILING = 2 ** 25;

/**
 * @param types who proves which instruction; empty for runs whose rows nobody counts or records
 * @param rowsBeforeCompiling that the interpreter runs, in all first runs of the program; infinite for never
 */
export function fastProgram(
  program: Program,
  types: readonly RowType[] = [],
  rowsBeforeCompiling = ROWS_BEFORE_COMPILING,
): FastProgram {
  const module = new WebAssembly.Module(bytesFromBase64(INTERPRETER_BASE64));
  const { SLOTS32, SLOTS64, RETURNS, CODE } = instantiate(
    module,
    new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true }),
  );
  const regions = { slots32: SLOTS32.value, slots64: SLOTS64.value, code: CODE.value };
  const image = encode(program, types, regions);
  const places = { ...regions, returns: RETURNS.value, functions: image.functions };
  const compilation = new Compilation(rowsBeforeCompiling, () => {
    const { linear, times, blocks, lists } = memoryLayout({ program, image });
    return compile(program, { ...places, linear, times, blocks, lists });
  });
  return { program, types, module, image, arithmetic: compileNativeArithmetic(), compilation };
}

/** A program's compiled form, made once the interpreter has run it for a while. */
export class Compilation {
  private rows = 0;
  private compiled: Compiled | undefined;
  private readonly rowsBefore: number;
  private readonly make: () => Compiled;

  constructor(rowsBefore: number, make: () => Compiled) {
    this.rowsBefore = rowsBefore;
    this.make = make;
  }

  /** Counts rows that the interpreter ran. */
  add(rows: number): void {
    this.rows += rows;
  }

  /** @returns undefined as long as it does not pay */
  get(): Compiled | undefined {
    if (this.compiled === undefined && this.rows >= this.rowsBefore) this.compiled = this.make();
    return this.compiled;
  }
}

/** An interpreter over this memory; blocks the calling thread. */
export const instantiate = (module: WebAssembly.Module, memory: WebAssembly.Memory): Interpreter =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as Interpreter;
