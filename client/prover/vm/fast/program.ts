import type { RowType } from '../flat-records.ts';
import { INTERPRETER_BASE64 } from '../generated/interpreter.ts';
import { compileNativeArithmetic, type NativeArithmetic } from '../native-arithmetic.ts';
import type { Program } from '../program.ts';
import { encode, type Image } from './encode.ts';

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
};

/** A program that the fast executor runs; made once per program and list of row types. */
export type FastProgram = {
  readonly program: Program;
  /** In the order that records and counts have. */
  readonly types: readonly RowType[];
  readonly module: WebAssembly.Module;
  readonly image: Image;
  readonly arithmetic: NativeArithmetic;
};

/** @param types who proves which instruction; empty for runs whose rows nobody counts or records */
export function fastProgram(program: Program, types: readonly RowType[] = []): FastProgram {
  const text = atob(INTERPRETER_BASE64);
  const module = new WebAssembly.Module(Uint8Array.from(text, (c) => c.charCodeAt(0)));
  const { SLOTS32, SLOTS64, CODE } = instantiate(
    module,
    new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true }),
  );
  const image = encode(program, types, { slots32: SLOTS32.value, slots64: SLOTS64.value, code: CODE.value });
  return { program, types, module, image, arithmetic: compileNativeArithmetic() };
}

export const instantiate = (module: WebAssembly.Module, memory: WebAssembly.Memory): Interpreter =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as Interpreter;
