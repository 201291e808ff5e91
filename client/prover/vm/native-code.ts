/** Walking over the instructions of function bodies: what a rewrite for V8 needs to replace some of them. */
import { ClientError } from '../../errors.ts';
import {
  type ByteReader,
  concat,
  misplacedEnd,
  readByte,
  readU32,
  type Section,
  skipLeb,
  u32,
} from './native-bytes.ts';

export const CALL = 0x10;
/** Prefix of the instructions that have a second number. */
export const PREFIXED = 0xfc;
const [BR_TABLE, SELECT_TYPED, F32_CONST, F64_CONST, END] = [0x0e, 0x1c, 0x43, 0x44, 0x0b];
/** Wide arithmetic, the only prefixed instructions without immediates beside the saturating truncations. */
const [WIDE_FIRST, WIDE_LAST, TRUNCATION_LAST, TABLE_LAST] = [19, 22, 7, 17];

/** Bytes in place of an instruction, whole with its immediates; undefined leaves it. `sub` is the number after `PREFIXED`. */
export type Replacement = (opcode: number, sub: number | undefined) => readonly number[] | undefined;

/**
 * The function bodies of the code section, each with its size in front, after the replacements.
 *
 * @throws ClientError `opcodeUnsupported` for an instruction of another proposal than integers, floats, bulk memory, sign
 *   extension, references and wide arithmetic; `notWasm`, `wasmTruncated` for bytes that are no code section
 */
export function rewriteBodies(wasm: Uint8Array, code: Section, replacement: Replacement): readonly Uint8Array[] {
  const reader = { bytes: wasm, position: code.start };
  const bodies: Uint8Array[] = [];
  for (let count = readU32(reader); count > 0; count--) {
    const sizeBytes = readU32(reader);
    const body = rewriteBody(wasm, reader.position, reader.position + sizeBytes, replacement);
    bodies.push(concat([Uint8Array.from(u32(body.reduce((sum, part) => sum + part.length, 0))), ...body]));
    reader.position += sizeBytes;
  }
  if (reader.position !== code.end) throw misplacedEnd('code', code.end);
  return bodies;
}

/** Locals and expression at start..end. */
function rewriteBody(wasm: Uint8Array, start: number, end: number, replacement: Replacement): readonly Uint8Array[] {
  const reader: ByteReader = { bytes: wasm, position: start };
  for (let groups = readU32(reader); groups > 0; groups--) {
    readU32(reader);
    readByte(reader);
  }
  const parts: Uint8Array[] = [];
  let kept = start;
  while (reader.position < end) {
    const at = reader.position;
    const opcode = readByte(reader);
    let sub: number | undefined;
    if (opcode === PREFIXED) {
      sub = readU32(reader);
      skipPrefixedImmediates(reader, sub, at);
    } else {
      skipImmediates(reader, opcode, at);
    }
    const bytes = replacement(opcode, sub);
    if (bytes === undefined) continue;
    parts.push(wasm.subarray(kept, at), Uint8Array.from(bytes));
    kept = reader.position;
  }
  if (reader.position !== end) throw misplacedEnd('a function body', end);
  parts.push(wasm.subarray(kept, end));
  return parts;
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
  if (sub <= TRUNCATION_LAST || (sub >= WIDE_FIRST && sub <= WIDE_LAST)) return;
  if (sub > TABLE_LAST) throw unsupported(`0xfc ${sub}`, at);
  readU32(reader); // a memory, table, data or element index
  if (sub === 8 || sub === 10 || sub === 12 || sub === 14) readU32(reader); // init and copy name a second one
}

function unsupported(opcode: string, offset: number): ClientError<NativeCodeErrorCode> {
  return new ClientError('opcodeUnsupported', `opcode ${opcode} at offset ${offset} belongs to no supported proposal`, {
    opcode,
    offset,
  });
}

/** An instruction that the rewriting does not know. */
export type NativeCodeErrorCode = 'opcodeUnsupported';
