import { bytesFromBase64 } from '../../base64.ts';
import { type EvaluateNodes, NODE_WORDS } from '../air/evaluate.ts';
import { EXT_WORDS } from '../field/ext-vec.ts';
import type { FoldRows } from '../field/fold-rows.ts';
import { BLOCK_WORDS, DIGEST_WORDS, isLittleEndian } from '../hash/blake3.ts';
import type { ManyInputs } from '../hash/hash-many.ts';
import { VERIFIER_KERNELS_BASE64 } from './generated/verifier-kernels.ts';
import type { VerifierKernels } from './interface.ts';

/** What the module exports; addresses and sizes are in bytes. */
type Module = {
  readonly memory: WebAssembly.Memory;
  hashMany(
    ...[inputs, stride, count, bytes, key, counter, step, flags, first, last, out, working]: readonly number[]
  ): void;
  foldBaseRows(rows: number, count: number, columns: number, weights: number, out: number): void;
  foldExtRows(rows: number, count: number, columns: number, weights: number, out: number, working: number): void;
  evaluateNodes(program: number, count: number, cells: number, publics: number, values: number): void;
};

const WORD_BYTES = 4;
const PAGE_BYTES = 2 ** 16;
const LANES = 4;

/** Words: intermediate values, then a key, then what a call brings. */
const WORKING = 0;
const KEY = 256;
const DATA = 512;

/**
 * The verifier's kernels in WebAssembly, one instance with a memory of its own; undefined where there is no WebAssembly or
 * no SIMD, where a page's policy forbids it, and where words are not stored as WebAssembly stores them.
 */
export function wasmKernels(): VerifierKernels | undefined {
  if (!isLittleEndian || typeof WebAssembly === 'undefined') return undefined;
  const bytes = bytesFromBase64(VERIFIER_KERNELS_BASE64);
  if (!WebAssembly.validate(bytes)) return undefined;
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(bytes);
  } catch (error) {
    // What is valid and does not compile is refused by the page's policy.
    if (error instanceof WebAssembly.CompileError || error instanceof EvalError) return undefined;
    throw error;
  }
  return kernelsOf(new WebAssembly.Instance(module).exports as unknown as Module);
}

function kernelsOf(module: Module): VerifierKernels {
  const { memory } = module;
  let all = new Uint32Array(memory.buffer);
  /** The memory, with room for `count` words. */
  const room = (count: number): Uint32Array => {
    const lacking = count * WORD_BYTES - memory.buffer.byteLength;
    if (lacking > 0) {
      memory.grow(Math.ceil(lacking / PAGE_BYTES));
      all = new Uint32Array(memory.buffer);
    }
    return all;
  };

  const hashMany = ({ words: inputs, stride, count, length, key, ...o }: ManyInputs): Uint32Array => {
    const lanes = Math.ceil(count / LANES) * LANES;
    // A lane without an input reads what is there, and the last block of an input past its end.
    const out = DATA + lanes * stride + length + BLOCK_WORDS;
    const words = room(out + lanes * DIGEST_WORDS);
    words.set(key, KEY);
    words.set(inputs.subarray(0, Math.max(0, (count - 1) * stride + length)), DATA);
    module.hashMany(
      ...[DATA * WORD_BYTES, stride * WORD_BYTES, count, length * WORD_BYTES, KEY * WORD_BYTES, o.counter, o.step],
      ...[o.flags, o.first, o.last, out * WORD_BYTES, WORKING * WORD_BYTES],
    );
    return words.slice(out, out + count * DIGEST_WORDS);
  };

  const foldRows: FoldRows = (rows, count, weights, entries) => {
    const [rowsAt, weightsAt] = [DATA, DATA + rows.length];
    const out = weightsAt + weights.length;
    const words = room(out + count * EXT_WORDS);
    words.set(rows, rowsAt);
    words.set(weights, weightsAt);
    const columns = weights.length / EXT_WORDS;
    const places = [rowsAt * WORD_BYTES, count, columns, weightsAt * WORD_BYTES, out * WORD_BYTES] as const;
    if (entries === 'base') module.foldBaseRows(...places);
    else module.foldExtRows(...places, WORKING * WORD_BYTES);
    return words.slice(out, out + count * EXT_WORDS);
  };

  const evaluateNodes: EvaluateNodes = (program, cells, publics) => {
    const count = program.length / NODE_WORDS;
    const [programAt, cellsAt] = [DATA, DATA + program.length];
    const publicsAt = cellsAt + cells.length;
    const out = publicsAt + publics.length;
    const words = room(out + count * EXT_WORDS);
    words.set(program, programAt);
    words.set(cells, cellsAt);
    words.set(publics, publicsAt);
    module.evaluateNodes(
      ...([programAt * WORD_BYTES, count, cellsAt * WORD_BYTES, publicsAt * WORD_BYTES, out * WORD_BYTES] as const),
    );
    return words.slice(out, out + count * EXT_WORDS);
  };

  return { name: 'wasm', hashMany, foldRows, evaluateNodes };
}
