/** One request to one peer: its answer, checked for shape and size, or why there is none; the peer is charged here. */
import timers from 'node:timers/promises';
import { ClientError } from '../../errors.ts';
import type { Hash } from '../../prover/interface.ts';
import type { ByteStream } from '../host/byte-stream.ts';
import type { HeaderRange, HeaderRecord, NetworkStatus } from '../interface.ts';
import type { PeerBook } from '../peers/book.ts';
import { Budget, type Rate } from '../peers/budget.ts';
import { faultOf, reasonOf } from './blame.ts';
import { FrameReader, type Refusal, writeRequest } from './framing.ts';
import {
  type DataRequest,
  decodeHeaderRecord,
  decodeStatus,
  encodeDataRequest,
  encodeHeadersRequest,
  MAX_HEADER_RECORD_BYTES,
  MAX_PEER_RECORD_FRAME_BYTES,
  MAX_PEER_RECORDS,
  MAX_STATUS_BYTES,
} from './messages.ts';
import { Pace } from './pace.ts';
import { MAX_HEADERS_ANSWER_BYTES, type ProtocolName, protocolId, type Timing } from './protocols.ts';

/** `failed`: the peer broke off, was too slow or broke a rule (and has been charged); `aborted`: the caller did. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: Refusal | 'aborted' | 'protocolRefused' };

/** The most that an answer may have. */
type Limits = { readonly frames: number; readonly frameBytes: number; readonly totalBytes: number };

export type ClientModules = {
  readonly open: (peer: string, protocol: string, signal: AbortSignal) => Promise<ByteStream>;
  readonly book: PeerBook;
};

/** An object in smaller frames than this, the last one aside, is refused: each frame costs work. */
const LEAST_DATA_FRAME_BYTES = 4096;
const EMPTY = new Uint8Array(0);
/**
 * What this node asks of one peer: below what a peer takes (`PEER_RATES`), however fast it answers. A node that verifies
 * quickly would be taken for a flood else.
 */
export const ASKING_RATE: Rate = { capacity: 300, perSecond: 150 };
/** Peers whose rate is kept; the first one is forgotten for another. */
const MAX_PEERS = 4096;

/** Whatever a peer does, its answer is a value or a code: nothing here throws for it. */
export class RequestClient {
  readonly #genesisHash: Hash;
  readonly #timing: Timing;
  readonly #modules: ClientModules;
  readonly #asked = new Map<string, Budget>();

  constructor(genesisHash: Hash, timing: Timing, modules: ClientModules) {
    this.#genesisHash = genesisHash;
    this.#timing = timing;
    this.#modules = modules;
  }

