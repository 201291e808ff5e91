/** Answers requests: within each peer's budget, at a rate that the peer must keep, never more than its caps. */
import { ClientError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { ByteStream } from '../host/byte-stream.ts';
import type { NetworkPorts } from '../interface.ts';
import type { PeerBook } from '../peers/book.ts';
import { faultOf, reasonOf } from './blame.ts';
import { FrameReader, type Refusal, writeAnswer } from './framing.ts';
import {
  decodeDataRequest,
  decodeHeadersRequest,
  encodeHeaderRecord,
  encodeStatus,
  MAX_PEER_RECORD_FRAME_BYTES,
  MAX_PEER_RECORDS,
  MAX_REQUEST_BYTES,
  malformed,
} from './messages.ts';
import { Pace } from './pace.ts';
import { MAX_HEADERS_ANSWER_BYTES, MAX_SERVED_AT_ONCE, type ProtocolName, type Timing } from './protocols.ts';

export type ServerModules = {
  readonly ports: Pick<NetworkPorts, 'status' | 'serve'>;
  readonly peerRecords: (limit: number) => Promise<readonly Uint8Array[]>;
  readonly book: PeerBook;
  readonly log: Logger;
};

/** Bytes are written in frames of this size, so that a reader that stops is noticed. */
const DATA_FRAME_BYTES = 64 * 1024;

/** Frames of an answer, or why there is none. */
type Answer = { readonly frames: readonly Uint8Array[] } | { readonly refusal: Refusal };

/** Serves a fixed number of requests at once; further ones are answered `busy`, but for the first of each peer. */
export class RequestServer {
  readonly #modules: ServerModules;
  readonly #timing: Timing;
  #serving = 0;
  /** by peer: requests that are being served */
  readonly #servingOf = new Map<string, number>();

  constructor(timing: Timing, modules: ServerModules) {
    this.#timing = timing;
    this.#modules = modules;
  }

  /** Handles one stream of a protocol, from its request to its end. Charges the peer for what it does wrong. */
  async serve(protocol: ProtocolName, stream: ByteStream, peer: string): Promise<void> {
    const { book, log } = this.#modules;
    const asking = new Pace(this.#timing);
    // Also for a request that is never ended: it has cost a stream.
    const isWithinRate = book.spend(peer, 'requests');
    try {
      const request = await new FrameReader(stream, asking).request(MAX_REQUEST_BYTES);
      asking.stop();
      if (!isWithinRate) {
        book.charge(peer, 'tooManyRequests', protocol);
        return await this.#send(stream, { refusal: 'busy' });
      }
      const mine = this.#servingOf.get(peer) ?? 0;
      if (mine > 0 && this.#serving >= MAX_SERVED_AT_ONCE) return await this.#send(stream, { refusal: 'busy' });
      this.#serving++;
      this.#servingOf.set(peer, mine + 1);
      try {
        await this.#send(stream, await this.#answer(protocol, request, peer));
      } finally {
        this.#serving--;
        const left = (this.#servingOf.get(peer) ?? 1) - 1;
        if (left === 0) this.#servingOf.delete(peer);
        else this.#servingOf.set(peer, left);
      }
    } catch (error) {
      asking.stop();
      const fault = faultOf(error);
      // A request that was broken off is nobody's loss.
      if (fault === undefined || fault === 'truncatedResponse') {
        log.debug({ peer, protocol, reason: reasonOf(error) }, 'request not served');
      } else {
        book.charge(peer, fault, `${protocol} request: ${reasonOf(error)}`);
      }
      stream.abort(reasonOf(error));
    }
  }

  async #answer(protocol: ProtocolName, request: Uint8Array, peer: string): Promise<Answer> {
    const { log } = this.#modules;
    try {
      return await this.#look(protocol, request, peer);
    } catch (error) {
      if (error instanceof ClientError && error.code === 'messageMalformed') throw error;
      log.error({ protocol, reason: reasonOf(error) }, 'a request failed in this node');
      return { refusal: 'failed' };
    }
  }

  async #look(protocol: ProtocolName, request: Uint8Array, peer: string): Promise<Answer> {
    const { ports, book, peerRecords } = this.#modules;
    switch (protocol) {
      case 'status':
        if (request.length !== 0) throw malformed('a status request is empty');
        return { frames: [encodeStatus(ports.status())] };
      case 'peers': {
        if (request.length !== 0) throw malformed('a peers request is empty');
        const records = await peerRecords(MAX_PEER_RECORDS);
        return { frames: records.filter((record) => record.length <= MAX_PEER_RECORD_FRAME_BYTES) };
      }
      case 'headers': {
        const range = decodeHeadersRequest(request);
        const frames: Uint8Array[] = [];
        let bytes = 0;
        for (const record of (await ports.serve.headers(range)).slice(0, range.count)) {
          const frame = encodeHeaderRecord(record);
          bytes += frame.length;
          if (bytes > MAX_HEADERS_ANSWER_BYTES) break;
          frames.push(frame);
        }
        if (frames.length === 0) return { refusal: 'unknown' };
        return book.spend(peer, 'servedBytes', bytes) ? { frames } : { refusal: 'busy' };
      }
      case 'data': {
        const { kind, hash, ...range } = decodeDataRequest(request);
        if (!book.spend(peer, 'servedBytes', range.length)) return { refusal: 'busy' };
        const served =
          kind === 'proof' ? await ports.serve.proof(hash, range) : await ports.serve.blockData(kind, hash, range);
        if (typeof served === 'string') return { refusal: served };
        const { totalBytes, bytes } = served instanceof Uint8Array ? cut(served, range) : served;
        if (range.offset >= totalBytes) return { refusal: 'invalidRequest' };
        const head = Buffer.alloc(4);
        head.writeUInt32LE(totalBytes);
        return { frames: [head, ...pieces(bytes)] };
      }
    }
  }

  async #send(stream: ByteStream, answer: Answer): Promise<void> {
    const pace = new Pace(this.#timing);
    try {
      if ('frames' in answer) await writeAnswer(stream, answer.frames, 'end', pace);
      else await writeAnswer(stream, [], answer.refusal, pace);
      await stream.closeWrite(pace.signal);
    } finally {
      pace.stop();
    }
  }
}

/** The range alone: an answer that is read slowly does not hold the whole object. */
function cut(
  whole: Uint8Array,
  { offset, length }: { readonly offset: number; readonly length: number },
): { readonly totalBytes: number; readonly bytes: Uint8Array } {
  const bytes = whole.subarray(offset, offset + length);
  return { totalBytes: whole.length, bytes: bytes.length < whole.length ? Uint8Array.from(bytes) : bytes };
}

function pieces(bytes: Uint8Array): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let i = 0; i < bytes.length; i += DATA_FRAME_BYTES) all.push(bytes.subarray(i, i + DATA_FRAME_BYTES));
  return all;
}
