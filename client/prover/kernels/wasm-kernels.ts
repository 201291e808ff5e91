import { isLittleEndian } from '../hash/blake3.ts';
import type { ManyInputs } from '../hash/hash-many.ts';
import { VERIFIER_KERNELS_BASE64 } from './generated/verifier-kernels.ts';
import type { VerifierKernels } from './interface.ts';

/** What the module exports; addresses and sizes are in bytes. */
type Module = {
  readonly memory: WebAssembly.Memory;
  hashMany(
    ...[inputs, stride, count, bytes, key, counter, step, flags, first, last, out, working]: readonly number[]
  ): void;
};

const WORD_BYTES = 4;
const PAGE_BYTES = 2 ** 16;
const LANES = 4;
const DIGEST_WORDS = 8;
const BLOCK_WORDS = 16;

/** Words: intermediate values, then a key, then what a call brings. */
const WORKING = 0;
const KEY = 256;
const DATA = 512;

/**
 * The verifier's kernels in WebAssembly, one instance with a memory of its own; undefined where there is no WebAssembly or
 * no SIMD, where a page's policy forbids it, and where words are not stored as WebAssembly stores them.
 */
export function wasmKernels(): VerifierKernels | undefined {
  if (!isLittleEndian) return undefined;
  try {
    const bytes = Uint8Array.from(atob(VERIFIER_KERNELS_BASE64), (c) => c.charCodeAt(0));
    const module = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as Module;
    return kernelsOf(module);
  } catch {
    return undefined;
  }
}

function kernelsOf(module: Module): VerifierKernels {
  const { memory } = module;
  let words = new Uint32Array(memory.buffer);
  /** The memory, with room for `count` words. */
  const room = (count: number): Uint32Array => {
    const lacking = count * WORD_BYTES - memory.buffer.byteLength;
    if (lacking > 0) {
      memory.grow(Math.ceil(lacking / PAGE_BYTES));
      words = new Uint32Array(memory.buffer);
    }
    return words;
  };

  const hashMany = ({ words: inputs, stride, count, length, key, ...o }: ManyInputs): Uint32Array => {
    const all = Math.ceil(count / LANES) * LANES;
    // A lane without an input reads what is there, and the last block of an input past its end.
    const out = DATA + all * stride + length + BLOCK_WORDS;
    const memory = room(out + all * DIGEST_WORDS);
    memory.set(key, KEY);
    memory.set(inputs.subarray(0, Math.max(0, (count - 1) * stride + length)), DATA);
    module.hashMany(
      ...[DATA * WORD_BYTES, stride * WORD_BYTES, count, length * WORD_BYTES, KEY * WORD_BYTES, o.counter, o.step],
      ...[o.flags, o.first, o.last, out * WORD_BYTES, WORKING * WORD_BYTES],
    );
    return memory.slice(out, out + count * DIGEST_WORDS);
  };
  return { name: 'wasm', hashMany };
}
