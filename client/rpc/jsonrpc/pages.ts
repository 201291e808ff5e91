/** Web pages beside JSON-RPC, on the same port: whole files, in memory. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Path → file. */
export type Pages = ReadonlyMap<string, { readonly type: string; readonly bytes: Uint8Array }>;

export const NO_PAGES: Pages = new Map();

/** Scripts, WebAssembly among them, and styles of this server only; any node may be asked. */
const CONTENT_POLICY = [
  ...[
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "worker-src 'self'",
    'img-src data:',
  ],
  ...['connect-src http: https: ws: wss:', "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

/** Answers a GET or HEAD request for one of the files; returns whether it did. */
export function servePage({ method, url = '/' }: IncomingMessage, response: ServerResponse, pages: Pages): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const [path = '/'] = url.split('?', 1);
  const found = pages.get(path);
  if (found === undefined) {
    if (!pages.has(`${path}/`)) return false;
    response.writeHead(308, { Location: `${path}/` }).end();
    return true;
  }
  response.writeHead(200, {
    'Content-Type': found.type,
    'Content-Length': found.bytes.length,
    'Content-Security-Policy': CONTENT_POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-cache',
  });
  response.end(method === 'HEAD' ? undefined : found.bytes);
  return true;
}
