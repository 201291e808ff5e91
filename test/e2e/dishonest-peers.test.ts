/**
 * Real nodes that follow a chain by its proofs, and whose one peer lies to them: nothing false is imported, the liar is
 * dropped for what it did, memory is flat, and as soon as there is an honest peer they are at the true head.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { decodeStateDiff, encodeStateDiff } from '../../client/execution/state/state-diff-codec.ts';
import type { BlockAnnouncement, ProofAnnouncement } from '../../client/p2p/interface.ts';
import { describeProof } from '../../client/p2p/proofs/descriptor.ts';
import { FrameKind } from '../../client/p2p/proofs/framing.ts';
import { encodeBlockAnnouncement, encodeProofAnnouncement } from '../../client/p2p/proofs/messages.ts';
import { topicId } from '../../client/p2p/proofs/protocols.ts';
import { snappyCompress } from '../../client/p2p/proofs/snappy.ts';
import { bytesOf } from '../support/bytes.ts';
import { rpc } from '../support/dev-node.ts';
import { devGenesis } from '../support/dev-vm.ts';
import { devAddress } from '../support/memory-chain.ts';
import {
  type Adversary,
  adversaryHost,
  answer,
  frame,
  gossipFrame,
  type Misbehaviour,
  type Misbehaviours,
  sizeOf,
} from '../support/p2p/adversary.ts';
import { soon, until } from '../support/p2p/host.ts';
import { Link } from '../support/p2p/link.ts';
import {
  announcementOf,
  type Changes,
  forkHashesOf,
  provenBlocks,
  relaying,
  type ServedBlock,
} from '../support/p2p/proven-chain.ts';
import { freePort, Member, pause, residentKiB } from '../support/process-network.ts';
import { PERIOD, SealedChain } from '../support/sealed-chain.ts';
import { type Lifetime, suiteLifetime, temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 600_000;
/** All that is waited for stays once it is there: a slow machine only takes longer. */
const PATIENT_MS = 180_000;
/** What a process may hold more than before its attackers came; each of their lies asks for gigabytes, or has no end. */
const FLAT_KIB = 256 * 1024;
const EMPTY = new Uint8Array(0);

/** A fork that is known and far away: topics of its own. */
const LATER_FORK = {
  bpo1Time: 4_102_444_800,
  blobSchedule: { ...devGenesis.config.blobSchedule, bpo1: devGenesis.config.blobSchedule.osaka },
};
const chain = await SealedChain.create(1, {}, LATER_FORK);
const elsewhere = await SealedChain.create(1, {}, { ...LATER_FORK, chainId: 7777 });
const { network, block: genesis } = chain.genesis;
const transfer = (nonce: number) => ({ transfers: [{ from: 0, nonce, to: `0x${'6b'.repeat(20)}` }] });
const built1 = await chain.build(genesis, transfer(0));
const built2 = await chain.build(built1.block, transfer(1));
/** Valid, and sealed by nobody that the genesis names. */
const unsealed = await chain.build(genesis, { extra: 9 });
/** Another block of the same sealer at the same height. */
const second = await chain.build(genesis, { extra: 7 });
const foreign = await elsewhere.build(elsewhere.genesis.block);
const STRANGER = 5;

const lifetime = suiteLifetime();
const [own, later] = forkHashesOf(network) as [string, string];
let blocks: readonly ServedBlock[];
let rogue: ServedBlock;
let alien: ServedBlock;
let sibling: ServedBlock;
let folder: string;
let honest: Member;

type Peers = {
  readonly peers: readonly { readonly id: string; readonly faults: Readonly<Record<string, number>> }[];
  readonly banned: readonly { readonly id: string; readonly reason: string }[];
  readonly faults: Readonly<Record<string, number>>;
  readonly counters: Readonly<Record<string, number>>;
};
const peersOf = async (member: Member): Promise<Peers> => (await rpc(member.node.url, 'zkl1_peers')).result as Peers;
const stateOf = async (member: Member): Promise<{ readonly state: string; readonly missing?: string }> =>
  (await rpc(member.node.url, 'zkl1_syncStatus')).result as { readonly state: string; readonly missing?: string };
const follower = (t: Lifetime, name: string): Promise<Member> =>
  Member.create(t, name, ['--genesis', join(folder, 'genesis.json'), '--sync', 'proof']);

