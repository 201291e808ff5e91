/** When it is worth looking for a proof: a node with WebSocket says so, of others one asks again and again. */
import { httpUrl } from './transport.ts';

export type ProofSignals = {
  /** Waits for the node's word that something was proven, at most `ms` where it gives none. */
  readonly rest: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
};

/** What is used of a WebSocket: the platform's own, or a library's. */
export type SignalSocket = {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: (() => void) | null;
  onerror: ((event: unknown) => void) | null;
  readonly send: (text: string) => void;
  readonly close: () => void;
};
export type SignalOptions = {
  /** closes the connection for good */
  readonly signal?: AbortSignal;
  /** in place of the platform's, which Node before 22 lacks */
  readonly connect?: (url: string) => SignalSocket;
  /** Told when the node begins to give its word, and when it no longer does: it is asked again and again meanwhile. */
  readonly onSubscribed?: (isSubscribed: boolean, webSocketUrl: string) => void;
};

/** Words can be lost with a connection. */
const SUBSCRIBED_MS = 15_000;
const RECONNECT_MS = 5000;
const SUBSCRIBE = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newBlockProofs'] });

/**
 * Subscribes to `newBlockProofs` of a node, and again after each loss of the connection; what it says is only a reason to
 * look.
 * @param url http: or ws: URL of its JSON-RPC, https: or wss:
 * @throws LightError `endpointInvalid`
 */
export function proofSignals(url: string, options: SignalOptions = {}): ProofSignals {
  const { signal, connect = (address) => new WebSocket(address) as SignalSocket, onSubscribed } = options;
  const address = httpUrl(url).href.replace(/^http/, 'ws');
  let isSubscribed = false;
  let isTold = false;
  let wake = (): void => {};
  let open: SignalSocket | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const become = (now: boolean): void => {
    if (isSubscribed !== now) onSubscribed?.(now, address);
    isSubscribed = now;
  };
  const dial = (): void => {
    const socket = connect(address);
    open = socket;
    socket.onopen = () => socket.send(SUBSCRIBE);
    socket.onmessage = ({ data }) => {
      // The first message answers the subscription; a node that knows no such thing answers an error.
      if (!isSubscribed) become(typeof data === 'string' && data.includes('"result"'));
      isTold = true;
      wake();
    };
    // A close follows.
    socket.onerror = () => {};
    socket.onclose = () => {
      if (signal?.aborted === true) return;
      become(false);
      retry = setTimeout(dial, RECONNECT_MS);
      // The node may be gone or anew: a look tells.
      wake();
    };
  };
  signal?.addEventListener('abort', () => {
    clearTimeout(retry);
    open?.close();
  });
  if (signal?.aborted !== true) dial();
  return {
    rest: (ms, until) =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          until?.removeEventListener('abort', end);
          wake = () => {};
          isTold = false;
          resolve();
        };
        const timer = setTimeout(end, isSubscribed ? SUBSCRIBED_MS : ms);
        until?.addEventListener('abort', end);
        wake = end;
        if (isTold || until?.aborted === true) end();
      }),
  };
}
