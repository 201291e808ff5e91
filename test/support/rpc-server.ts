import type { TestContext } from 'node:test';
import { DEFAULT_LIMITS, type Dispatch, type Limits } from '../../client/rpc/jsonrpc/dispatch.ts';
import { NO_DOWNLOADS } from '../../client/rpc/jsonrpc/download.ts';
import { NO_PAGES } from '../../client/rpc/jsonrpc/pages.ts';
import { type HttpOptions, type RpcServer, serveHttp } from '../../client/rpc/jsonrpc/server.ts';
import { DEFAULT_SOCKET_LIMITS, type SocketLimits } from '../../client/rpc/jsonrpc/websocket.ts';

type Options = Partial<Omit<HttpOptions, 'webSocket'>> & {
  readonly limits?: Limits;
  readonly origins?: readonly string[];
  readonly socketLimits?: Partial<SocketLimits>;
};

/** Serves JSON-RPC on a free port until the test ends. */
export async function serveRpc(t: TestContext, dispatch: Dispatch, options: Options = {}): Promise<RpcServer> {
  const { origins = [], socketLimits = {}, ...http } = options;
  const server = await serveHttp(dispatch, {
    ...{
      host: '127.0.0.1',
      port: 0,
      limits: DEFAULT_LIMITS,
      downloads: NO_DOWNLOADS,
      pages: NO_PAGES,
      corsOrigins: [],
    },
    ...http,
    webSocket: { origins, limits: { ...DEFAULT_SOCKET_LIMITS, ...socketLimits } },
  });
  t.after(() => server.close());
  return server;
}
