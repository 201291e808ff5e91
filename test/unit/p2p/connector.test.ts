import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLogger } from '../../../client/log.ts';
import type { Host } from '../../../client/p2p/host/host.ts';
import { Connector, type ConnectorModules } from '../../../client/p2p/peers/connector.ts';

const PEER = '12D3KooWBoot';
const ADDRESS = `/ip4/127.0.0.1/tcp/1/p2p/${PEER}`;

/** A connector whose dials all fail, on a clock that only the test moves; it looks at what is due every millisecond. */
function lonely(t: TestContext) {
  let seconds = 0;
  const dials: number[] = [];
  const asked: number[] = [];
  const host = {
    peers: () => [],
    knownPeers: async () => [],
    dial: async () => {
      dials.push(seconds);
      throw new Error('no way there');
    },
  } as unknown as Host;
  const connector = new Connector({ bootnodes: [ADDRESS], wantedPeers: 8, tickMs: 1 }, {
    host,
    client: {
      status: async () => {
        asked.push(seconds);
        return { ok: false, code: 'timeout' };
      },
    },
    book: { isBanned: () => false },
    log: createLogger('silent'),
    signal: new AbortController().signal,
    now: () => seconds * 1000,
  } as unknown as ConnectorModules);
  t.after(() => connector.stop());
  const pass = async (count: number): Promise<number> => {
    const before = dials.length;
    for (let i = 0; i < count; i++) {
      seconds++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return dials.length - before;
  };
  return { connector, dials, asked, pass };
}

test('node that reaches nobody → tries again after 1, 2, 4, 8, then every 10 seconds', async (t) => {
  const { connector, dials, pass } = lonely(t);
  connector.start();
  await pass(60);
  const pauses = dials.slice(1).map((at, i) => at - dials[i]!);
  assert.deepEqual(pauses.slice(0, 6), [1, 2, 4, 8, 10, 10]);
});

test('bootstrap peer that was reached and is gone → tried again at once, whatever came before', async (t) => {
  const { connector, pass } = lonely(t);
  connector.start();
  await pass(40);
  connector.onPeer(PEER);
  connector.onPeerGone(PEER);
  assert.equal(await pass(4), 3, 'at once, after 1 and 2 more seconds');
});

test('peer whose chain surprises → asked for its status again, every two seconds at most', async (t) => {
  const { connector, asked, pass } = lonely(t);
  connector.onPeer(PEER);
  for (let i = 0; i < 5; i++) {
    await pass(1);
    connector.refresh(PEER);
  }
  assert.deepEqual(asked, [0, 2, 4]);
});
