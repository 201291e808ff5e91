/**
 * Connections whose other end is gone without a word: a machine without power, a line that swallows packets. TCP notices
 * after minutes, or hours where nothing is sent; here after seconds, before requests to such a peer would be held
 * against it.
 */
import type { MessageStream, StreamMuxer } from '@libp2p/interface';

/** A muxer that can ask the other end for a sign of life; one question is under way at a time. */
type Pinging = StreamMuxer & { ping: () => Promise<number> };

/** How often is looked whether anything has come. */
export const LOOK_MS = 1800;
/** Looks in a row that saw nothing come: 7.2 s to 9 s, below the grace of an answer. */
const SILENT_LOOKS = 4;

/**
 * Ends a connection on which nothing has come for a while, though it was asked. Whatever comes is a sign of life: on a
 * slow line the answer to the question stands behind all that was sent before it. Looks are counted, not time, so that a
 * process that itself stood still blames nobody.
 */
export function watch(connection: MessageStream, muxer: Pinging, lookMs: number): void {
  let silent = 0;
  connection.addEventListener('message', () => {
    silent = 0;
  });
  const timer = setInterval(() => {
    if (muxer.status !== 'open') return;
    if (silent >= SILENT_LOOKS) {
      const error = new Error('nothing has come from the peer, which was asked for a sign of life');
      muxer.abort(error);
      connection.abort(error);
      return;
    }
    // The promise fails with the connection.
    if (silent++ > 0) muxer.ping().catch(() => {});
  }, lookMs);
  timer.unref();
  connection.addEventListener('close', () => clearInterval(timer));
}
