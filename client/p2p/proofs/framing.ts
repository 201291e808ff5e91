/**
 * One framing for all protocols. Request: u32 length, SSZ, end of the stream. Answer: frames of u8 kind, u32 length and
 * that many bytes; the last frame is `end` or a refusal, then the stream ends. All numbers little-endian.
 */
import { ClientError } from '../../errors.ts';
import type { ByteStream } from '../host/byte-stream.ts';
import type { Pace } from './pace.ts';

export const FrameKind = { item: 0, end: 1, unknown: 2, pruned: 3, busy: 4, invalidRequest: 5, failed: 6 } as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];
export type Refusal = 'unknown' | 'pruned' | 'busy' | 'invalidRequest' | 'failed';
const REFUSALS = new Map<number, Refusal>(
  (['unknown', 'pruned', 'busy', 'invalidRequest', 'failed'] as const).map((name) => [FrameKind[name], name]),
);

const LENGTH_BYTES = 4;
const HEAD_BYTES = 5;
/** Frames are gathered up to here. */
const WRITE_BYTES = 32 * 1024;
const EMPTY = new Uint8Array(0);

export type Frame =
  | { readonly kind: 'item'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Sends the one request of a stream and ends this side of it. @throws what the stream throws */
export async function writeRequest(stream: ByteStream, request: Uint8Array, { signal }: Pace): Promise<void> {
  const message = Buffer.alloc(LENGTH_BYTES + request.length);
  message.writeUInt32LE(request.length);
  message.set(request, LENGTH_BYTES);
  await stream.write(message, signal);
  await stream.closeWrite(signal);
}

/**
 * Sends an answer: its items and the frame that ends it. What is small travels together: each write is a packet, and on
 * a bad line each packet lost is a wait.
 * @throws what the stream throws
 */
export async function writeAnswer(
  stream: ByteStream,
  items: readonly Uint8Array[],
  last: 'end' | Refusal,
  pace: Pace,
): Promise<void> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  const add = (...parts: readonly Uint8Array[]): void => {
    waiting.push(...parts);
    for (const part of parts) bytes += part.length;
  };
  const flush = async (): Promise<void> => {
    await stream.write(Buffer.concat(waiting), pace.signal);
    pace.progressed(bytes);
    waiting = [];
    bytes = 0;
  };
  for (const item of items) {
    add(headOf(FrameKind.item, item.length), item);
    if (bytes >= WRITE_BYTES) await flush();
  }
  add(headOf(FrameKind[last], 0));
  await flush();
}

function headOf(kind: FrameKind, length: number): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(kind);
  head.writeUInt32LE(length, 1);
  return head;
}

/** Reads what the framing allows and no byte more. A length is compared with its cap before anything is kept. */
export class FrameReader {
  readonly #stream: ByteStream;
  readonly #pace: Pace;
  #rest: Uint8Array = EMPTY;

  /** @param pace ends every wait of a peer that is too slow */
  constructor(stream: ByteStream, pace: Pace) {
    this.#stream = stream;
    this.#pace = pace;
  }

  /**
   * The one request of a stream.
   * @throws ClientError `frameTooLarge`, `frameTruncated`, `frameAfterEnd`, and what the stream throws
   */
  async request(maxBytes: number): Promise<Uint8Array> {
    const length = Buffer.from(await this.#take(LENGTH_BYTES)).readUInt32LE();
    if (length > maxBytes) throw tooLarge(length, maxBytes);
    const request = await this.#take(length);
    await this.expectEnd();
    return request;
  }

  /** @throws ClientError `frameTooLarge`, `frameTruncated`, `frameUnknown`, and what the stream throws */
  async frame(maxBytes: number): Promise<Frame> {
    const head = Buffer.from(await this.#take(HEAD_BYTES));
    const kind = head.readUInt8();
    const length = head.readUInt32LE(1);
    if (kind === FrameKind.item) {
      if (length > maxBytes) throw tooLarge(length, maxBytes);
      return { kind: 'item', bytes: await this.#take(length) };
    }
    if (length !== 0) throw tooLarge(length, 0);
    if (kind === FrameKind.end) return { kind: 'end' };
    const refusal = REFUSALS.get(kind);
    if (refusal === undefined) throw new ClientError<FrameErrorCode>('frameUnknown', `a frame of kind ${kind}`);
    return { kind: 'refused', refusal };
  }

  /** @throws ClientError `frameAfterEnd` where bytes follow */
  async expectEnd(): Promise<void> {
    const more = this.#rest.length > 0 ? this.#rest : await this.#stream.read(this.#pace.signal);
    if (more !== undefined) {
      throw new ClientError<FrameErrorCode>('frameAfterEnd', `${more.length} bytes or more after the end`);
    }
  }

  async #take(length: number): Promise<Uint8Array> {
    // A copy: what is kept of an answer must not keep all of it.
    if (this.#rest.length >= length) return Uint8Array.from(this.#cut(length));
    const parts: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#stream.read(this.#pace.signal);
        if (next === undefined) {
          throw new ClientError<FrameErrorCode>('frameTruncated', `the stream ended ${missing} bytes early`);
        }
        this.#rest = next;
        this.#pace.progressed(next.length);
      }
      const part = this.#cut(Math.min(missing, this.#rest.length));
      parts.push(part);
      missing -= part.length;
    }
    return Uint8Array.from(Buffer.concat(parts));
  }

  #cut(length: number): Uint8Array {
    const part = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return part;
  }
}

function tooLarge(actual: number, expected: number): ClientError {
  return new ClientError<FrameErrorCode>('frameTooLarge', `a frame of ${actual} bytes, at most ${expected}`, {
    expected,
    actual,
  });
}

export type FrameErrorCode = 'frameTooLarge' | 'frameTruncated' | 'frameAfterEnd' | 'frameUnknown';
