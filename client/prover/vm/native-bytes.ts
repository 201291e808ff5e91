/** Reading and writing the WebAssembly binary format: what the rewrite for V8 and the native host functions need. */
import { ClientError } from '../../errors.ts';

/** Bytes of a WebAssembly file from `position` on. */
export type ByteReader = { readonly bytes: Uint8Array; position: number };

/** @throws ClientError `wasmTruncated` */
export function readByte(reader: ByteReader): number {
  const byte = reader.bytes[reader.position++];
  if (byte === undefined) {
    throw new ClientError<WasmBytesErrorCode>(
      'wasmTruncated',
      `expected more bytes of WebAssembly, it ends at offset ${reader.bytes.length}`,
      { offset: reader.bytes.length },
    );
  }
  return byte;
}

/** An unsigned LEB128 number below 2^32. */
export function readU32(reader: ByteReader): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = readByte(reader);
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
}

/** Passes over a LEB128 number of any width. */
export function skipLeb(reader: ByteReader): void {
  while (readByte(reader) >= 128);
}

/** Unsigned LEB128 of 0 ≤ value < 2^32. */
export function u32(value: number): number[] {
  const out = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
  out.push(rest);
  return out;
}

/** Signed LEB128 of the number's low 64 bits. */
export function s64(value: bigint): number[] {
  const out = [];
  let rest = BigInt.asIntN(64, value);
  for (;;) {
    const low = Number(rest & 127n);
    rest >>= 7n;
    if ((rest === 0n && (low & 64) === 0) || (rest === -1n && (low & 64) !== 0)) {
      out.push(low);
      return out;
    }
    out.push(low | 128);
  }
}

/** A name of ASCII characters, as imports and exports have it. */
export function nameBytes(name: string): number[] {
  return [...u32(name.length), ...Array.from(name, (character) => character.charCodeAt(0))];
}

export const HEADER: readonly number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

export const SECTION = { type: 1, import: 2, function: 3, memory: 5, code: 10 } as const;
/** `start`, `end`: byte range of the content. */
export type Section = { readonly id: number; readonly start: number; readonly end: number };

/** The sections in file order, each with the range of its content. */
export function sectionsOf(wasm: Uint8Array): readonly Section[] {
  const reader = { bytes: wasm, position: HEADER.length };
  const found: Section[] = [];
  while (reader.position < wasm.length) {
    const id = readByte(reader);
    const sizeBytes = readU32(reader);
    const start = reader.position;
    reader.position += sizeBytes;
    if (reader.position > wasm.length) throw misplacedEnd(`section ${id}`, wasm.length);
    found.push({ id, start, end: reader.position });
  }
  return found;
}

/** For a part that does not end where its size says. */
export function misplacedEnd(what: string, offset: number): ClientError<WasmBytesErrorCode> {
  return new ClientError('notWasm', `${what} does not end where its size says, at offset ${offset}`, { offset });
}

/** A section: id, size, content. */
export function section(id: number, content: readonly Uint8Array[]): readonly Uint8Array[] {
  const sizeBytes = content.reduce((sum, part) => sum + part.length, 0);
  return [Uint8Array.of(id, ...u32(sizeBytes)), ...content];
}

/** A fresh copy of the parts, one behind the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The bytes end too early, or are no module. */
export type WasmBytesErrorCode = 'wasmTruncated' | 'notWasm';
