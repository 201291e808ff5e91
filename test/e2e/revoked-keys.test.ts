/**
 * A key is revoked on real nodes: proofs under it are neither served, counted nor taken, blocks that came by them are
 * named as long as nothing else proves them, and whoever announces or serves such proofs is dropped.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ProofDescriptor } from '../../client/p2p/interface.ts';
import { describeProof } from '../../client/p2p/proofs/descriptor.ts';
import { encodeProofAnnouncement } from '../../client/p2p/proofs/messages.ts';
import { ACCEPTED_KEYS } from '../../client/prover/verifier/accepted-keys.ts';
import { jsonOf, runHere } from '../support/command.ts';
import { rpc } from '../support/dev-node.ts';
import { devGenesis } from '../support/dev-vm.ts';
import { type Adversary, adversaryHost, type Misbehaviours } from '../support/p2p/adversary.ts';
import { soon, until } from '../support/p2p/host.ts';
import { announcementOf, forkHashesOf, provenBlocks, relaying, type ServedBlock } from '../support/p2p/proven-chain.ts';
import { Member } from '../support/process-network.ts';
import { SealedChain } from '../support/sealed-chain.ts';
import { temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 600_000;
const PATIENT_MS = 180_000;
const [P100, P128] = ACCEPTED_KEYS as [(typeof ACCEPTED_KEYS)[number], (typeof ACCEPTED_KEYS)[number]];
const REVOKED = `0x${P100.digest}`;
const UNKNOWN = `0x${'0d'.repeat(32)}`;
const REVOKE = ['--proofs.revoke', REVOKED, '--proofs.revoke', UNKNOWN];

/** As in `dishonest-peers.test.ts`, whose proof of this block is found again. */
const LATER_FORK = {
  bpo1Time: 4_102_444_800,
  blobSchedule: { ...devGenesis.config.blobSchedule, bpo1: devGenesis.config.blobSchedule.osaka },
};
const chain = await SealedChain.create(1, {}, LATER_FORK);
const { network, block: genesis } = chain.genesis;
const [own] = forkHashesOf(network) as [string];
const built = await chain.build(genesis, { transfers: [{ from: 0, nonce: 0, to: `0x${'6b'.repeat(20)}` }] });

type Status = {
  readonly state: string;
  readonly missing?: string;
  readonly head: { readonly number: string };
  readonly provenHead: { readonly number: string };
  readonly acceptedProofTypes: readonly string[];
  readonly revokedKeys: readonly string[];
  readonly distrusted: object | null;
  readonly applied: string;
};
type Peers = {
  readonly peers: readonly { readonly id: string; readonly faults: Readonly<Record<string, number>> }[];
  readonly banned: readonly { readonly id: string; readonly reason: string }[];
};
const statusOf = async ({ node }: Member): Promise<Status> =>
  (await rpc(node.url, 'zkl1_syncStatus')).result as unknown as Status;
const peersOf = async ({ node }: Member): Promise<Peers> =>
  (await rpc(node.url, 'zkl1_peers')).result as unknown as Peers;
const faultsOf = async (member: Member, { host }: Adversary) =>
  (await peersOf(member)).peers.find(({ id }) => id === host.peerId)?.faults;

async function connected(t: TestContext, to: Member, serves: Misbehaviours): Promise<Adversary> {
  const peer = await adversaryHost(t, network.genesisHash, [own], serves);
  await until('connected', () => peer.host.dial(to.address, soon()).then(Boolean, () => false), PATIENT_MS);
  return peer;
}

/** A peer that knows nothing but genesis, so that what it announces is all that is tried. */
const announcer = (block: ServedBlock, proof: ProofDescriptor, bytes: Uint8Array): Misbehaviours =>
  relaying(network, [block], {
    status: (s) => ({ ...s, headHash: network.genesisHash, headNumber: 0n }),
    proofs: new Map([[proof.proofHash, bytes]]),
  });
const announce = (peer: Adversary, block: ServedBlock, proof: ProofDescriptor): Promise<void> =>
  peer.gossip('execution_proof', encodeProofAnnouncement(announcementOf(block, proof)));

