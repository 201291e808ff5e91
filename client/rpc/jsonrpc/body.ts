/** Request bodies: in one buffer that grows, since each of a million chunks of one byte would be an object. */
import type { IncomingMessage } from 'node:http';
import type { Load } from './load.ts';

const FIRST_BYTES = 16 * 1024;

/** The body as text; `tooLarge` beyond `maxBytes`, `busy` while the server holds all that it may: the rest is not read then. */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  load: Load,
): Promise<{ readonly text: string } | 'tooLarge' | 'busy'> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return 'tooLarge';
  let buffer = Buffer.alloc(0);
  let release = (): void => {};
  let sizeBytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      const needed = sizeBytes + chunk.length;
      if (needed > maxBytes) return 'tooLarge';
      if (needed > buffer.length) {
        if (load.isFull) return 'busy';
        const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(FIRST_BYTES, needed, 2 * buffer.length)));
        buffer.copy(larger, 0, 0, sizeBytes);
        release();
        release = load.hold(larger.length);
        buffer = larger;
      }
      chunk.copy(buffer, sizeBytes);
      sizeBytes = needed;
    }
    return { text: buffer.toString('utf8', 0, sizeBytes) };
  } finally {
    release();
  }
}
