import type { TestContext } from 'node:test';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { createHost, type Host, type HostModules, type HostOptions } from '../../../client/p2p/host/host.ts';
import { LOOK_MS } from '../../../client/p2p/host/liveness.ts';

export const TOPIC = '/zkl1/00000000/00000000/test/ssz_snappy';

/** A host on a free port of the loopback address, stopped when the test ends. */
export async function testHost(
  t: TestContext,
  modules: Partial<HostModules> = {},
  options: Partial<HostOptions> = {},
): Promise<Host> {
  const host = await createHost(
    {
      key: await generateKeyPair('Ed25519'),
      listen: { address: '127.0.0.1', port: 0 },
      announce: [],
      maxPeers: 20,
      agent: 'test',
      gossip: { topics: [{ name: TOPIC, maxBytes: 65536 }], validationMs: 10_000, heartbeatMs: 100 },
      lookMs: LOOK_MS,
      ...options,
    },
    { isBanned: () => false, score: () => 0, onPeer: () => {}, onPeerGone: () => {}, ...modules },
  );
  t.after(() => host.stop());
  await host.start();
  return host;
}

/** Waits until a condition holds; fails with its name after the deadline. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 15_000,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const soon = (ms = 10_000): AbortSignal => AbortSignal.timeout(ms);
