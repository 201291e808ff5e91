/** JSON-RPC over WebSocket on the HTTP server's own port, for subscriptions and for calls. */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { isHostAllowed, isOriginAllowed, type Origins } from './access.ts';
import type { Dispatch } from './dispatch.ts';
import type { Load } from './load.ts';
import { Subscriptions } from './subscriptions.ts';

export type SocketLimits = {
  readonly maxConnections: number;
  /** of one connection */
  readonly maxSubscriptions: number;
  /** bytes that wait to be read by the other side; one that lets more pile up is dropped */
  readonly maxUnsentBytes: number;
  /** ms between two signs of life; one that gives none in that time is dropped */
  readonly heartbeatMs: number;
};
export const DEFAULT_SOCKET_LIMITS: SocketLimits = {
  maxConnections: 100,
  maxSubscriptions: 100,
  // Above the largest response.
  maxUnsentBytes: 32 * 1024 * 1024,
  heartbeatMs: 30_000,
};

export type SocketOptions = {
  readonly origins: Origins;
  readonly limits: SocketLimits;
  /** bytes of one message */
  readonly maxRequestBytes: number;
};
export type SocketServer = { readonly close: () => void };

/** WebSocket's codes for a closed connection (RFC 6455, section 7.4.1). */
const CLOSE = { goingAway: 1001, unsupportedData: 1003 } as const;
/** For the other side to answer that it closes too. */
const CLOSE_LIMIT_MS = 1000;

/** Takes connections that ask the HTTP server for a WebSocket. */
export function serveWebSockets(server: Server, dispatch: Dispatch, load: Load, options: SocketOptions): SocketServer {
  const { limits, origins, maxRequestBytes } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxRequestBytes, perMessageDeflate: false });
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    // Until a WebSocket has taken it over; the client may be gone at any time.
    stream.on('error', () => stream.destroy());
    if (!isHostAllowed(request) || !isOriginAllowed(request, origins)) return refuse(stream, 403);
    if (sockets.clients.size >= limits.maxConnections) return refuse(stream, 503);
    sockets.handleUpgrade(request, stream, head, (socket) => {
      // It has signs of life of its own.
      request.socket.setTimeout(0);
      serve(socket, request.socket, dispatch, load, { origin: `http://${request.headers.host}`, limits });
    });
  });
  return {
    close: () => {
      for (const socket of sockets.clients) {
        socket.close(CLOSE.goingAway, 'the node stops');
        setTimeout(() => socket.terminate(), CLOSE_LIMIT_MS).unref();
      }
    },
  };
}

function refuse(stream: Duplex, status: number): void {
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Answers one connection's messages in their order; the next is read when the one before is answered and sent. */
function serve(
  socket: WebSocket,
  connection: Pick<Socket, 'bytesRead'>,
  dispatch: Dispatch,
  load: Load,
  { origin, limits }: { readonly origin: string; readonly limits: SocketLimits },
): void {
  const subscriptions = new Subscriptions(limits.maxSubscriptions, (text, unsentBytes) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount + unsentBytes > limits.maxUnsentBytes) return socket.terminate();
    if (text !== undefined) socket.send(text);
  });
  let isDispatching = false;
  const answer = async (body: string): Promise<void> => {
    if (socket.readyState !== WebSocket.OPEN) return;
    isDispatching = true;
    const text = await dispatch(body, { origin, subscriptions });
    isDispatching = false;
    // The connection may have ended meanwhile, and the subscriptions that it has just asked for with it.
    if (socket.readyState !== WebSocket.OPEN) return subscriptions.close();
    const release = load.hold(text?.length ?? 0);
    const sent = text === undefined ? undefined : send(socket, text).finally(release);
    subscriptions.release();
    await sent;
  };
  let answered = Promise.resolve();
  let waiting = 0;
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) return socket.close(CLOSE.unsupportedData, 'JSON-RPC is text');
    waiting++;
    socket.pause();
    answered = answered
      .then(() => answer(data.toString('utf8')))
      .catch(() => socket.terminate())
      .then(() => {
        waiting--;
        if (waiting === 0) socket.resume();
      });
  });
  const seen = { read: -1, unsent: 0 };
  const heartbeat = setInterval(() => {
    const isReading = socket.bufferedAmount < seen.unsent;
    // Nothing is read while a call runs.
    if (connection.bytesRead === seen.read && !isReading && !isDispatching) return socket.terminate();
    seen.read = connection.bytesRead;
    seen.unsent = socket.bufferedAmount;
    socket.ping();
  }, limits.heartbeatMs).unref();
  // `close` follows.
  socket.on('error', () => {});
  socket.on('close', () => {
    clearInterval(heartbeat);
    subscriptions.close();
  });
}

function send(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve) => socket.send(text, () => resolve()));
}
