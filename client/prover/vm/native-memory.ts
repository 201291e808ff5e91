/**
 * The linear memory of native runs. A guest declares far more than a run touches (1 GiB, of which a block's validation
 * needs 2 to 12 MiB), and engines make a run pay for what is declared: reserving it, and collecting garbage because of it.
 * So the module is rewritten to import its memory and gets a smaller one, which the next run of its size uses again.
 */
import { concat, HEADER, nameBytes, readU32, SECTION, s64, section, sectionsOf, u32 } from './native-bytes.ts';
import { rewriteBodies } from './native-code.ts';

const [MEMORY_SIZE, MEMORY_GROW, CONST, EQZ, MUL, SUB] = [0x3f, 0x40, 0x41, 0x45, 0x6c, 0x6b];
const MEMORY_IMPORT = 2;

/** Pages of 64 KiB that the module's memory has by its own account; 0 without a memory. */
export type WithImportedMemory = { readonly bytes: Uint8Array<ArrayBuffer>; readonly pages: number };

/**
 * Lets the module import its memory, of any size, as `module.name`. Its instructions still find the declared minimum, and
 * that it never grows, as in the proven machine (`memoryGrow` of `lower-function.ts`). Nothing else changes.
 *
 * @param wasm a valid module of what `rewriteBodies` knows that imports functions only
 * @throws ClientError as `rewriteBodies`
 */
export function importMemory(wasm: Uint8Array, module: string, name: string): WithImportedMemory {
  const sections = sectionsOf(wasm);
  const pages = declaredPages(wasm);
  const size = [CONST, ...s64(BigInt(pages))];
  // Growing by 0 gives the size, by anything else −1: (amount = 0) · (size + 1) − 1.
  const grown = [EQZ, CONST, ...s64(BigInt(pages + 1)), MUL, CONST, 1, SUB];
  const entry = Uint8Array.from([...nameBytes(module), ...nameBytes(name), MEMORY_IMPORT, 0, 0]);
  const parts: Uint8Array[] = [Uint8Array.from(HEADER)];
  let imported = false;
  for (const part of sections) {
    const { id, start, end } = part;
    if (id === SECTION.import) {
      const reader = { bytes: wasm, position: start };
      const count = Uint8Array.from(u32(readU32(reader) + 1));
      parts.push(...section(id, [count, wasm.subarray(reader.position, end), entry]));
      imported = true;
      continue;
    }
    if (!imported && id > SECTION.import) {
      parts.push(...section(SECTION.import, [Uint8Array.of(1), entry]));
      imported = true;
    }
    if (id === SECTION.memory) continue;
    if (id === SECTION.code) {
      const replacement = (opcode: number): readonly number[] | undefined =>
        opcode === MEMORY_SIZE ? size : opcode === MEMORY_GROW ? grown : undefined;
      const bodies = rewriteBodies(wasm, part, replacement);
      parts.push(...section(id, [Uint8Array.from(u32(bodies.length)), ...bodies]));
    } else {
      parts.push(...section(id, [wasm.subarray(start, end)]));
    }
  }
  return { bytes: concat(parts), pages };
}

function declaredPages(wasm: Uint8Array): number {
  const found = sectionsOf(wasm).find(({ id }) => id === SECTION.memory);
  if (found === undefined) return 0;
  const reader = { bytes: wasm, position: found.start };
  if (readU32(reader) === 0) return 0;
  readU32(reader); // whether there is a maximum
  return readU32(reader);
}

const PAGE_BYTES = 65536;
/** Above this a run gets all pages that the module declares: clearing what was used would cost as much as new memory. */
const MAX_REUSED_PAGES = 1024;
/**
 * What a validation touches: stack and constants, then the heap, 2 to 4 times the input for most blocks of mainnet. A run
 * that needs more is made again with all pages.
 */
const FIXED_BYTES = 2 * 2 ** 20;
const BYTES_PER_INPUT_BYTE = 4;

/** Pages that probably suffice for an input: a power of two, or all that are declared. */
export function likelyPages(inputBytes: number, declared: number): number {
  const pages = 2 ** Math.ceil(Math.log2((FIXED_BYTES + BYTES_PER_INPUT_BYTE * inputBytes) / PAGE_BYTES));
  return pages <= MAX_REUSED_PAGES && pages < declared ? pages : declared;
}

/** Memory for one run after another, never for two at a time. */
export class ReusedMemory {
  #last: WebAssembly.Memory | undefined;

  /** Memory of zeros: that of the last run where it has the size. */
  take(pages: number): WebAssembly.Memory {
    if (this.#last?.buffer.byteLength === pages * PAGE_BYTES) {
      new Uint8Array(this.#last.buffer).fill(0);
      return this.#last;
    }
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    if (pages <= MAX_REUSED_PAGES) this.#last = memory;
    return memory;
  }
}
