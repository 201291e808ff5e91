/**
 * Yamux with the limits that the library lacks (@chainsafe/libp2p-yamux 8.0): a frame is kept until it is whole, of
 * whatever length it declares; each ping and each stream that is refused is answered, whether or not answers are read;
 * and a window may be filled with single bytes, each an object that holds on to the packet in which it came.
 */
import { yamux } from '@chainsafe/libp2p-yamux';
import { Budget, type Rate } from '../peers/budget.ts';

/** Streams, and the sizes of their windows and buffers. */
export type MuxerOptions = NonNullable<Parameters<typeof yamux>[0]> & {
  readonly streamOptions: { readonly maxStreamWindowSize: number };
};
export type MuxerFactory = ReturnType<typeof yamux>;
export type Muxer = ReturnType<ReturnType<MuxerFactory>['createStreamMuxer']>;

export type MuxerLimits = {
  /** The other side sends a ping each half a minute, and each `LOOK_MS` while nothing else comes (`liveness.ts`). */
  readonly pings: Rate;
  /** new streams; a node asks less than half as often (`ASKING_RATE`) */
  readonly opened: Rate;
  /** Pieces of one stream, of which each `PIECE_BYTES` that come allow another one. */
  readonly pieces: Rate;
  /** bytes of answers and of everything else that wait to be read by the other side */
  readonly unsentBytes: number;
};
export const MUXER_LIMITS: MuxerLimits = {
  pings: { capacity: 32, perSecond: 1 },
  opened: { capacity: 512, perSecond: 300 },
  pieces: { capacity: 1024, perSecond: 64 },
  unsentBytes: 8 * 1024 * 1024,
};
/** The average piece need not be larger for a peer to send as many as it likes. */
const PIECE_BYTES = 64;
/** Smaller pieces are copied out of their packets. */
const SMALL_BYTES = 4096;

/** Bytes 8 to 11 of a frame's head of 12 say its length; byte 1 its type. */
const HEAD_BYTES = 12;
const [DATA, PING] = [0, 2];
const SYN = 1;

type Frame = {
  readonly header: {
    readonly type: number;
    readonly flag: number;
    readonly streamID: number;
    readonly length: number;
  };
  readonly data?: { readonly byteLength: number; readonly slice: () => Uint8Array } | Uint8Array;
};
/** What is public in the class and missing in its interface. */
type Internals = {
  readonly maConn: { readonly writeBufferLength: number };
  readonly decoder: { readonly buffer: Pieces };
  readonly streams: readonly { readonly streamId: number }[];
  onData: (bytes: unknown) => void;
  handleFrame: (frame: Frame) => void;
};
type Pieces = {
  readonly byteLength: number;
  readonly subarray: (start?: number, end?: number) => Uint8Array;
  readonly consume: (bytes: number) => void;
  readonly append: (bytes: Uint8Array) => void;
};

/**
 * A connection that breaks a limit is cut.
 * @param onAbuse told of it first
 */
export function boundedYamux(
  options: MuxerOptions,
  onAbuse: (muxer: Muxer, reason: string) => void,
  limits: MuxerLimits = MUXER_LIMITS,
): MuxerFactory {
  const create = yamux(options);
  return () => {
    const factory = create();
    const createStreamMuxer = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => {
      const muxer = createStreamMuxer(connection);
      const refuse = (reason: string): never => {
        onAbuse(muxer, reason);
        // What listens to the connection cuts it.
        throw new Error(reason);
      };
      bound(muxer as unknown as Internals, options.streamOptions.maxStreamWindowSize, limits, refuse);
      return muxer;
    };
    return factory;
  };
}

function bound(muxer: Internals, maxFrameBytes: number, limits: MuxerLimits, refuse: (reason: string) => never): void {
  const now = (): number => performance.now();
  const pings = new Budget(limits.pings, now);
  const opened = new Budget(limits.opened, now);
  const pieces = new WeakMap<object, Budget>();
  const onData = muxer.onData.bind(muxer);
  const handleFrame = muxer.handleFrame.bind(muxer);
  /** in the buffer of an unfinished frame, at most */
  let packets = 0;

  muxer.handleFrame = (frame) => {
    const { type, flag, streamID, length } = frame.header;
    if (type === PING && (flag & SYN) !== 0 && !pings.take(1)) refuse('too many pings');
    if (streamID !== 0 && (flag & SYN) !== 0 && !opened.take(1)) refuse('too many streams');
    const { data } = frame;
    if (type !== DATA || data === undefined) return handleFrame(frame);
    handleFrame(data.byteLength < SMALL_BYTES ? { ...frame, data: data.slice() } : frame);
    const stream = muxer.streams.find(({ streamId }) => streamId === streamID);
    if (stream === undefined) return;
    let allowed = pieces.get(stream);
    if (allowed === undefined) {
      allowed = new Budget(limits.pieces, now);
      pieces.set(stream, allowed);
    }
    allowed.add(length / PIECE_BYTES);
    if (!allowed.take(1)) refuse('too many pieces');
  };

  muxer.onData = (bytes) => {
    onData(bytes);
    if (muxer.maConn.writeBufferLength > limits.unsentBytes) refuse('too many answers that are not read');
    const { buffer } = muxer.decoder;
    packets = buffer.byteLength === 0 ? 0 : packets + 1;
    if (buffer.byteLength < HEAD_BYTES) return;
    const head = buffer.subarray(0, HEAD_BYTES);
    const length = new DataView(head.buffer, head.byteOffset).getUint32(8);
    if (head[1] === DATA && length > maxFrameBytes) refuse(`a frame of ${length} bytes, at most ${maxFrameBytes}`);
    if (packets <= PIECE_BYTES + buffer.byteLength / PIECE_BYTES) return;
    const whole = buffer.subarray();
    buffer.consume(buffer.byteLength);
    buffer.append(whole);
    packets = 1;
  };
}
