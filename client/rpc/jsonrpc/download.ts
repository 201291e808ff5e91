/** Files beside JSON-RPC, for what is too large for a response: GET and HEAD, with ranges (RFC 9110, section 14). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Load } from './load.ts';

export type Download = {
  readonly sizeBytes: number;
  /** a strong validator: the same tag, the same bytes */
  readonly tag: string;
  /** undefined where the bytes are gone */
  readonly bytes: () => Uint8Array | undefined;
};
/** Finds what stands at a path; undefined: nothing. */
export type Downloads = (path: string) => Download | undefined;

/** For a server of JSON-RPC alone. */
export const NO_DOWNLOADS: Downloads = () => undefined;

/** Answers a GET or HEAD request for something that `find` knows; returns whether it did. */
export function serveDownload(
  request: IncomingMessage,
  response: ServerResponse,
  find: Downloads,
  load: Load,
): boolean {
  const { method, url = '/' } = request;
  if (method !== 'GET' && method !== 'HEAD') return false;
  const found = find(url);
  if (found === undefined) return false;
  const { sizeBytes } = found;
  const tag = `"${found.tag}"`;
  response.setHeader('ETag', tag);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', 'application/octet-stream');
  const condition = request.headers['if-range'];
  const wanted = condition === undefined || condition === tag ? request.headers.range : undefined;
  const range = rangeOf(wanted, sizeBytes);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'Content-Range': `bytes */${sizeBytes}` }).end();
    return true;
  }
  const { from, to, isPart } = range;
  if (method === 'GET' && load.isFull) {
    response.writeHead(503).end();
    return true;
  }
  const bytes = method === 'HEAD' ? new Uint8Array() : found.bytes();
  if (bytes === undefined) {
    response.writeHead(410).end();
    return true;
  }
  response.setHeader('Content-Length', to - from);
  if (isPart) response.setHeader('Content-Range', `bytes ${from}-${to - 1}/${sizeBytes}`);
  response.writeHead(isPart ? 206 : 200);
  if (method === 'GET') load.sending(response, bytes.length);
  response.end(method === 'HEAD' ? undefined : bytes.subarray(from, to));
  return true;
}

type Range = { readonly from: number /** exclusive */; readonly to: number; readonly isPart: boolean };

/** One range; several at once, and what is not a range in bytes, give the whole, as the RFC allows. */
function rangeOf(header: string | undefined, sizeBytes: number): Range | 'unsatisfiable' {
  const whole = { from: 0, to: sizeBytes, isPart: false };
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null) return whole;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return whole;
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? 'unsatisfiable' : { from: sizeBytes - length, to: sizeBytes, isPart: true };
  }
  const from = Number(first);
  const to = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== '' && Number(last) < from) return whole;
  return from >= sizeBytes ? 'unsatisfiable' : { from, to, isPart: true };
}
