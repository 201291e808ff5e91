/**
 * Runs a guest module natively in the JavaScript engine: the same bytes that are proven, after `widen`. It gives the
 * public values or the reason why there are none, and proves nothing.
 */
import { ClientError } from '../../errors.ts';
import { HOST_CALLS } from './host-calls.ts';
import { createNativeArithmetic, type NativeArithmetic } from './native-arithmetic.ts';
import { keccakModule } from './native-keccak.ts';
import { widen } from './widen.ts';

/** A compiled guest; reusable, each run has its own instance. */
export type NativeModule = {
  readonly guest: WebAssembly.Module;
  readonly keccak: WebAssembly.Module;
  readonly arithmetic: NativeArithmetic;
};

export type NativeResult =
  /** `publicValues`: the 144 bytes that the guest gave to `halt` */
  | { readonly ok: true; readonly publicValues: Uint8Array; readonly ms: number }
  /** `code`: what the guest gave to `fail`; 0 for a trap */
  | { readonly ok: false; readonly code: number; readonly reason: string; readonly ms: number };

const PUBLIC_VALUES_BYTES = 144;
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
  const guest = await WebAssembly.compile(widen(wasm).bytes);
  for (const { module, name } of WebAssembly.Module.imports(guest)) {
    if (module === 'zkvm' && FUNCTIONS.has(name)) continue;
    throw new ClientError<NativeErrorCode>(
      'importUnknown',
      `the guest imports ${module}.${name}, which does not exist`,
      {
        module,
        name,
      },
    );
  }
  return { guest, keccak: await WebAssembly.compile(keccakModule()), arithmetic: await createNativeArithmetic() };
}

/** How a run ends by itself: thrown through the guest's frames. */
class Ended extends Error {
  readonly result: { readonly ok: true; readonly publicValues: Uint8Array } | Failure;

  constructor(result: Ended['result']) {
    super('the guest ended');
    this.result = result;
  }
}
type Failure = { readonly ok: false; readonly code: number; readonly reason: string };

/** Runs the module on an input; never throws for what the guest does. `ms` is without compilation. */
export function runNative(module: NativeModule, input: Uint8Array): NativeResult {
  const start = performance.now();
  let result: Ended['result'];
  try {
    execute(module, input);
    result = { ok: false, code: 0, reason: 'trap: main returned without halt' };
  } catch (error) {
    if (error instanceof Ended) result = error.result;
    else result = { ok: false, code: 0, reason: `trap: ${error instanceof Error ? error.message : String(error)}` };
  }
  return { ...result, ms: performance.now() - start };
}

function execute({ guest, keccak, arithmetic }: NativeModule, input: Uint8Array): void {
  let position = 0;
  let permute: (pointer: number) => void;
  let memory: WebAssembly.Memory;
  const bytesAt = (pointer: number, sizeBytes: number): Uint8Array =>
    new Uint8Array(memory.buffer, pointer >>> 0, sizeBytes >>> 0);
  const aligned = (pointer: number): number => {
    if ((pointer & 7) !== 0) throw new Error(`pointer ${pointer >>> 0} is not a multiple of 8`);
    return pointer;
  };
  const hostCall =
    (name: keyof NativeArithmetic) =>
    (...operands: number[]): void =>
      callHost(memory, name, arithmetic[name], operands);
  const instance = new WebAssembly.Instance(guest, {
    zkvm: {
      input_size: () => input.length,
      input_read(pointer: number, sizeBytes: number): void {
        const length = sizeBytes >>> 0;
        if (length % 8 !== 0 || position + length > input.length)
          throw new Error('input_read past the end of the input');
        bytesAt(aligned(pointer), length).set(input.subarray(position, position + length));
        position += length;
      },
      keccak_f: (pointer: number) => permute(aligned(pointer)),
      mulmod256: hostCall('mulmod256'),
      advice: hostCall('advice'),
      ec_msm: hostCall('ecMsm'),
      halt(pointer: number): void {
        throw new Ended({ ok: true, publicValues: bytesAt(aligned(pointer), PUBLIC_VALUES_BYTES).slice() });
      },
      fail(code: number, pointer: number, sizeBytes: number): void {
        throw new Ended({ ok: false, code, reason: new TextDecoder().decode(bytesAt(pointer, sizeBytes)) });
      },
    },
  });
  const exported = instance.exports as { memory: WebAssembly.Memory; main: () => void };
  memory = exported.memory;
  const hash = new WebAssembly.Instance(keccak, { guest: { memory } });
  permute = hash.exports.keccak_f as (pointer: number) => void;
  exported.main();
}

/** Cell by cell as the executors do, and with the same reasons to trap. */
function callHost(
  memory: WebAssembly.Memory,
  name: keyof NativeArithmetic,
  compute: NativeArithmetic[typeof name],
  operands: number[],
): void {
  for (let k = 0; k < operands.length; k++) operands[k]! >>>= 0;
  const accessed = HOST_CALLS[name]!.cells(operands);
  if (typeof accessed === 'string') throw new Error(accessed);
  const { inputs, outputs } = accessed;
  const words = new Uint32Array(memory.buffer);
  const cells = words.length / 2;
  if (inputs.some((cell) => cell >= cells) || outputs.some((cell) => cell >= cells))
    throw new Error('out of bounds memory access');
  const values = new Uint32Array(2 * inputs.length);
  for (let k = 0; k < values.length; k++) values[k] = words[2 * inputs[k >> 1]! + (k & 1)]!;
  const result = compute(operands, values);
  if (typeof result === 'string') throw new Error(result);
  for (let k = 0; k < result.length; k++) words[2 * outputs[k >> 1]! + (k & 1)] = result[k]!;
}

export type NativeErrorCode = 'importUnknown';
