import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ClientError, systemReason } from '../../errors.ts';
import { answerPreflight, isHostAllowed, type Origins } from './access.ts';
import { readBody } from './body.ts';
import { BUSY, type Dispatch, type Limits } from './dispatch.ts';
import { type Downloads, serveDownload } from './download.ts';
import { DEFAULT_LOAD_LIMITS, Load, type LoadLimits } from './load.ts';
import { type Pages, servePage } from './pages.ts';
import { type SocketLimits, serveWebSockets } from './websocket.ts';

export type HttpOptions = {
  readonly host: string;
  /** 0 takes a free port */
  readonly port: number;
  readonly limits: Limits;
  readonly load?: LoadLimits;
  /** What GET and HEAD requests find. */
  readonly downloads: Downloads;
  readonly pages: Pages;
  /** whose web pages may call from a browser */
  readonly corsOrigins: Origins;
  /** undefined: no WebSocket */
  readonly webSocket: { readonly origins: Origins; readonly limits: SocketLimits } | undefined;
};
export type RpcServer = {
  readonly url: string;
  /** undefined: no WebSocket */
  readonly webSocketUrl: string | undefined;
  readonly close: () => Promise<void>;
};

/** A body that does not arrive within this time is given up. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** Between two looks for requests that are late. */
const CHECK_MS = 5000;
/** A connection on which nothing moves is cut, with all that waits to be sent on it. */
const IDLE_TIMEOUT_MS = 120_000;
const MAX_CONNECTIONS = 512;

/**
 * Serves JSON-RPC over HTTP and WebSocket.
 * @throws HttpError `portInUse` where another process listens, `portUnusable` where the system refuses
 */
export async function serveHttp(dispatch: Dispatch, options: HttpOptions): Promise<RpcServer> {
  const { webSocket, limits } = options;
  const load = new Load(options.load ?? DEFAULT_LOAD_LIMITS);
  const inTurn: Dispatch = (body, context) =>
    load.inTurn(async () => (load.isFull ? BUSY : await dispatch(body, context)));
  const timeouts = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_MS,
  };
  const server = createServer(timeouts, (request, response) => {
    handle(request, response, inTurn, options, load).catch(() => response.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(IDLE_TIMEOUT_MS);
  const sockets =
    webSocket && serveWebSockets(server, inTurn, load, { ...webSocket, maxRequestBytes: limits.maxRequestBytes });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    webSocketUrl: webSocket && `ws://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        sockets?.close();
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 1000).unref();
      }),
  };
}

/**
 * Whether `serveHttp` will find its port, so that a node which cannot start leaves nothing behind.
 * @throws HttpError as `serveHttp`
 */
export async function checkListen(place: { readonly host: string; readonly port: number }): Promise<void> {
  const server = createServer();
  await listen(server, place);
  await new Promise((resolve) => server.close(resolve));
}

async function listen(server: Server, { host, port }: Pick<HttpOptions, 'host' | 'port'>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const place = `${host}:${port}`;
      reject(
        cause.code === 'EADDRINUSE'
          ? new HttpError('portInUse', `port ${port} on ${host} is in use by another process`, { place }, { cause })
          : new HttpError('portUnusable', `cannot listen on ${place}: ${systemReason(cause)}`, { place }, { cause }),
      );
    });
    server.listen(port, host, resolve);
  });
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  dispatch: Dispatch,
  { host, port, limits, downloads, pages, corsOrigins }: HttpOptions,
  load: Load,
): Promise<void> {
  if (!isHostAllowed(request)) return plain(response, 403, 'the Host header names another host');
  if (answerPreflight(request, response, corsOrigins)) return;
  if (serveDownload(request, response, downloads, load) || servePage(request, response, pages)) return;
  if (request.method !== 'POST') {
    response.setHeader('Allow', 'POST');
    return plain(response, 405, 'JSON-RPC takes POST');
  }
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    return plain(response, 415, 'expected Content-Type: application/json');
  }
  const body = await readBody(request, limits.maxRequestBytes, load);
  if (typeof body === 'string') {
    response.setHeader('Connection', 'close');
    if (body === 'busy') return plain(response, 503, 'too much is being received and sent');
    return plain(response, 413, `the request is larger than ${limits.maxRequestBytes} bytes`);
  }
  const text = await dispatch(body.text, { origin: `http://${request.headers.host ?? `${host}:${port}`}` });
  if (text === undefined) {
    response.writeHead(204).end();
    return;
  }
  load.sending(response, text.length);
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(text);
}

function plain(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' }).end(`${message}\n`);
}

export type HttpErrorCode = 'portInUse' | 'portUnusable';
/** Host and port on which this process cannot listen. */
export class HttpError extends ClientError<HttpErrorCode> {}
