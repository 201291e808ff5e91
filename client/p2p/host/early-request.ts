/**
 * Streams whose first bytes travel with the name of their protocol: one round trip less per request. multistream-select
 * lets a dialer write on without waiting for the listener's consent; libp2p 3.3 declares that (`negotiateFully: false`)
 * and does not do it. libp2p leaves protocols to a muxer that can agree on them (`CreateStreamOptions.protocol`): here it
 * writes its side of multistream-select before the first bytes, and takes the other side's off what comes back.
 */
import {
  type CreateStreamOptions,
  type NewStreamOptions,
  type Stream,
  type StreamMuxer,
  UnsupportedProtocolError,
} from '@libp2p/interface';

const NAME = '/multistream/1.0.0';
/** A length below this is one byte of a varint. */
const MAX_LINE_BYTES = 127;

/** For `newStream`, with one protocol that the peer is known to have. */
export const EARLY = { negotiateFully: false } as const satisfies NewStreamOptions;

/** What libp2p hands on to the muxer of `newStream`'s options. */
type OpenOptions = CreateStreamOptions & Pick<NewStreamOptions, 'negotiateFully'>;
/** Where a muxer hands a stream what has come for it: public in the class and missing in its interface. */
type Incoming = { onData: (data: Uint8Array | Bytes) => void };
type Bytes = { readonly byteLength: number; subarray: (from?: number, to?: number) => Uint8Array };

/** Lets a muxer's streams be opened `EARLY`; without that option it is what it was. */
export function allowEarly(muxer: Pick<StreamMuxer, 'createStream'>): void {
  const createStream = muxer.createStream.bind(muxer);
  muxer.createStream = async (options: OpenOptions = {}) => {
    const stream = await createStream(options);
    if (options.negotiateFully === false && options.protocol !== undefined) selectEarly(stream, options.protocol);
    return stream;
  };
}

/** Both sides of a selection that succeeds are the same bytes: who accepts repeats what it was offered. */
function selectEarly(stream: Stream, protocol: string): void {
  const selection = Buffer.concat([line(NAME), line(protocol)]);
  stream.protocol = protocol;
  const send = stream.send.bind(stream);
  stream.send = (data) => {
    stream.send = send;
    return send(Buffer.concat([selection, data instanceof Uint8Array ? data : data.subarray()]));
  };
  // Who reads first must be heard as well.
  setImmediate(() => {
    if (stream.send !== send && stream.writeStatus === 'writable') stream.send(new Uint8Array(0));
  });
  const incoming = stream as Stream & Incoming;
  const pass = incoming.onData.bind(incoming);
  let agreed = 0;
  incoming.onData = (data) => {
    if (agreed === selection.length) return pass(data);
    const answer = data.subarray(0, Math.min(data.byteLength, selection.length - agreed));
    if (!selection.subarray(agreed, agreed + answer.length).equals(answer)) {
      stream.abort(new UnsupportedProtocolError(`${protocol} was not agreed on`));
      return;
    }
    agreed += answer.length;
    if (data.byteLength > answer.length) pass(data.subarray(answer.length));
  };
}

/** One message of multistream-select. */
function line(text: string): Uint8Array {
  const bytes = Buffer.from(`${text}\n`);
  if (bytes.length > MAX_LINE_BYTES) throw new RangeError(`a protocol name of ${bytes.length} bytes`);
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
}
