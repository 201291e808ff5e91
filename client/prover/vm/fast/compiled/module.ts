/**
 * A program as one WebAssembly module over the interpreter's memory: a function for each of the program's. What it does to
 * memory, times and counts is what the interpreter does, except that a block of rows does it at once: its cost is taken off
 * the budget and it is counted when it begins, and each slot's time goes from the block's first access to the last one.
 * The run can go on in the interpreter, and back, where a block begins.
 */
import { FIRST_PC, TRAP_PC } from '../../isa.ts';
import { concat, HEADER, section, u32 } from '../../native-bytes.ts';
import type { Program } from '../../program.ts';
import { WIDE_TYPES } from '../../widen.ts';
import { usualCounter } from '../counters.ts';
import { type Block, functionsOf } from './blocks.ts';
import { CodeBuffer } from './code-buffer.ts';
import { FunctionWriter } from './function-writer.ts';
import { helpers } from './helpers.ts';
import { FUNCTION, type Places, TYPE } from './layout.ts';

const [I32, I64, MUTABLE] = [0x7f, 0x7e, 1];

/** A program's module, and where a run may enter it. */
export type Compiled = {
  readonly module: WebAssembly.Module;
  readonly places: Places;
  readonly blocks: readonly Block[];
  /** What stands at `places.lists`. */
  readonly lists: Uint8Array;
  /** By pc − FIRST_PC: the block that the row belongs to, among `blocks`. */
  readonly blockOf: Int32Array;
  /** By pc − FIRST_PC: the row's counter, if its address is aligned. */
  readonly counterOf: Uint8Array;
  /** By block: its function's place in the module's table. */
  readonly functionOf: Int32Array;
};

const text = (name: string): number[] => [name.length, ...[...name].map((c) => c.charCodeAt(0))];
const sectionOf = (id: number, items: readonly (readonly number[])[]): readonly Uint8Array[] =>
  section(id, [Uint8Array.from([...u32(items.length), ...items.flat()])]);

const TYPES = [
  [0x60, 2, I32, I32, 1, I32],
  [0x60, 3, I32, I32, I32, 1, I32],
  [0x60, 4, I32, I32, I32, I32, 0],
  [0x60, 4, I32, I32, I32, I32, 1, I32],
];
const MODULE = text('vm');
/** Shared memory of up to 4 GiB. */
const MEMORY = [2, 3, 1, ...u32(65_536)];
const IMPORTS = [
  [...MODULE, ...text('memory'), ...MEMORY],
  [...MODULE, ...text('renewSlot'), 0, TYPE.two],
  [...MODULE, ...text('renewSlots'), 0, TYPE.fourToNothing],
  [...MODULE, ...text('renewLinear'), 0, TYPE.three],
  [...MODULE, ...text('unalignedFirst'), 0, TYPE.fourToNothing],
  [...MODULE, ...text('resumeFirst'), 0, TYPE.four],
  [...MODULE, ...text('host'), 0, TYPE.three],
  [...MODULE, ...text('ip'), 3, I32, MUTABLE],
  [...MODULE, ...text('clock'), 3, I32, MUTABLE],
];
const END = 0x0b;
const global32 = [I32, MUTABLE, 0x41, 0, END];
const global64 = [I64, MUTABLE, 0x42, 0, END];
/** In the order of GLOBAL, behind the imported ones. */
const GLOBALS = [global64, global64, global64, global32, global32, global32, global32];
const EXPORTED_GLOBALS = ['budget', 'reserved', 'unalignedCost', 'clock', 'exitPc', 'exitFrame', 'exitDepth'];

/** Compiles a program whose runs have their memory laid out as `places` says. */
export function compile(program: Program, places: Places): Compiled {
  const functions = functionsOf(program);
  const numberAt = new Map(program.functions.map(({ pc }, n) => [pc, n]));
  const body = new CodeBuffer();
  const code = new CodeBuffer();
  const own = helpers(places);
  code.u32(own.length + functions.length);
  const add = (bytes: Uint8Array): void => {
    code.u32(bytes.length);
    code.append(bytes);
  };
  for (const helper of own) add(Uint8Array.from(helper.body));
  const writer = new FunctionWriter(body, program, places, numberAt);
  for (const f of functions) {
    body.clear();
    writer.write(f);
    add(body.bytes);
  }
  const { table } = program;
  const indexAt = (pc: number): number =>
    pc === TRAP_PC ? FUNCTION.unreachable : FUNCTION.program + numberAt.get(pc)!;
  const elements = [
    ...table.map((element) => indexAt(element?.entry ?? TRAP_PC)),
    ...functions.map((_, n) => FUNCTION.program + n),
  ];
  const bytes = concat([
    Uint8Array.from(HEADER),
    ...section(1, [Uint8Array.from([TYPES.length + 2, ...TYPES.flat(), ...WIDE_TYPES])]),
    ...sectionOf(2, IMPORTS),
    ...sectionOf(3, [...own.map(({ type }) => [type]), ...functions.map(() => [TYPE.three])]),
    ...sectionOf(4, [[0x70, 0, ...u32(elements.length)]]),
    ...sectionOf(6, GLOBALS),
    ...sectionOf(7, [
      [...text('enter'), 0, FUNCTION.enter],
      ...EXPORTED_GLOBALS.map((name, k) => [...text(name), 3, 2 + k]),
    ]),
    ...sectionOf(9, [[0, 0x41, 0, END, ...u32(elements.length), ...elements.flatMap(u32)]]),
    ...section(10, [code.bytes]),
  ]);
  const blocks = functions.flatMap((f) => f.blocks);
  const blockOf = new Int32Array(program.code.length);
  blocks.forEach(({ first, end }, k) => {
    blockOf.fill(k, first - FIRST_PC, end - FIRST_PC);
  });
  const functionOf = Int32Array.from(functions.flatMap((f, n) => f.blocks.map(() => table.length + n)));
  const counterOf = Uint8Array.from(program.code, ({ op }) => usualCounter(op));
  const lists = writer.slotLists.slice();
  return { module: new WebAssembly.Module(bytes), places, blocks, lists, blockOf, counterOf, functionOf };
}
