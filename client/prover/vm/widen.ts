/**
 * Rewrites wide arithmetic (0xfc 19 to 22: i64.add128, sub128, mul_wide_s, mul_wide_u) into calls of four functions
 * appended to the module, because V8 does not know the instructions yet. Nothing else changes and equal bytes give
 * equal bytes. Only native runs see the result: a proof's program is lowered from the original module.
 */
import { ClientError } from '../../errors.ts';
import { concat, HEADER, readByte, readU32, SECTION, type Section, section, sectionsOf, u32 } from './native-bytes.ts';
import { CALL, PREFIXED, rewriteBodies } from './native-code.ts';

const I64 = 0x7e;

/** Sub-opcode → which of the appended functions. */
const WIDE: Readonly<Record<number, number>> = { 19: 0, 20: 1, 21: 2, 22: 3 };

const LOW32 = [0x42, 0xff, 0xff, 0xff, 0xff, 0x0f];
const [GET, SET, TEE] = [0x20, 0x21, 0x22];
const [AND, SHR_S, SHR_U, ADD, SUB, MUL, LT_U, EXTEND_U] = [0x83, 0x87, 0x88, 0x7c, 0x7d, 0x7e, 0x54, 0xad];
const SHIFT32 = [0x42, 32, SHR_U];
const END = 0x0b;

/** High word of a · b from four 32-bit products; a, b in locals 0, 1; 2 to 7 are used. */
const HIGH_PRODUCT = [
  ...[GET, 0, ...LOW32, AND, SET, 2, GET, 0, ...SHIFT32, SET, 3],
  ...[GET, 1, ...LOW32, AND, SET, 4, GET, 1, ...SHIFT32, SET, 5],
  ...[GET, 3, GET, 4, MUL, GET, 2, GET, 4, MUL, ...SHIFT32, ADD, SET, 6],
  ...[GET, 2, GET, 5, MUL, GET, 6, ...LOW32, AND, ADD, SET, 7],
  ...[GET, 3, GET, 5, MUL, GET, 6, ...SHIFT32, ADD, GET, 7, ...SHIFT32, ADD],
];
const LOW_PRODUCT = [GET, 0, GET, 1, MUL];
/** minus b where a is negative */
const correction = (a: number, b: number): number[] => [GET, a, 0x42, 63, SHR_S, GET, b, AND, SUB];
const sixLocals = [1, 6, I64];

/** Bodies of the appended functions in the order of `WIDE`; each leaves low, then high on the stack. */
export const WIDE_BODIES: readonly (readonly number[])[] = [
  [1, 1, I64, GET, 0, GET, 2, ADD, TEE, 4, GET, 1, GET, 3, ADD, GET, 4, GET, 0, LT_U, EXTEND_U, ADD, END],
  [0, GET, 0, GET, 2, SUB, GET, 1, GET, 3, SUB, GET, 0, GET, 2, LT_U, EXTEND_U, SUB, END],
  [...sixLocals, ...LOW_PRODUCT, ...HIGH_PRODUCT, ...correction(0, 1), ...correction(1, 0), END],
  [...sixLocals, ...LOW_PRODUCT, ...HIGH_PRODUCT, END],
];
/** Two function types: of four words, and of two. */
export const WIDE_TYPES = [0x60, 4, I64, I64, I64, I64, 2, I64, I64, 0x60, 2, I64, I64, 2, I64, I64];
/** Of each body: index among `WIDE_TYPES`. */
export const WIDE_BODY_TYPES = [0, 0, 1, 1] as const;

/**
 * @param wasm a valid module with integer, bulk-memory, sign-extension and wide-arithmetic instructions
 * @returns the module without wide arithmetic, and how many instructions were rewritten
 * @throws ClientError for bytes that are no module, or an instruction of another proposal
 */
export function widen(wasm: Uint8Array): { readonly bytes: Uint8Array<ArrayBuffer>; readonly rewritten: number } {
  if (!HEADER.every((byte, i) => wasm[i] === byte)) {
    throw new ClientError<WidenErrorCode>('notWasm', 'expected a WebAssembly module of version 1', {});
  }
  const sections = sectionsOf(wasm);
  const countIn = (id: number): { count: number; after: number } => {
    const found = sections.find((s) => s.id === id);
    if (found === undefined) return { count: 0, after: 0 };
    const reader = { bytes: wasm, position: found.start };
    return { count: readU32(reader), after: reader.position };
  };
  const types = countIn(SECTION.type);
  const functions = countIn(SECTION.function);
  const firstHelper = importedFunctions(wasm, sections) + functions.count;
  let rewritten = 0;

  const widened = (opcode: number, sub: number | undefined): readonly number[] | undefined => {
    const helper = opcode === PREFIXED ? WIDE[sub!] : undefined;
    if (helper === undefined) return undefined;
    rewritten++;
    return [CALL, ...u32(firstHelper + helper)];
  };
  const rewriteCode = (code: Section): readonly Uint8Array[] => {
    const bodies = rewriteBodies(wasm, code, widened);
    const added = WIDE_BODIES.map((body) => Uint8Array.from([...u32(body.length), ...body]));
    return [Uint8Array.from(u32(bodies.length + added.length)), ...bodies, ...added];
  };

  const parts: Uint8Array[] = [Uint8Array.from(HEADER)];
  for (const { id, start, end } of sections) {
    if (id === SECTION.type) {
      const content = [
        Uint8Array.from(u32(types.count + 2)),
        wasm.subarray(types.after, end),
        Uint8Array.from(WIDE_TYPES),
      ];
      parts.push(...section(id, content));
    } else if (id === SECTION.function) {
      const added = WIDE_BODY_TYPES.flatMap((type) => u32(types.count + type));
      const counts = Uint8Array.from(u32(functions.count + WIDE_BODIES.length));
      parts.push(...section(id, [counts, wasm.subarray(functions.after, end), Uint8Array.from(added)]));
    } else if (id === SECTION.code) {
      parts.push(...section(id, rewriteCode({ id, start, end })));
    } else {
      parts.push(...section(id, [wasm.subarray(start, end)]));
    }
  }
  return { bytes: concat(parts), rewritten };
}

function importedFunctions(wasm: Uint8Array, sections: readonly Section[]): number {
  const imports = sections.find((s) => s.id === SECTION.import);
  if (imports === undefined) return 0;
  const reader = { bytes: wasm, position: imports.start };
  const count = readU32(reader);
  for (let i = 0; i < count; i++) {
    for (let name = 0; name < 2; name++) {
      const length = readU32(reader);
      reader.position += length;
    }
    const kind = readByte(reader);
    if (kind !== 0) {
      throw new ClientError<WidenErrorCode>('importNotFunction', `import ${i} has kind ${kind}, expected a function`, {
        import: i,
        kind,
      });
    }
    readU32(reader);
  }
  return count;
}

/** The bytes are no module, or one that imports more than functions. */
export type WidenErrorCode = 'notWasm' | 'importNotFunction';