before(
  async () => {
    folder = temporaryFolder(lifetime);
    writeFileSync(join(folder, 'genesis.json'), JSON.stringify(chain.json));
    const [first, next, without, of7777, beside] = await provenBlocks([
      [network, built1],
      [network, built2],
      [network, { ...unsealed, seal: chain.seal(unsealed.block, STRANGER) }],
      [elsewhere.genesis.network, foreign],
      [network, second],
    ]);
    blocks = [first!, next!];
    rogue = without!;
    alien = of7777!;
    sibling = beside!;
    honest = await follower(lifetime, 'honest');
    await honest.start();
    const truthful = await adversaryHost(lifetime, network.genesisHash, [own], relaying(network, blocks));
    await until('connected', () => truthful.host.dial(honest.address, soon()).then(Boolean, () => false), PATIENT_MS);
    while ((await honest.sync()).head.hash !== blocks[1]!.hash) await pause(100);
    await truthful.host.stop();
    lifetime.after(() => honest.stop('SIGINT'));
  },
  { timeout: LIMIT_MS },
);

/** One liar: what it serves, what it does by itself, and what it is dropped for; without a fault it stays. */
type Liar = {
  readonly name: string;
  readonly fault?: string;
  readonly serves?: () => Misbehaviours;
  readonly does?: (liar: Adversary, victim: Member) => Promise<void>;
  /** a fact that stays, once it is there */
  readonly until?: (victim: Member, liar: Adversary) => Promise<boolean>;
};
const relay = (changes: Changes = {}, of = blocks): Misbehaviours => relaying(network, of, changes);
/** Says nothing of blocks, so that what it does is all that is tried. */
const quiet = (): Misbehaviours => relay({ status: (s) => ({ ...s, headHash: network.genesisHash, headNumber: 0n }) });

async function attack(t: Lifetime, victim: Member, liar: Liar): Promise<string> {
  const bad = await adversaryHost(t, network.genesisHash, [own, later], (liar.serves ?? quiet)());
  await until('connected', () => bad.host.dial(victim.address, soon()).then(Boolean, () => false), PATIENT_MS);
  const { peerId } = bad.host;
  await liar.does?.(bad, victim).catch((error) => {
    // Dropped in the middle of it.
    if (bad.host.peers().length > 0) throw error;
  });
  const { fault } = liar;
  if (fault !== undefined) {
    await until(
      `dropped for ${fault}`,
      async () => (await peersOf(victim)).banned.some(({ id, reason }) => id === peerId && reason === fault),
      PATIENT_MS,
    );
    await until('gone', async () => !(await peersOf(victim)).peers.some(({ id }) => id === peerId), PATIENT_MS);
    assert.ok(((await peersOf(victim)).faults[fault] ?? 0) > 0);
  }
  if (liar.until !== undefined) await until('so', () => liar.until!(victim, bad), PATIENT_MS);
  return peerId;
}

/** A fresh node that meets liars one after the other, and then an honest peer. */
function meets(title: string, liars: readonly Liar[]): void {
  test(title, { timeout: LIMIT_MS }, async (t) => {
    // The one way to the honest node is cut while there are only liars.
    const way = await Link.open(t, await freePort(), honest.port, { delayMs: 0, loss: 0, seed: 1 });
    way.cut();
    const victim = await follower(t, 'victim');
    await victim.start([honest.address.replace(/\/tcp\/\d+/, `/tcp/${way.port}`)]);
    const before = residentKiB(victim);
    const ids = new Set<string>();
    for (const liar of liars) {
      await t.test(`${liar.name} → ${liar.fault ?? 'nothing is imported'}`, async () => {
        ids.add(await attack(t, victim, liar));
        const { head, applied, executed } = await victim.sync();
        assert.deepEqual([head.number, applied, executed], [0n, 0n, 0n]);
      });
    }
    way.heal();
    await until('at the true head', async () => (await victim.sync()).head.hash === blocks[1]!.hash, PATIENT_MS);
    const { applied, executed, provenNumber } = await victim.sync();
    assert.deepEqual([applied, executed, provenNumber], [2n, 0n, 2n]);
    for (const { id } of (await peersOf(victim)).banned) assert.ok(ids.has(id), 'an honest peer was banned');
    assert.ok(residentKiB(victim) - before < FLAT_KIB, `${residentKiB(victim) - before} KiB more`);
    assert.equal(await victim.stop('SIGINT'), 0);
  });
}

const peerOf = (address: string): string => /\/p2p\/([^/]+)$/.exec(address)![1]!;
const flipped = (bytes: Uint8Array, at = bytes.length >> 1): Uint8Array =>
  Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));
