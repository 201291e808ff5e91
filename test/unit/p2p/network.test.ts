import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../../client/log.ts';
import { CLAIM_SECONDS } from '../../../client/p2p/interface.ts';
import { announcementOf, PROOF_TYPE, type ToyBlock, toyChain } from '../../support/p2p/chain.ts';
import { soon, until } from '../../support/p2p/host.ts';
import { behindLine } from '../../support/p2p/link.ts';
import { type TestNode, testNode } from '../../support/p2p/node.ts';

/** Until each node has heard the status of so many others. */
async function connected(counts: readonly (readonly [TestNode, number])[]): Promise<void> {
  await until('connected', () =>
    counts.every(([node, count]) => node.network.peers().filter(({ status }) => status !== undefined).length >= count),
  );
}

/** Until so many peers hear what a node says: they say what they listen to some time after the connection is up. */
async function heardBy(node: TestNode, count: number, block: ToyBlock): Promise<void> {
  let expiresAt = Math.floor(Date.now() / 1000) + CLAIM_SECONDS;
  const claim = { blockHash: block.hash, proofType: PROOF_TYPE };
  await until('heard', async () => (await node.network.claimProving({ ...claim, expiresAt: expiresAt++ })) >= count);
}

test('proof announced by one of three in a line → verified by each, forwarded after that, served by all', async (t) => {
  const chain = await toyChain(3);
  const a = await testNode(t, chain, { holds: chain, proven: chain });
  const b = await testNode(t, chain, { bootnodes: [a.address] });
  const c = await testNode(t, chain, { bootnodes: [b.address] });
  await connected([
    [a, 1],
    [b, 1],
    [c, 1],
  ]);
  await heardBy(b, 2, chain[2]!);
  await until(
    'announced',
    async () => (await a.network.announceProof(announcementOf(chain[1]!))) > 0 || b.proven.size > 0,
  );
  await until('adopted by all', () => b.proven.has(chain[1]!.hash) && c.proven.has(chain[1]!.hash));
  assert.equal(b.verifications, 1);
  assert.equal(c.verifications, 1);
  const got = await c.network.proof(chain[1]!.descriptor, { signal: soon() });
  assert.ok(got.ok && Buffer.compare(got.value, chain[1]!.proof) === 0);
  for (const { network } of [a, b, c]) assert.deepEqual(network.faultCounts(), {});
});

test('headers, bodies and proofs of a range → fetched, linked, checked', async (t) => {
  const chain = await toyChain(300);
  const a = await testNode(t, chain, { holds: chain, proven: chain });
  const b = await testNode(t, chain, { bootnodes: [a.address] });
  await connected([[b, 1]]);
  const peer = a.network.peerId;
  const first = await b.network.headers({ from: 0n, count: 192 }, { signal: soon(), peer });
  assert.ok(first.ok);
  assert.equal(first.value.length, 192);
  const second = await b.network.headers({ from: chain[192]!.hash, count: 192 }, { signal: soon(), peer });
  assert.ok(second.ok);
  assert.equal(second.value.length, 108);
  assert.deepEqual(second.value[0]!.proofs[0], chain[192]!.descriptor);
  const body = await b.network.blockData('body', chain[7]!.hash, {
    signal: soon(),
    maxBytes: 10_000,
    check: (bytes) => Buffer.compare(bytes, chain[7]!.body) === 0,
  });
  assert.ok(body.ok);
  const none = async (of: string) => await b.network.headers({ from: 999n, count: 1 }, { signal: soon(), peer: of });
  assert.deepEqual(await none(peer), { ok: false, code: 'unknown' });
  assert.deepEqual(await none(b.network.peerId), { ok: false, code: 'unavailable' });
  const absent = await b.network.blockData('witness', chain[7]!.hash, {
    signal: soon(),
    maxBytes: 9,
    check: () => true,
  });
  assert.deepEqual(absent, { ok: false, code: 'unavailable' });
  assert.deepEqual(b.network.faultCounts(), {});
});

test('proof of 9 MiB from two peers, one of which goes away → whole', async (t) => {
  const chain = await toyChain(1, 'large', 9 * 1024 * 1024 + 5);
  const a = await testNode(t, chain, { holds: chain, proven: chain });
  const c = await testNode(t, chain, { holds: chain, proven: chain });
  const b = await testNode(t, chain, { bootnodes: [a.address, c.address] });
  await connected([[b, 2]]);
  const fetching = b.network.proof(chain[0]!.descriptor, { signal: soon() });
  await a.network.stop();
  const got = await fetching;
  assert.ok(got.ok && Buffer.compare(got.value, chain[0]!.proof) === 0);
  assert.deepEqual(b.network.banned(), []);
});

