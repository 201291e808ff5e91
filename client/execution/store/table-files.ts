/**
 * LevelDB's tables against the checksums in them. The binding reads without comparing these, and LevelDB ends the process
 * where a key is not one, so that whoever opens a database has to know first that its tables are what was written.
 * Format: LevelDB, doc/table_format.md.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { systemReason } from '../../errors.ts';
import { crc32c } from './crc32c.ts';

// The package's module build has no synchronous start; its CommonJS build has.
const { decompress_raw }: typeof import('snappy-wasm') = createRequire(import.meta.url)('snappy-wasm');

const FOOTER_BYTES = 48;
const MAGIC = 0xdb4775248b80fb57n;
/** Behind each block: how it is compressed, and the checksum of both. */
const TRAILER_BYTES = 5;
const [PLAIN, SNAPPY] = [0, 1];

/** Those of a database's files that are tables. */
export function tableNames(files: readonly string[]): readonly string[] {
  return files.filter((name) => /^\d+\.(ldb|sst)$/.test(name));
}

/**
 * Reads tables whole, one after the other.
 * @param names those that are gone meanwhile, since LevelDB has merged them, are left out
 * @returns what is wrong with the first damaged one, undefined where all are as they were written
 */
export function damageOfTables(path: string, names: readonly string[]): string | undefined {
  for (const name of names) {
    try {
      checkTable(readFileSync(join(path, name)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      return `${name}: ${systemReason(error)}`;
    }
  }
  return undefined;
}

function checkTable(file: Uint8Array): void {
  if (file.length < FOOTER_BYTES) throw new Error(`${file.length} bytes are no table`);
  const footer = file.subarray(file.length - FOOTER_BYTES);
  const view = new DataView(footer.buffer, footer.byteOffset, FOOTER_BYTES);
  if (view.getBigUint64(FOOTER_BYTES - 8, true) !== MAGIC) throw new Error('its last bytes are not those of a table');
  const reader = new Reader(footer);
  const metaIndex = readHandle(reader);
  const index = readHandle(reader);
  for (const block of [metaIndex, index])
    for (const { value } of entriesOf(checkedBlock(file, block))) checkedBlock(file, readHandle(new Reader(value)));
}

type Handle = { readonly offset: number; readonly size: number };

/** A block's contents, decompressed. */
function checkedBlock(file: Uint8Array, { offset, size }: Handle): Uint8Array {
  if (offset + size + TRAILER_BYTES > file.length) throw new Error(`its block at ${offset} ends behind it`);
  const checked = file.subarray(offset, offset + size + 1);
  const stored = new DataView(file.buffer, file.byteOffset + offset + size + 1, 4).getUint32(0, true);
  if (masked(crc32c(checked)) !== stored) throw new Error(`its block at ${offset} has another checksum`);
  const contents = checked.subarray(0, size);
  const compression = checked[size];
  if (compression === PLAIN) return contents;
  if (compression === SNAPPY) return decompress_raw(contents);
  throw new Error(`its block at ${offset} is compressed in way ${compression}`);
}

/** Checksums are stored so, since the checksum of bytes that hold their own says little (util/crc32c.h). */
const masked = (sum: number): number => (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;

/** Entries of a block: keys share prefixes with the one before, values lie open. */
function* entriesOf(block: Uint8Array): Generator<{ readonly value: Uint8Array }> {
  const restarts = new DataView(block.buffer, block.byteOffset, block.byteLength).getUint32(block.length - 4, true);
  const reader = new Reader(block.subarray(0, block.length - 4 * (restarts + 1)));
  while (!reader.isAtEnd) {
    reader.varint();
    const keyBytes = reader.varint();
    const valueBytes = reader.varint();
    reader.bytes(keyBytes);
    yield { value: reader.bytes(valueBytes) };
  }
}

function readHandle(reader: Reader): Handle {
  const offset = reader.varint();
  return { offset, size: reader.varint() };
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Up to 2^53. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 53; scale *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * scale;
      if (byte < 128 && Number.isSafeInteger(value)) return value;
    }
    throw new Error('a number in it does not end');
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Error('an entry in it ends behind its block');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}