/** The first block's proof is other bytes, named as what they are. */
const provenBy = (bytes: Uint8Array): Misbehaviours => {
  const descriptor = describeProof(blocks[0]!.descriptor.proofType, bytes);
  return relay({
    record: (record, block) => (block === blocks[0] ? { ...record, proofs: [descriptor] } : record),
    proofs: new Map([[descriptor.proofHash, bytes]]),
  });
};
const object = (kind: string, change: (bytes: Uint8Array) => Uint8Array | undefined): Misbehaviours =>
  relay({ object: (of, bytes) => (of === kind ? change(bytes) : bytes) });
const announce =
  (a: ProofAnnouncement, fork = own) =>
  (liar: Adversary) =>
    liar.gossip('execution_proof', encodeProofAnnouncement(a), fork);
const announceBlock = (block: BlockAnnouncement) => (liar: Adversary) =>
  liar.gossip('block', encodeBlockAnnouncement(block));
/** A proof of the first block that differs in each message. */
const another = (i: number): ProofAnnouncement =>
  announcementOf(blocks[0]!, describeProof(blocks[0]!.descriptor.proofType, Uint8Array.of(i)));

const AT_ONCE = { concurrency: 4 };

describe('peer that relays everything', AT_ONCE, () => {
  meets('but flips bits …, then an honest one → the true head', [
    { name: 'of a proof', fault: 'wrongBytes', serves: () => object('proof', flipped) },
    { name: 'of a proof, which it names', fault: 'invalidProof', serves: () => provenBy(flipped(blocks[0]!.proof)) },
    { name: 'of a body', fault: 'wrongBytes', serves: () => object('body', flipped) },
    { name: 'of receipts', fault: 'wrongBytes', serves: () => object('receipts', flipped) },
    {
      name: 'of a seal',
      fault: 'invalidSeal',
      serves: () => relay({ record: (record) => ({ ...record, seal: flipped(record.seal, 5) }) }),
    },
    {
      name: 'of a header',
      fault: 'invalidHeader',
      serves: () => relay({ record: (record) => ({ ...record, headerRlp: flipped(record.headerRlp) }) }),
    },
  ]);

  meets('but has proofs of other things …, then an honest one → the true head', [
    {
      name: 'the next block’s',
      fault: 'invalidProof',
      serves: () =>
        relay({
          record: (record, block) => ({ ...record, proofs: [blocks[block === blocks[0] ? 1 : 0]!.descriptor] }),
        }),
    },
    { name: 'another chain’s', fault: 'invalidProof', serves: () => provenBy(alien.proof) },
    { name: 'of a block beside it', fault: 'invalidProof', serves: () => provenBy(rogue.proof) },
    {
      name: 'under a key that is none any more',
      fault: 'invalidProof',
      // version u16, proof type u8, then the key's hash
      serves: () => provenBy(Uint8Array.from(blocks[0]!.proof, (byte, i) => (i >= 3 && i < 35 ? byte ^ 0xff : byte))),
    },
    {
      name: 'announced as another chain’s',
      fault: 'malformedMessage',
      does: async (liar) => {
        const { claim, ...rest } = announcementOf(blocks[0]!);
        for (const chainId of [7777n, 1n]) await announce({ ...rest, claim: { ...claim, chainId } })(liar);
      },
    },
    {
      name: 'announced and false',
      fault: 'invalidProof',
      serves: () => ({ ...provenBy(flipped(blocks[0]!.proof)), ...statusOf(quiet()) }),
      does: (liar) => {
        const { proofType } = blocks[0]!.descriptor;
        return announce(announcementOf(blocks[0]!, describeProof(proofType, flipped(blocks[0]!.proof))))(liar);
      },
    },
    {
      name: 'only of a type that is not accepted',
      serves: () =>
        relay({ record: (record, { descriptor }) => ({ ...record, proofs: [{ ...descriptor, proofType: 127 }] }) }),
      until: async (victim) => (await stateOf(victim)).missing === 'proof',
    },
  ]);

  meets('but withholds …, then an honest one → the true head', [
    {
      name: 'what it announces',
      fault: 'withheldData',
      serves: () => ({ ...object('proof', () => undefined), ...statusOf(quiet()) }),
      does: async (liar) => {
        // Of one block a peer has one announcement at a time judged: what comes in between is passed over.
        for (let i = 0; liar.host.peers().length > 0; i++) {
          await announce(another(i))(liar);
          await pause(500);
        }
      },
    },
    {
      name: 'every proof',
      serves: () => object('proof', () => undefined),
      until: async (victim) => (await stateOf(victim)).missing === 'proof',
    },
  ]);

  const diff = () => decodeStateDiff(blocks[0]!.data.stateDiff, built1.block.header.gasUsed);
  const changedDiff = (accounts: ReturnType<typeof diff>['accounts']): Uint8Array => encodeStateDiff({ accounts });
  meets('but changes a diff …, then an honest one → the true head', [
    {
      name: 'to another state',
      fault: 'invalidDiff',
      serves: () =>
        object('stateDiff', () => changedDiff(diff().accounts.map((a) => ({ ...a, balance: (a.balance ?? 0n) + 1n })))),
    },
    {
      name: 'to another order',
      fault: 'invalidDiff',
      serves: () => object('stateDiff', () => changedDiff(diff().accounts.toReversed())),
    },
    {
      name: 'by what has not changed',
      fault: 'invalidDiff',
      serves: () =>
        object('stateDiff', () => {
          const untouched = { address: bytesOf(devAddress(3)), nonce: 0n, storage: [] };
          const all = [...diff().accounts, untouched];
          return changedDiff(all.sort((a, b) => Buffer.compare(a.address, b.address)));
        }),
    },
    {
      name: 'to another encoding',
      fault: 'wrongBytes',
      serves: () => object('stateDiff', (bytes) => Buffer.concat([bytes, EMPTY, Uint8Array.of(0)])),
    },
    {
      name: 'and withholds a body',
      serves: () => ({ ...object('body', () => undefined), ...statusOf(quiet()) }),
      does: announceTrue,
      until: async (victim, { host }) =>
        (await peersOf(victim)).peers.some(({ id, faults }) => id === host.peerId && (faults.withheldData ?? 0) > 0),
    },
  ]);
});