test('block announced with its body → judged, told to the node, forwarded; a body of another block → its sender dropped', async (t) => {
  const chain = await toyChain(3);
  const a = await testNode(t, chain, { holds: chain });
  const b = await testNode(t, chain, { bootnodes: [a.address] });
  await connected([
    [a, 1],
    [b, 1],
  ]);
  const { headerRlp, seal, body } = chain[1]!;
  await until(
    'announced',
    async () => (await a.network.announceBlock({ headerRlp, seal, bodySize: body.length, body })) > 0,
  );
  await until('seen', () => b.seenBlocks.length === 1);
  assert.deepEqual(Buffer.from(b.seenBlocks[0]!.body!), Buffer.from(body));
  const other = chain[2]!;
  await a.network.announceBlock({ headerRlp: other.headerRlp, seal: other.seal, bodySize: body.length, body });
  await until('dropped', () => b.network.banned().length === 1);
  assert.equal(b.network.banned()[0]!.reason, 'invalidBody');
  await until('gone', () => b.network.peers().length === 0);
});

test('peer found through another → connected to both, by peer exchange', async (t) => {
  const chain = await toyChain(1);
  const a = await testNode(t, chain);
  const b = await testNode(t, chain, { bootnodes: [a.address] });
  await connected([[a, 1]]);
  const c = await testNode(t, chain, { bootnodes: [a.address] });
  await connected([
    [a, 2],
    [b, 2],
    [c, 2],
  ]);
});

test('claim to prove → known to others, gone when it is fulfilled', async (t) => {
  const chain = await toyChain(3);
  const a = await testNode(t, chain, { holds: chain });
  const b = await testNode(t, chain, { bootnodes: [a.address] });
  await connected([
    [a, 1],
    [b, 1],
  ]);
  const now = Math.floor(Date.now() / 1000);
  const expiresAt = now + CLAIM_SECONDS;
  const { hash } = chain[1]!;
  await until(
    'claimed',
    async () => (await a.network.claimProving({ blockHash: hash, proofType: PROOF_TYPE, expiresAt })) > 0,
  );
  await until('known', () => b.network.claimedUntil(hash, PROOF_TYPE) !== undefined);
  const left = b.network.claimedUntil(hash, PROOF_TYPE)! - now;
  assert.ok(left >= CLAIM_SECONDS && left < CLAIM_SECONDS + 15, `${left} s from its arrival`);
  assert.equal(a.network.claimedUntil(hash, PROOF_TYPE), undefined);
  a.proven.add(hash);
  await a.network.announceProof(announcementOf(chain[1]!));
  await until('fulfilled', () => b.network.claimedUntil(hash, PROOF_TYPE) === undefined);
  assert.ok(b.proven.has(hash));
});

test('node of another chain → dropped as foreign by both', async (t) => {
  const a = await testNode(t, await toyChain(1, 'one'));
  const b = await testNode(t, await toyChain(1, 'two'), { bootnodes: [a.address] });
  await until('dropped', () => a.network.banned().length + b.network.banned().length > 0);
  const [ban] = [...a.network.banned(), ...b.network.banned()];
  assert.equal(ban!.reason, 'foreignChain');
  await until('gone', () => a.network.peers().length + b.network.peers().length === 0);
});

test('announcement of a node that is alone → 0, counted, no error', async (t) => {
  const chain = await toyChain(2);
  const lines: string[] = [];
  const log = createLogger('debug', { write: (line) => void lines.push(line) });
  const a = await testNode(t, chain, { holds: chain, proven: chain, log });
  assert.equal(await a.network.announceProof(announcementOf(chain[1]!)), 0);
  assert.equal(a.network.counters().publishedToNobody, 1);
  assert.ok(lines.length > 0 && lines.every((line) => !/"level":"(error|warn)"/.test(line)), lines.join(''));
});

test('stop while a fetch waits → both end', async (t) => {
  const chain = await toyChain(1);
  const a = await testNode(t, chain, { ports: { adoptProof: async () => ({ verdict: 'ignore', code: 'none' }) } });
  const b = await testNode(t, chain, { bootnodes: [a.address] });
  await connected([[b, 1]]);
  const ending = new AbortController();
  const fetching = b.network.proof(chain[0]!.descriptor, { signal: ending.signal });
  ending.abort();
  await b.network.stop();
  assert.equal((await fetching).ok, false);
});

test('rejects bootstrap addresses that name no peer or are none', async (t) => {
  const chain = await toyChain(1);
  for (const address of ['enode://ab@127.0.0.1:30303', '/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/1/p2p/x', '']) {
    await assert.rejects(testNode(t, chain, { bootnodes: [address] }), { code: 'addressInvalid' }, address);
  }
});

test('peer that falls silent while it is asked → the request ends, nobody is charged, the peer is back when the line is', async (t) => {
  const chain = await toyChain(3);
  const a = await testNode(t, chain, { holds: chain });
  const { address, link } = await behindLine(t, a.address);
  const b = await testNode(t, chain, { bootnodes: [address], tuning: { lookMs: 60 } });
  await connected([
    [a, 1],
    [b, 1],
  ]);
  link.hold('there', 'back');
  const ask = (): ReturnType<typeof b.network.blockData> =>
    b.network.blockData('body', chain[1]!.hash, { signal: soon(), maxBytes: 10_000, check: () => true });
  const asked = await Promise.all(Array.from({ length: 8 }, ask));
  assert.ok(asked.every(({ ok }) => !ok));
  await until('noticed', () => b.network.peers().length === 0);
  link.cut();
  link.release();
  link.heal();
  await connected([[b, 1]]);
  assert.ok((await ask()).ok);
  assert.deepEqual(b.network.faultCounts(), {});
});
