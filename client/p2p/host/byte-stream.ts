/** A stream of bytes with back-pressure and deadlines: what the protocols see of libp2p's streams. */
import { type Stream, UnsupportedProtocolError } from '@libp2p/interface';
import { ClientError } from '../../errors.ts';

/** Received bytes that wait for a reader, and written ones that wait to be sent; above it the other end or the writer waits. */
const HIGH_WATER_BYTES = 128 * 1024;
const WRITE_EVENTS = ['drain', 'idle', 'close'] as const;

export type ByteStream = {
  /**
   * The next received bytes, or undefined at the stream's end.
   * @throws ClientError `streamReset`; `protocolRefused` where the peer was thought to speak the protocol; `timedOut` when nothing came before the signal
   */
  readonly read: (signal: AbortSignal) => Promise<Uint8Array | undefined>;
  /** Resolves when more may be written. @throws ClientError as `read` */
  readonly write: (bytes: Uint8Array, signal: AbortSignal) => Promise<void>;
  /** No more will be written; reading goes on. */
  readonly closeWrite: (signal: AbortSignal) => Promise<void>;
  /** Ends both directions at once; harmless on an ended stream. */
  readonly abort: (reason: string) => void;
};

/**
 * libp2p's own iteration over a stream buffers without bound; here a stream is paused while its reader is behind, so
 * that what waits is at most the high-water mark and one window of the muxer.
 */
export function byteStream(stream: Stream): ByteStream {
  const waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };
  stream.addEventListener('message', ({ data }) => {
    const bytes = data instanceof Uint8Array ? data : data.subarray();
    waiting.push(bytes);
    waitingBytes += bytes.length;
    if (waitingBytes > HIGH_WATER_BYTES && stream.readStatus === 'readable') stream.pause();
    // What came with the protocol's name is handed over late, the end of it perhaps already told: it is not told again.
    if (stream.readableEnded) ended = true;
    notify();
  });
  stream.addEventListener('end', () => {
    ended = true;
    notify();
  });
  // A stream whose connection is gone ends without an error, as if the peer had said all that it wanted to.
  let isSaid = stream.remoteWriteStatus === 'closed';
  stream.addEventListener('remoteCloseWrite', () => {
    isSaid = true;
  });
  stream.addEventListener('close', ({ error }) => {
    ended = true;
    failure = error ?? (isSaid ? undefined : new Error('its connection has ended'));
    notify();
  });
  if (
    (stream.readableEnded && stream.readBufferLength === 0) ||
    stream.status === 'reset' ||
    stream.status === 'aborted'
  )
    ended = true;

  return {
    read: async (signal) => {
      for (;;) {
        const bytes = waiting.shift();
        if (bytes !== undefined) {
          waitingBytes -= bytes.length;
          if (waitingBytes <= HIGH_WATER_BYTES && stream.readStatus === 'paused') stream.resume();
          return bytes;
        }
        if (failure !== undefined) throw streamReset(failure);
        if (ended) return undefined;
        await before(signal, (done) => {
          wake = done;
          return () => {
            wake = undefined;
          };
        });
      }
    },
    write: async (bytes, signal) => {
      try {
        stream.send(bytes);
      } catch (error) {
        throw streamReset(error);
      }
      // Not `onDrain()`: after its first use it resolves at once (libp2p 3.3).
      while (stream.writeBufferLength > HIGH_WATER_BYTES) {
        if (failure !== undefined) throw streamReset(failure);
        await before(signal, (done) => {
          for (const event of WRITE_EVENTS) stream.addEventListener(event, done, { once: true });
          return () => {
            for (const event of WRITE_EVENTS) stream.removeEventListener(event, done);
          };
        });
      }
    },
    closeWrite: async (signal) => {
      try {
        await stream.close({ signal });
      } catch (error) {
        throw signal.aborted ? timedOut() : streamReset(error);
      }
    },
    abort: (reason) => stream.abort(new Error(reason)),
  };
}

/**
 * Waits for `done` to be called.
 * @param start hands `done` out and returns what takes it back
 * @throws ClientError `timedOut` when the signal comes first
 */
async function before(signal: AbortSignal, start: (done: () => void) => () => void): Promise<void> {
  if (signal.aborted) throw timedOut();
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      stop();
      reject(timedOut());
    };
    const stop = start(() => {
      signal.removeEventListener('abort', onAbort);
      stop();
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function timedOut(): ClientError {
  return new ClientError<StreamErrorCode>('timedOut', 'the peer did not read or send in time');
}

function streamReset(cause: unknown): ClientError {
  if (cause instanceof UnsupportedProtocolError)
    return new ClientError<StreamErrorCode>('protocolRefused', cause.message, {}, { cause });
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ClientError<StreamErrorCode>('streamReset', `the stream has ended: ${reason}`, {}, { cause });
}

export type StreamErrorCode = 'timedOut' | 'streamReset' | 'protocolRefused';