test('key is revoked → nothing of it counts or is served, who says otherwise is dropped, and another key’s proof mends it', {
  timeout: LIMIT_MS,
}, async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'genesis.json'), JSON.stringify(chain.json));
  const [block] = (await provenBlocks([[network, built]])) as [ServedBlock];
  const [again] = (await provenBlocks([[network, built]], P128)) as [ServedBlock];
  const flags = ['--genesis', join(folder, 'genesis.json'), '--sync', 'proof'];
  const member = await Member.create(t, 'member', flags);
  await member.start();
  const first = await connected(t, member, relaying(network, [block]));
  await until('imported', async () => (await statusOf(member)).provenHead.number === '0x1', PATIENT_MS);
  assert.deepEqual([(await statusOf(member)).distrusted, await member.isProven(block.hash)], [null, true]);
  await first.host.stop();
  assert.equal(await member.stop('SIGINT'), 0);

  await member.start([], REVOKE);
  const follower = await Member.create(t, 'follower', flags);
  await t.test('node that has imported by it → says so, counts and serves none of it', async () => {
    assert.match(member.node.stderr(), /^WARNING: block 1 was imported by proofs that count no more/m);
    assert.match(member.node.stderr(), new RegExp(`^WARNING: --proofs.revoke ${UNKNOWN} is no key of this build`, 'm'));
    const { head, provenHead, ...status } = await statusOf(member);
    assert.deepEqual([head.number, provenHead.number, status.applied], ['0x1', '0x0', '0x1']);
    assert.deepEqual([status.acceptedProofTypes, status.revokedKeys], [['0x81'], [REVOKED, UNKNOWN]]);
    assert.deepEqual(status.distrusted, { blocks: '0x1', first: '0x1', last: '0x1' });
    const listed = (await rpc(member.node.url, 'eth_getBlockProof', [block.hash])).error as unknown as { code: number };
    assert.equal(listed.code, -32002);
    const proof = `0x${Buffer.from(block.proof).toString('hex')}`;
    const { ok, code } = (await rpc(member.node.url, 'zkl1_verifyBlockProof', [proof])).result as Record<
      string,
      unknown
    >;
    assert.deepEqual([ok, code], [false, 'revokedKey']);
    await follower.start([member.address]);
    await until('waits', async () => (await statusOf(follower)).missing === 'proof', PATIENT_MS);
  });

  await t.test(
    'peer that announces a type that nobody takes, then one of the revoked key → passed over; dropped',
    async () => {
      const peer = await connected(t, member, announcer(block, block.descriptor, block.proof));
      for (let i = 0; i < 4; i++) await announce(peer, block, describeProof(127, Uint8Array.of(i)));
      await announce(peer, block, block.descriptor);
      await until('charged', async () => (await faultsOf(member, peer))?.revokedKey === 1, PATIENT_MS);
      assert.deepEqual(await faultsOf(member, peer), { revokedKey: 1 });
      for (let i = 0; i < 3; i++) await announce(peer, block, describeProof(P100.proofType, Uint8Array.of(i)));
      const isBanned = async (): Promise<boolean> =>
        (await peersOf(member)).banned.some(({ id, reason }) => id === peer.host.peerId && reason === 'revokedKey');
      await until('dropped', isBanned, PATIENT_MS);
    },
  );

  await t.test('peer that serves a proof of it under another type → charged with the same', async () => {
    const named = describeProof(P128.proofType, block.proof);
    const peer = await connected(t, member, announcer(block, named, block.proof));
    await announce(peer, block, named);
    await until('charged', async () => (await faultsOf(member, peer))?.revokedKey === 1, PATIENT_MS);
    await peer.host.stop();
  });

  await t.test(
    'node that begins with the revocation → takes no such proof from whoever has them, and charges nobody',
    async () => {
      const fresh = await Member.create(t, 'fresh', [...flags, ...REVOKE]);
      await fresh.start();
      const peer = await connected(t, fresh, relaying(network, [block]));
      await until('waits', async () => (await statusOf(fresh)).missing === 'proof', PATIENT_MS);
      assert.deepEqual([(await statusOf(fresh)).head.number, await faultsOf(fresh, peer)], ['0x0', {}]);
      assert.equal(await fresh.stop('SIGINT'), 0);
    },
  );

  await t.test('proof under another key → fetched, counted and served on', async () => {
    const peer = await connected(t, member, relaying(network, [again]));
    await until('proven', async () => (await statusOf(member)).provenHead.number === '0x1', PATIENT_MS);
    assert.deepEqual([(await statusOf(member)).distrusted, await member.isProven(block.hash)], [null, true]);
    await peer.host.stop();
    await until('followed', async () => (await statusOf(follower)).provenHead.number === '0x1', PATIENT_MS);
    for (const each of [follower, member]) assert.equal(await each.stop('SIGINT'), 0);
  });

  await t.test('started without the flag → says that the key is trusted again, once', async () => {
    const trusted = new RegExp(`^WARNING: verification key ${REVOKED} was revoked .* trusted again`, 'm');
    for (const isSaid of [true, false]) {
      await member.start();
      assert.equal(trusted.test(member.node.stderr()), isSaid, member.node.stderr());
      assert.equal(await member.stop('SIGINT'), 0);
    }
  });

  await t.test('verify --revoke → rejected by name; without → valid', async () => {
    const path = join(folder, 'block.proof');
    writeFileSync(path, block.proof);
    const line = ['verify', path, '--genesis', join(folder, 'genesis.json'), '--json'];
    const revoked = await runHere([...line, '--revoke', REVOKED.toUpperCase().replace('0X', '0x')]);
    const { stage, code } = jsonOf(revoked) as { stage?: string; code?: string };
    assert.deepEqual([revoked.exitCode, stage, code], [1, 'statement', 'revokedKey']);
    assert.equal((await runHere([...line, '--revoke', UNKNOWN])).exitCode, 0);
    assert.equal((await runHere([...line, '--revoke', '0x12'])).exitCode, 2);
  });
});