  async status(peer: string, signal: AbortSignal): Promise<Answer<NetworkStatus>> {
    const limits = { frames: 1, frameBytes: MAX_STATUS_BYTES, totalBytes: MAX_STATUS_BYTES };
    return this.#ask(peer, 'status', EMPTY, limits, signal, ([frame]) => {
      if (frame === undefined) throw new ClientError('messageMalformed', 'an empty status');
      return decodeStatus(frame);
    });
  }

  /** Signed address records; their signatures are not checked here. */
  async peerRecords(peer: string, signal: AbortSignal): Promise<Answer<readonly Uint8Array[]>> {
    const frameBytes = MAX_PEER_RECORD_FRAME_BYTES;
    const limits = { frames: MAX_PEER_RECORDS, frameBytes, totalBytes: MAX_PEER_RECORDS * frameBytes };
    return this.#ask(peer, 'peers', EMPTY, limits, signal, (frames) => frames);
  }

  /** At least one record, at most as many as asked for; how they are linked is not checked here. */
  async headers(peer: string, range: HeaderRange, signal: AbortSignal): Promise<Answer<readonly HeaderRecord[]>> {
    const limits = {
      frames: range.count,
      frameBytes: MAX_HEADER_RECORD_BYTES,
      totalBytes: MAX_HEADERS_ANSWER_BYTES + MAX_HEADER_RECORD_BYTES,
    };
    return this.#ask(peer, 'headers', encodeHeadersRequest(range), limits, signal, (frames) => {
      if (frames.length === 0) throw new ClientError('messageMalformed', 'an empty answer that is no refusal');
      return frames.map(decodeHeaderRecord);
    });
  }

  /**
   * A range of an object: exactly what lies between its offset and the nearer of its end and the object's.
   * @param maxBytes of the whole object; a peer that declares more is charged
   */
  async data(
    peer: string,
    request: DataRequest,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<Answer<{ readonly totalBytes: number; readonly bytes: Uint8Array }>> {
    const limits = {
      frames: 2 + Math.ceil(request.length / LEAST_DATA_FRAME_BYTES),
      frameBytes: Math.max(4, request.length),
      totalBytes: request.length + 4,
    };
    return this.#ask(peer, 'data', encodeDataRequest(request), limits, signal, ([head, ...rest]) => {
      if (head?.length !== 4) throw new ClientError('messageMalformed', 'an object without its size');
      const totalBytes = Buffer.from(head).readUInt32LE();
      if (totalBytes > maxBytes) {
        throw new ClientError('frameTooLarge', `an object of ${totalBytes} bytes, at most ${maxBytes}`);
      }
      const expected = Math.min(request.length, totalBytes - request.offset);
      const bytes = rest.length === 1 && rest[0] !== undefined ? rest[0] : Uint8Array.from(Buffer.concat(rest));
      if (bytes.length < expected) throw new ClientError('frameTruncated', `${bytes.length} bytes, not ${expected}`);
      if (bytes.length > expected) throw new ClientError('frameAfterEnd', `${bytes.length} bytes, not ${expected}`);
      return { totalBytes, bytes };
    });
  }

  /** Waits until the peer may be asked again. */
  async #turn(peer: string, signal: AbortSignal): Promise<void> {
    let budget = this.#asked.get(peer);
    if (budget === undefined) {
      const [first] = this.#asked.keys();
      if (this.#asked.size >= MAX_PEERS && first !== undefined) this.#asked.delete(first);
      budget = new Budget(ASKING_RATE, () => performance.now());
      this.#asked.set(peer, budget);
    }
    while (!signal.aborted && !budget.take(1))
      await timers.setTimeout(1000 / ASKING_RATE.perSecond, undefined, { signal }).catch(() => {});
  }

  async #ask<T>(
    peer: string,
    protocol: ProtocolName,
    request: Uint8Array,
    limits: Limits,
    caller: AbortSignal,
    decode: (frames: readonly Uint8Array[]) => T,
  ): Promise<Answer<T>> {
    await this.#turn(peer, caller);
    const pace = new Pace(this.#timing, caller);
    let stream: ByteStream | undefined;
    try {
      stream = await this.#modules.open(peer, protocolId(this.#genesisHash, protocol), pace.signal);
      await writeRequest(stream, request, pace);
      const answer = await readFrames(new FrameReader(stream, pace), limits);
      return typeof answer === 'string' ? { ok: false, code: answer } : { ok: true, value: decode(answer) };
    } catch (error) {
      stream?.abort('not as expected');
      if (caller.aborted) return { ok: false, code: 'aborted' };
      if (error instanceof ClientError && error.code === 'protocolRefused')
        return { ok: false, code: 'protocolRefused' };
      const fault = faultOf(error);
      if (fault !== undefined) this.#modules.book.charge(peer, fault, `${protocol} answer: ${reasonOf(error)}`);
      return { ok: false, code: 'failed' };
    } finally {
      pace.stop();
    }
  }
}

async function readFrames(reader: FrameReader, limits: Limits): Promise<Uint8Array[] | Refusal> {
  const frames: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const frame = await reader.frame(limits.frameBytes);
    if (frame.kind === 'end') break;
    if (frame.kind === 'refused') return frame.refusal;
    bytes += frame.bytes.length;
    if (frames.length === limits.frames || bytes > limits.totalBytes) {
      throw new ClientError('frameAfterEnd', `more than ${limits.frames} frames or ${limits.totalBytes} bytes`);
    }
    frames.push(frame.bytes);
  }
  await reader.expectEnd();
  return frames;
}