describe('peer of another chain than the sealers’', AT_ONCE, () => {
  meets('of blocks …, then an honest one → the true head', [
    {
      name: 'all proven, none sealed by a sealer',
      fault: 'invalidSeal',
      serves: () => relay({}, [rogue]),
    },
    {
      name: 'the same, announced',
      fault: 'invalidSeal',
      serves: () => ({ ...relay({}, [rogue]), ...statusOf(quiet()) }),
      does: (liar) => announce(announcementOf(rogue))(liar),
    },
    { name: 'of another chain id', fault: 'invalidSeal', serves: () => relay({}, [alien]) },
    {
      name: 'of another genesis',
      fault: 'foreignChain',
      serves: () => relay({ status: (s) => ({ ...s, genesisHash: `0x${'99'.repeat(32)}` }) }),
    },
    {
      name: 'from the future',
      fault: 'farFuture',
      does: async (liar) => {
        const now = BigInt(Math.floor(Date.now() / 1000));
        for (let i = 0n; i < 4n; i++) {
          const { block, seal } = chain.altered(built1, { timestamp: now + 7200n + i * PERIOD }, 0);
          await announceBlock({ headerRlp: block.header.serialize(), seal, bodySize: 1000 })(liar);
        }
      },
    },
    {
      name: 'on another fork’s topic',
      fault: 'unknownFork',
      does: async (liar) => {
        for (let i = 0; i < 4; i++) await announce(another(i), later)(liar);
      },
    },
  ]);

  meets('of two that one sealer made …, then an honest one → the true head', [
    {
      name: 'both announced, neither proven',
      serves: () => object('proof', () => undefined),
      does: async (liar) => {
        for (const { block, seal } of [built1, second]) {
          await announceBlock({ headerRlp: block.header.serialize(), seal, bodySize: 1000 })(liar);
        }
      },
      until: async (victim) => {
        const faults = (await rpc(victim.node.url, 'zkl1_sealerFaults')).result as { blocks: { hash: string }[] }[];
        const hashes = faults[0]?.blocks.map(({ hash }) => hash).sort();
        return JSON.stringify(hashes) === JSON.stringify([blocks[0]!.hash, hashOfBuilt(second)].sort());
      },
    },
  ]);
});

