/**
 * Rewrites wide arithmetic (0xfc 19 to 22: i64.add128, sub128, mul_wide_s, mul_wide_u) into calls of four functions
 * appended to the module, because V8 does not know the instructions yet. Nothing else changes and equal bytes give
 * equal bytes. Only native runs see the result: a proof's program is lowered from the original module.
 */
import { ClientError } from '../../errors.ts';
import { type ByteReader, concat, HEADER, readByte, readU32, section, skipLeb, u32 } from './native-bytes.ts';

export const SECTION = { type: 1, import: 2, function: 3, code: 10 } as const;
const I64 = 0x7e;
const PREFIX = 0xfc;
const [CALL, BR_TABLE, SELECT_TYPED, F32_CONST, F64_CONST] = [0x10, 0x0e, 0x1c, 0x43, 0x44];

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
const BODIES: readonly (readonly number[])[] = [
  [1, 1, I64, GET, 0, GET, 2, ADD, TEE, 4, GET, 1, GET, 3, ADD, GET, 4, GET, 0, LT_U, EXTEND_U, ADD, END],
  [0, GET, 0, GET, 2, SUB, GET, 1, GET, 3, SUB, GET, 0, GET, 2, LT_U, EXTEND_U, SUB, END],
  [...sixLocals, ...LOW_PRODUCT, ...HIGH_PRODUCT, ...correction(0, 1), ...correction(1, 0), END],
  [...sixLocals, ...LOW_PRODUCT, ...HIGH_PRODUCT, END],
];
const TYPES = [0x60, 4, I64, I64, I64, I64, 2, I64, I64, 0x60, 2, I64, I64, 2, I64, I64];
/** Of each body: index among `TYPES`. */
const BODY_TYPES = [0, 0, 1, 1] as const;

export type Section = { readonly id: number; readonly start: number; readonly end: number };

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

  const rewriteCode = ({ start, end }: Section): readonly Uint8Array[] => {
    const reader = { bytes: wasm, position: start };
    const count = readU32(reader);
    const out: Uint8Array[] = [Uint8Array.from(u32(count + BODIES.length))];
    for (let i = 0; i < count; i++) {
      const sizeBytes = readU32(reader);
      const body = rewriteBody(wasm, reader.position, reader.position + sizeBytes, firstHelper);
      rewritten += body.rewritten;
      out.push(Uint8Array.from(u32(body.parts.reduce((sum, part) => sum + part.length, 0))), ...body.parts);
      reader.position += sizeBytes;
    }
    if (reader.position !== end) throw notWasm('code', end);
    for (const body of BODIES) out.push(Uint8Array.from([...u32(body.length), ...body]));
    return out;
  };

  const parts: Uint8Array[] = [Uint8Array.from(HEADER)];
  for (const { id, start, end } of sections) {
    if (id === SECTION.type) {
      const content = [Uint8Array.from(u32(types.count + 2)), wasm.subarray(types.after, end), Uint8Array.from(TYPES)];
      parts.push(...section(id, content));
    } else if (id === SECTION.function) {
      const added = BODY_TYPES.flatMap((type) => u32(types.count + type));
      const counts = Uint8Array.from(u32(functions.count + BODIES.length));
      parts.push(...section(id, [counts, wasm.subarray(functions.after, end), Uint8Array.from(added)]));
    } else if (id === SECTION.code) {
      parts.push(...section(id, rewriteCode({ id, start, end })));
    } else {
      parts.push(...section(id, [wasm.subarray(start, end)]));
    }
  }
  return { bytes: concat(parts), rewritten };
}

