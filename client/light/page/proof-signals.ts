/** When it is worth looking for a proof: a node with WebSocket says so, of others one asks again and again. */

export type ProofSignals = {
  /** Waits for the node's word that something was proven, at most `ms` where it gives none. */
  readonly rest: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
};

/** Words can be lost with a connection. */
const SUBSCRIBED_MS = 15_000;
const RECONNECT_MS = 5000;

/** Subscribes to `newBlockProofs` of the node at an http: URL; what it says is only a reason to look. */
export function proofSignals(url: string): ProofSignals {
  const address = url.replace(/^http/, 'ws');
  let isSubscribed = false;
  let isTold = false;
  let wake = (): void => {};
  const connect = (): void => {
    const socket = new WebSocket(address);
    socket.onopen = () =>
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newBlockProofs'] }));
    socket.onmessage = ({ data }) => {
      // The first message answers the subscription; a node that knows no such thing answers an error.
      if (!isSubscribed) isSubscribed = typeof data === 'string' && data.includes('"result"');
      isTold = true;
      wake();
    };
    socket.onclose = () => {
      isSubscribed = false;
      setTimeout(connect, RECONNECT_MS);
    };
  };
  connect();
  return {
    rest: (ms, signal) =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', end);
          wake = () => {};
          isTold = false;
          resolve();
        };
        const timer = setTimeout(end, isSubscribed ? SUBSCRIBED_MS : ms);
        signal?.addEventListener('abort', end);
        wake = end;
        if (isTold) end();
      }),
  };
}
