/** Which web pages a browser may let speak to this server: pages send what their authors like, wherever a browser runs. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Origins (`https://example.org`), or `*` for every one. Pages of this server itself are always among them. */
export type Origins = readonly string[];

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;
const PREFLIGHT_SECONDS = 600;

/**
 * A web page can make a browser send requests to the loopback interface under a name of its own (DNS rebinding);
 * on loopback only loopback names are answered.
 */
export function isHostAllowed(request: IncomingMessage): boolean {
  const local = request.socket.localAddress ?? '';
  const isLoopback = local === '::1' || /^(::ffff:)?127\./.test(local);
  const name = (request.headers.host ?? '').replace(/:\d+$/, '');
  return !isLoopback || name === '' || LOOPBACK.test(name);
}

/** Whether the request comes from no browser, from a page of this server, or from a page of an allowed origin. */
export function isOriginAllowed({ headers: { origin, host } }: IncomingMessage, allowed: Origins): boolean {
  if (origin === undefined || isListed(origin, allowed)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/**
 * Lets pages of the allowed origins read the answer (Fetch standard, CORS); the browser refuses it to all others.
 * @returns whether the request only asked for that, and is answered
 */
export function answerPreflight(request: IncomingMessage, response: ServerResponse, allowed: Origins): boolean {
  const { origin } = request.headers;
  if (origin === undefined || !isListed(origin, allowed)) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Vary', 'Origin');
  if (request.method !== 'OPTIONS') return false;
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST');
  response.setHeader('Access-Control-Allow-Headers', 'Content-Type, Range');
  response.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
  response.writeHead(204).end();
  return true;
}

const isListed = (origin: string, allowed: Origins): boolean => allowed.includes('*') || allowed.includes(origin);