/** The sections in file order, each with the range of its content. */
export function sectionsOf(wasm: Uint8Array): readonly Section[] {
  const reader = { bytes: wasm, position: HEADER.length };
  const found: Section[] = [];
  while (reader.position < wasm.length) {
    const id = readByte(reader);
    const sizeBytes = readU32(reader);
    const start = reader.position;
    reader.position += sizeBytes;
    if (reader.position > wasm.length) throw notWasm(`section ${id}`, wasm.length);
    found.push({ id, start, end: reader.position });
  }
  return found;
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

function rewriteBody(
  wasm: Uint8Array,
  start: number,
  end: number,
  firstHelper: number,
): { readonly parts: readonly Uint8Array[]; readonly rewritten: number } {
  const parts: Uint8Array[] = [];
  let kept = start;
  const found = wideInstructions(wasm, start, end);
  for (const { at, after, sub } of found) {
    parts.push(wasm.subarray(kept, at), Uint8Array.from([CALL, ...u32(firstHelper + (WIDE[sub] ?? 0))]));
    kept = after;
  }
  parts.push(wasm.subarray(kept, end));
  return { parts, rewritten: found.length };
}

/** A wide-arithmetic instruction: its offset, the offset after it, its sub-opcode. */
export type WideInstruction = { readonly at: number; readonly after: number; readonly sub: number };

/** The wide-arithmetic instructions of the function body (locals and expression) at start..end. */
export function wideInstructions(wasm: Uint8Array, start: number, end: number): readonly WideInstruction[] {
  const reader: ByteReader = { bytes: wasm, position: start };
  for (let groups = readU32(reader); groups > 0; groups--) {
    readU32(reader);
    readByte(reader);
  }
  const found: WideInstruction[] = [];
  while (reader.position < end) {
    const at = reader.position;
    const opcode = readByte(reader);
    if (opcode !== PREFIX) {
      skipImmediates(reader, opcode, at);
      continue;
    }
    const sub = readU32(reader);
    if (WIDE[sub] === undefined) skipPrefixedImmediates(reader, sub, at);
    else found.push({ at, after: reader.position, sub });
  }
  if (reader.position !== end) throw notWasm('a function body', end);
  return found;
}

function skipImmediates(reader: ByteReader, opcode: number, at: number): void {
  if (opcode === BR_TABLE || opcode === SELECT_TYPED) {
    for (let items = readU32(reader) + (opcode === BR_TABLE ? 1 : 0); items > 0; items--) readU32(reader);
  } else if (opcode === F32_CONST) {
    reader.position += 4;
  } else if (opcode === F64_CONST) {
    reader.position += 8;
  } else {
    for (let numbers = lebImmediates(opcode, at); numbers > 0; numbers--) skipLeb(reader);
  }
}

/** WebAssembly core specification 2.0, section 5.4, without vector instructions: LEB128 numbers after an opcode. */
function lebImmediates(opcode: number, at: number): number {
  const between = (first: number, last: number): boolean => opcode >= first && opcode <= last;
  if (between(0x28, 0x3e) || opcode === 0x11) return 2; // loads, stores; call_indirect
  if (between(0x02, 0x04) || between(0x0c, 0x0d) || opcode === CALL) return 1; // blocks, branches
  if (between(0x20, 0x26) || between(0x3f, 0x42)) return 1; // variables, tables; memory size and growth, constants
  if (opcode === 0xd0 || opcode === 0xd2) return 1; // ref.null, ref.func
  if (between(0x00, 0x01) || opcode === 0x05 || opcode === END || opcode === 0x0f) return 0; // control
  if (between(0x1a, 0x1b) || between(0x45, 0xc4) || opcode === 0xd1) return 0; // drop, select; numeric; ref.is_null
  throw unsupported(`0x${opcode.toString(16)}`, at);
}

function skipPrefixedImmediates(reader: ByteReader, sub: number, at: number): void {
  if (sub <= 7) return; // saturating truncation
  if (sub > 17) throw unsupported(`0xfc ${sub}`, at);
  readU32(reader); // a memory, table, data or element index
  if (sub === 8 || sub === 10 || sub === 12 || sub === 14) readU32(reader); // init and copy name a second one
}

function unsupported(opcode: string, offset: number): ClientError<WidenErrorCode> {
  return new ClientError('opcodeUnsupported', `opcode ${opcode} at offset ${offset} belongs to no supported proposal`, {
    opcode,
    offset,
  });
}

function notWasm(what: string, offset: number): ClientError<WidenErrorCode> {
  return new ClientError('notWasm', `${what} does not end where its size says, at offset ${offset}`, { offset });
}

export type WidenErrorCode = 'notWasm' | 'importNotFunction' | 'opcodeUnsupported';
