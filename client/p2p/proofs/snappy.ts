/** Snappy's block format: a varint with the uncompressed length, then literals and copies. */
import { createRequire } from 'node:module';
import { ClientError } from '../../errors.ts';

// The package's module build has no synchronous start; its CommonJS build has.
const { compress_raw, decompress_raw }: typeof import('snappy-wasm') = createRequire(import.meta.url)('snappy-wasm');

/** One block, without the checksums of the framing format. */
export function snappyCompress(bytes: Uint8Array): Uint8Array {
  return compress_raw(bytes);
}

/**
 * @param maxBytes the declared length is compared with it before anything is allocated
 * @throws ClientError `snappyMalformed`, `snappyTooLarge`
 */
export function snappyDecompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const declared = declaredLength(bytes);
  if (declared > maxBytes) {
    throw new ClientError<SnappyErrorCode>('snappyTooLarge', `${declared} bytes declared, at most ${maxBytes}`, {
      expected: maxBytes,
      actual: declared,
    });
  }
  try {
    return decompress_raw(bytes);
  } catch (error) {
    throw new ClientError<SnappyErrorCode>('snappyMalformed', `no snappy block: ${String(error)}`);
  }
}

function declaredLength(bytes: Uint8Array): number {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length;
  }
  throw new ClientError<SnappyErrorCode>('snappyMalformed', 'the length is no varint of at most 5 bytes');
}

type SnappyErrorCode = 'snappyMalformed' | 'snappyTooLarge';
