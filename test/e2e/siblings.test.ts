/**
 * A sealer that seals fifty blocks at one height and shows them to each of three real nodes in another order: each takes
 * two and counts the others; once an honest sealer makes the next block, all have one head.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEV_ACCOUNT_KEYS } from '../../client/execution/sealing/dev-accounts.ts';
import { encodeBlockAnnouncement } from '../../client/p2p/proofs/messages.ts';
import { blockAnnouncement } from '../../client/sync/gossip.ts';
import { hexOf } from '../support/bytes.ts';
import { rpc } from '../support/dev-node.ts';
import { type Adversary, adversaryHost, answer } from '../support/p2p/adversary.ts';
import { soon, until } from '../support/p2p/host.ts';
import { forkHashesOf, relaying } from '../support/p2p/proven-chain.ts';
import { bodyOf } from '../support/p2p/witness-lies.ts';
import { Member, residentKiB, untilSameHead } from '../support/process-network.ts';
import { SealedChain } from '../support/sealed-chain.ts';
import { temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 600_000;
const PATIENT_MS = 120_000;
const SIBLINGS = 50;
const FOLLOWERS = 3;
const FLAT_KIB = 256 * 1024;

/** Height 1 is the turn of the second of two sealers, which is not honest; height 2 that of the first, a real node. */
const chain = await SealedChain.create(2);
const { network, block: genesis } = chain.genesis;
const transfers = [{ from: 4, nonce: 0, to: `0x${'6b'.repeat(20)}` }];
const base = await chain.build(genesis, { transfers });
const siblings = Array.from({ length: SIBLINGS }, (_, i) => chain.altered(base, { extraData: Uint8Array.of(1, i) }, 1));
const nameOf = (i: number): string => hexOf(siblings[i]!.block.hash());

type Status = { readonly executed: string; readonly siblingsRefused: string };
type Faults = readonly { readonly number: string; readonly blocks: readonly { readonly hash: string }[] }[];
const statusOf = async ({ node }: Member): Promise<Status> => (await rpc(node.url, 'zkl1_syncStatus')).result as Status;
const bannedBy = async ({ node }: Member): Promise<readonly unknown[]> =>
  ((await rpc(node.url, 'zkl1_peers')).result as { readonly banned: readonly unknown[] }).banned;

const faultsOf = async ({ node }: Member): Promise<Faults> =>
  (await rpc(node.url, 'zkl1_sealerFaults')).result as Faults;

/** Tells a node of the siblings, from one on and around; the first two one after the other. */
async function tell(equivocator: Adversary, follower: Member, from: number): Promise<void> {
  for (let i = 0; i < SIBLINGS; i++) {
    const { block, seal } = siblings[(from + i) % SIBLINGS]!;
    const announcement = blockAnnouncement(block.header.serialize(), seal, bodyOf(base));
    await equivocator.gossip('block', encodeBlockAnnouncement(announcement));
    if (i === 0) await until('taken', async () => (await statusOf(follower)).executed === '0x1', PATIENT_MS);
    if (i === 1) await until('evidence', async () => (await faultsOf(follower)).length === 1, PATIENT_MS);
  }
  const isAllCounted = async (): Promise<boolean> => {
    const [executed, refused] = [(await statusOf(follower)).executed, (await statusOf(follower)).siblingsRefused].map(
      Number,
    );
    // A second one that cannot win is turned away twice, for its header and itself.
    return refused! >= SIBLINGS - 2 + (executed === 1 ? 2 : 0);
  };
  await until('all are counted', isAllCounted, PATIENT_MS);
}

/** Positions of the siblings that a node has. */
async function storedBy(member: Member): Promise<readonly number[]> {
  const found: number[] = [];
  for (let i = 0; i < SIBLINGS; i++) if ((await member.block(nameOf(i))) !== undefined) found.push(i);
  return found;
}

test(`${SIBLINGS} blocks of one sealer at one height, in other orders to ${FOLLOWERS} nodes → two each are executed and kept, the others counted; one head on an honest sealer’s next block`, {
  timeout: LIMIT_MS,
}, async (t) => {
  const folder = temporaryFolder(t);
  const [file, key] = [join(folder, 'genesis.json'), join(folder, 'seal.key')];
  writeFileSync(file, JSON.stringify(chain.json));
  writeFileSync(key, DEV_ACCOUNT_KEYS[0]!, { mode: 0o600 });
  const followers: Member[] = [];
  for (let i = 0; i < FOLLOWERS; i++) followers.push(await Member.create(t, `node ${i}`, ['--genesis', file]));
  await Promise.all(followers.map((each) => each.start()));
  const before = followers.map(residentKiB);

  const [fork] = forkHashesOf(network) as [string];
  const quiet = relaying(network, [{ hash: network.genesisHash, built: { block: genesis } } as never]);
  await Promise.all(
    followers.map(async (follower, i) => {
      const equivocator = await adversaryHost(t, network.genesisHash, [fork], {
        status: quiet.status!,
        headers: (stream) => answer(stream, []),
        peers: (stream) => answer(stream, []),
      });
      await until(
        'connected',
        () => equivocator.host.dial(follower.address, soon()).then(Boolean, () => false),
        PATIENT_MS,
      );
      await tell(equivocator, follower, 2 * i);
      await equivocator.host.stop();
    }),
  );
  const heads = await Promise.all(followers.map((each) => each.sync()));
  assert.equal(new Set(heads.map(({ head }) => head.hash)).size, FOLLOWERS, 'no two have the same head');
  for (const [i, follower] of followers.entries()) {
    const stored = await storedBy(follower);
    assert.ok(stored.length <= 2 && stored.every((each) => each === 2 * i || each === 2 * i + 1), stored.join());
    assert.equal(heads[i]!.executed, BigInt(stored.length));
    const faults = await faultsOf(follower);
    assert.deepEqual(
      faults.map(({ number, blocks }) => [number, blocks.map(({ hash }) => hash)]),
      [['0x1', [nameOf(2 * i), nameOf(2 * i + 1)]]],
    );
  }

  const sealer = await Member.create(t, 'sealer', ['--genesis', file, '--seal', '--seal.key', key]);
  await sealer.start(followers.map(({ address }) => address));
  const all = [sealer, ...followers];
  const reports = await untilSameHead(all, ([first]) => first!.head.number >= 2n);
  for (const [i, member] of all.entries()) {
    const stored = await storedBy(member);
    assert.ok(stored.length <= 3, `${member.name} has ${stored.length}: two, and the one that the chain goes over`);
    // Heights above the first have one block each.
    assert.ok(reports[i]!.executed <= BigInt(stored.length) + reports[i]!.head.number - 1n, `${reports[i]!.executed}`);
    assert.deepEqual(await bannedBy(member), []);
  }
  for (const [i, follower] of followers.entries())
    assert.ok(residentKiB(follower) - before[i]! < FLAT_KIB, `${residentKiB(follower) - before[i]!} KiB more`);
  for (const member of all) {
    assert.doesNotMatch(member.node.stderr(), /"level":"error"/);
    assert.equal(await member.stop('SIGINT'), 0);
  }
});
