/**
 * Runs a guest module natively in the JavaScript engine: the same bytes that are proven, after `widen`
 * and `importMemory`. It gives the
 * public values or the reason why there are none, and proves nothing.
 */
import { ClientError } from '../../errors.ts';
import { HOST_CALLS, type HostCall, type Region } from './host-calls.ts';
import { createNativeArithmetic, type NativeArithmetic } from './native-arithmetic.ts';
import { keccakModule } from './native-keccak.ts';
import { importMemory, likelyPages, ReusedMemory } from './native-memory.ts';
import { widen } from './widen.ts';

/** A compiled guest; reusable: each run has an instance of its own, over memory that is zero again. */
export type NativeModule = {
  readonly guest: WebAssembly.Module;
  /** Pages of memory that the guest declares. */
  readonly pages: number;
  readonly memory: ReusedMemory;
  readonly keccak: WebAssembly.Module;
  readonly arithmetic: NativeArithmetic;
};

/** How a native run ended, after how many ms. */
export type NativeResult =
  /** `publicValues`: the 144 bytes that the guest gave to `halt` */
  | { readonly ok: true; readonly publicValues: Uint8Array; readonly ms: number }
  /** `code`: what the guest gave to `fail`; 0 for a trap */
  | { readonly ok: false; readonly code: number; readonly reason: string; readonly ms: number };

const PUBLIC_VALUES_BYTES = 144;
const [CELL_BYTES, WORD_BYTES] = [8, 4];
/** Where the guest's imports come from, its memory among them after the rewrite. */
const [HOST, MEMORY] = ['zkvm', 'memory'];
const FUNCTIONS: ReadonlySet<string> = new Set([
  'input_size',
  'input_read',
  'keccak_f',
  'mulmod256',
  'advice',
  'ec_msm',
  'halt',
  'fail',
]);

/**
 * @param wasm the guest as it is proven
 * @throws ClientError `importUnknown` for a module that needs another host function; those of `widen`
 */
export async function compileNative(wasm: Uint8Array): Promise<NativeModule> {
  const { bytes, pages } = importMemory(widen(wasm).bytes, HOST, MEMORY);
  const guest = await WebAssembly.compile(bytes);
  for (const { module, name, kind } of WebAssembly.Module.imports(guest)) {
    if (module === HOST && (kind === 'memory' || FUNCTIONS.has(name))) continue;
    throw new ClientError<NativeErrorCode>(
      'importUnknown',
      `the guest imports ${module}.${name}, which does not exist`,
      {
        module,
        name,
      },
    );
  }
  const keccak = await WebAssembly.compile(keccakModule());
  return { guest, pages, memory: new ReusedMemory(), keccak, arithmetic: await createNativeArithmetic() };
}

/** Thrown through the guest's frames when it ends by itself: one object, since each new error would walk the stack. */
const ENDED = new Error('the guest ended');
type End =
  | { readonly ok: true; readonly publicValues: Uint8Array }
  | { readonly ok: false; readonly code: number; readonly reason: string };
type Trap = { readonly trap: string };

/**
 * Runs the module on an input; never throws for what the guest does. `ms` is without compilation. As if in an instance of
 * its own with all memory that the module declares: a run that halts or fails in a smaller one has stayed within it, hence
 * would do the same; one that traps may have missed the rest and is made again.
 */
export function runNative(module: NativeModule, input: Uint8Array): NativeResult {
  const start = performance.now();
  const pages = likelyPages(input.length, module.pages);
  let end = attempt(module, input, pages);
  if ('trap' in end && pages < module.pages) end = attempt(module, input, module.pages);
  const result: End = 'trap' in end ? { ok: false, code: 0, reason: `trap: ${end.trap}` } : end;
  return { ...result, ms: performance.now() - start };
}

function attempt(module: NativeModule, input: Uint8Array, pages: number): End | Trap {
  let end: End | undefined;
  try {
    execute(module, input, module.memory.take(pages), (by) => {
      end = by;
      throw ENDED;
    });
    return { trap: 'main returned without halt' };
  } catch (error) {
    if (error === ENDED && end !== undefined) return end;
    return { trap: error instanceof Error ? error.message : String(error) };
  }
}

function execute(
  { guest, keccak, arithmetic }: NativeModule,
  input: Uint8Array,
  memory: WebAssembly.Memory,
  end: (by: End) => never,
): void {
  let position = 0;
  const words = new Uint32Array(memory.buffer);
  const bytesAt = (pointer: number, sizeBytes: number): Uint8Array =>
    new Uint8Array(memory.buffer, pointer >>> 0, sizeBytes >>> 0);
  const unaligned = (pointer: number): never => {
    throw new Error(`pointer ${pointer >>> 0} is not a multiple of 8`);
  };
  const aligned = (pointer: number): number => ((pointer & 7) === 0 ? pointer : unaligned(pointer));
  const hostCall =
    (name: keyof NativeArithmetic) =>
    (...operands: number[]): void =>
      callHost(words, HOST_CALLS[name]!, arithmetic[name], operands);
  const permutation = new WebAssembly.Instance(keccak, { guest: { memory, unaligned } });
  const instance = new WebAssembly.Instance(guest, {
    [HOST]: {
      [MEMORY]: memory,
      input_size: () => input.length,
      input_read(pointer: number, sizeBytes: number): void {
        const length = sizeBytes >>> 0;
        if (length % 8 !== 0 || position + length > input.length)
          throw new Error('input_read past the end of the input');
        bytesAt(aligned(pointer), length).set(input.subarray(position, position + length));
        position += length;
      },
      // Itself an exported function of WebAssembly, so that no JavaScript stands between the two modules.
      keccak_f: permutation.exports.keccak_f as (pointer: number) => void,
      mulmod256: hostCall('mulmod256'),
      advice: hostCall('advice'),
      ec_msm: hostCall('ecMsm'),
      halt: (pointer: number) =>
        end({ ok: true, publicValues: bytesAt(aligned(pointer), PUBLIC_VALUES_BYTES).slice() }),
      fail: (code: number, pointer: number, sizeBytes: number) =>
        end({ ok: false, code, reason: new TextDecoder().decode(bytesAt(pointer, sizeBytes)) }),
    },
  });
  (instance.exports.main as () => void)();
}

/** The same accesses as the executors make, cell by cell, and the same reasons to trap. */
function callHost(
  memory: Uint32Array,
  { inputs, output, inputCells }: HostCall,
  compute: NativeArithmetic[keyof NativeArithmetic],
  operands: number[],
): void {
  for (let k = 0; k < operands.length; k++) operands[k]! >>>= 0;
  const isUnaligned = ([operand]: Region): boolean => operands[operand]! % CELL_BYTES !== 0;
  const isOutside = ([operand, cells]: Region): boolean => operands[operand]! + cells * CELL_BYTES > memory.byteLength;
  if (inputs.some(isUnaligned) || isUnaligned(output)) throw new Error('unaligned pointer');
  if (inputs.some(isOutside) || isOutside(output)) throw new Error('out of bounds memory access');
  const values = new Uint32Array(2 * inputCells);
  let filled = 0;
  for (const [operand, cells] of inputs) {
    const at = operands[operand]! / WORD_BYTES;
    values.set(memory.subarray(at, at + 2 * cells), filled);
    filled += 2 * cells;
  }
  const result = compute(operands, values);
  if (typeof result === 'string') throw new Error(result);
  memory.set(result, operands[output[0]]! / WORD_BYTES);
}

/** The guest imports what the host does not offer. */
export type NativeErrorCode = 'importUnknown';
