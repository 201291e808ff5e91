/**
 * libp2p's WebSockets with what its listener lacks (@libp2p/websockets 10.1): a connection that sends nothing is kept for
 * ever, a message may have 100 MiB before anybody has said who it is, the first frame that breaks a rule ends the process,
 * since nobody listens for errors, and what libp2p cuts stays open, since it closes with a code that may not be sent.
 */
import type { Server, Socket } from 'node:net';
import { webSockets } from '@libp2p/websockets';
import type { WebSocket } from 'ws';

export type WebSocketLimits = {
  /** all that are open, whether they have become a peer's or not */
  readonly maxConnections: number;
  /** for a connection to ask for a WebSocket; milliseconds */
  readonly upgradeMs: number;
  /** Encrypted packets have 64 KiB at most, some of them in one message. */
  readonly maxMessageBytes: number;
};
export const WEB_SOCKET_LIMITS: Omit<WebSocketLimits, 'maxConnections'> = {
  upgradeMs: 10_000,
  maxMessageBytes: 4 * 1024 * 1024,
};

/** RFC 6455, section 7.4.1: says that there was no closing handshake, and is never sent. */
const ABNORMAL_CLOSURE = 1006;

type Done = (webSocket: WebSocket, request: unknown) => void;
/** What is public in the class and missing in its interface. */
type Internals = {
  readonly server: Server;
  readonly wsServer: {
    readonly options: { maxPayload: number };
    handleUpgrade: (request: unknown, socket: Socket, head: Buffer, done: Done) => void;
  };
};

export function boundedWebSockets(limits: WebSocketLimits): ReturnType<typeof webSockets> {
  const create = webSockets();
  return (components) => {
    const transport = create(components);
    const createListener = transport.createListener.bind(transport);
    transport.createListener = (options) => {
      const listener = createListener(options);
      const { server, wsServer } = listener as unknown as Internals;
      server.maxConnections = limits.maxConnections;
      wsServer.options.maxPayload = limits.maxMessageBytes;
      const waiting = new WeakMap<Socket, NodeJS.Timeout>();
      server.on('connection', (socket) => {
        const timer = setTimeout(() => socket.destroy(), limits.upgradeMs).unref();
        waiting.set(socket, timer);
        socket.once('close', () => clearTimeout(timer));
      });
      const handleUpgrade = wsServer.handleUpgrade.bind(wsServer);
      wsServer.handleUpgrade = (request, socket, head, done) => {
        // From here on libp2p counts it among the connections that are being opened.
        clearTimeout(waiting.get(socket));
        handleUpgrade(request, socket, head, (webSocket, upgraded) => {
          // A close follows.
          webSocket.on('error', () => {});
          const close = webSocket.close.bind(webSocket);
          webSocket.close = (code, reason) => (code === ABNORMAL_CLOSURE ? webSocket.terminate() : close(code, reason));
          done(webSocket, upgraded);
        });
      };
      return listener;
    };
    return transport;
  };
}