test('proofs of three blocks of one sealer at one height → two at most are verified and imported; the third when the next block is on it', {
  timeout: LIMIT_MS,
}, async (t) => {
  const way = await Link.open(t, await freePort(), honest.port, { delayMs: 0, loss: 0, seed: 1 });
  way.cut();
  const victim = await follower(t, 'victim');
  await victim.start([honest.address.replace(/\/tcp\/\d+/, `/tcp/${way.port}`)]);
  // A proof is of a block, whoever seals it.
  const sealed = { ...rogue, seal: chain.seal(unsealed.block, 0) };
  const three = [sibling, sealed, blocks[0]!];
  const liar = await adversaryHost(t, network.genesisHash, [own], { ...relay({}, three), ...statusOf(quiet()) });
  await until('connected', () => liar.host.dial(victim.address, soon()).then(Boolean, () => false), PATIENT_MS);
  type Counts = { readonly verified: string; readonly applied: string; readonly siblingsRefused: string };
  const counts = async (): Promise<Counts> => (await rpc(victim.node.url, 'zkl1_syncStatus')).result as Counts;
  for (const [i, each] of three.entries()) {
    await announce(announcementOf(each))(liar);
    const isDone = async (): Promise<boolean> => {
      const { applied, siblingsRefused } = await counts();
      return Number(applied) + Number(siblingsRefused) > i;
    };
    await until('imported or refused', isDone, PATIENT_MS);
  }
  const { verified, applied, siblingsRefused } = await counts();
  assert.equal(verified, applied, 'what is refused is not verified');
  assert.ok(Number(applied) <= 2 && Number(siblingsRefused) >= 1);
  assert.equal(await victim.block(blocks[0]!.hash), undefined);
  assert.deepEqual((await peersOf(victim)).faults, {});

  way.heal();
  await until('at the true head', async () => (await victim.sync()).head.hash === blocks[1]!.hash, PATIENT_MS);
  assert.equal(Number((await counts()).applied), Number(applied) + 2);
  assert.equal((await victim.sync()).executed, 0n);
  assert.deepEqual((await peersOf(victim)).banned, []);
  assert.equal(await victim.stop('SIGINT'), 0);
});

describe('peer that breaks the protocols', AT_ONCE, () => {
  const dataAs =
    (data: Misbehaviour): (() => Misbehaviours) =>
    () => ({ ...relay(), data });
  meets('by streams …, then an honest one → the true head', [
    {
      name: 'without end',
      fault: 'unrequestedData',
      serves: dataAs(async (stream) => {
        await stream.write(frame(FrameKind.item, sizeOf(1000)), soon());
        for (;;) await stream.write(frame(FrameKind.item, new Uint8Array(65536)), soon());
      }),
    },
    {
      name: 'of 4 GiB',
      fault: 'oversizedMessage',
      serves: dataAs(async (stream) => {
        await stream.write(frame(FrameKind.item, new Uint8Array(1000), 0xffffffff), soon());
      }),
    },
    {
      name: 'of an object of 4 GiB',
      fault: 'oversizedMessage',
      serves: dataAs((s) => answer(s, [sizeOf(0xffffffff)])),
    },
    {
      name: 'that drip',
      fault: 'slowResponse',
      serves: dataAs(async (stream) => {
        for (;;) {
          await stream.write(Uint8Array.of(0), soon());
          await pause(500);
        }
      }),
      // A fifth request beside the four of sync: one round of drips is enough.
      does: announceTrue,
    },
    {
      name: 'of requests of 4 GiB',
      fault: 'oversizedMessage',
      does: async (liar, victim) => {
        for (let i = 0; i < 2; i++)
          await liar.send(peerOf(victim.address), 'data', Uint8Array.from([255, 255, 255, 255]));
      },
    },
  ]);

  const topic = topicId(network.genesisHash, own, 'execution_proof');
  const floods = (name: string, fault: string, message: () => Uint8Array, times: number): Liar => ({
    name,
    fault,
    does: async (liar, victim) => {
      const stream = await liar.rawGossip(peerOf(victim.address));
      const many = Buffer.concat(Array.from({ length: Math.min(times, 50) }, message));
      for (let sent = 0; sent < times && liar.host.peers().length > 0; sent += 50) await stream.write(many, soon(1000));
    },
  });
  meets('by gossip …, then an honest one → the true head', [
    floods(
      'that is said again and again',
      'tooManyMessages',
      () => gossipFrame(topic, snappyCompress(Buffer.from(encodeProofAnnouncement(another(0))))),
      5000,
    ),
    floods(
      'that declares 4 GiB',
      'malformedMessage',
      () => gossipFrame(topic, Uint8Array.of(255, 255, 255, 255, 15, 0)),
      5,
    ),
    floods(
      'that is larger than its topic allows',
      'malformedMessage',
      () => gossipFrame(topic, snappyCompress(new Uint8Array(1 << 20))),
      5,
    ),
    {
      name: 'that is no SSZ',
      fault: 'malformedMessage',
      does: async (liar) => {
        for (let i = 0; i < 2; i++) await liar.gossip('execution_proof', new Uint8Array(100).fill(i));
      },
    },
  ]);
});

function announceTrue(liar: Adversary): Promise<void> {
  return announce(announcementOf(blocks[0]!))(liar);
}
const statusOf = ({ status }: Misbehaviours): Misbehaviours => (status === undefined ? {} : { status });
const hashOfBuilt = ({ block }: { readonly block: { readonly hash: () => Uint8Array } }): string =>
  `0x${Buffer.from(block.hash()).toString('hex')}`;
