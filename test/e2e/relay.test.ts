/**
 * Two honest nodes as real processes, and between them peers that pass on requests and gossip with alterations. Where
 * such a relay is the only way, the follower refuses and drops it, and nobody charges the origin; where there is another
 * way, the follower is at the true head while the relays lie.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { HeaderRecord, ProofAnnouncement } from '../../client/p2p/interface.ts';
import { describeProof } from '../../client/p2p/proofs/descriptor.ts';
import {
  decodeBlockAnnouncement,
  decodeDataRequest,
  decodeHeaderRecord,
  decodeProofAnnouncement,
  encodeBlockAnnouncement,
  encodeDataRequest,
  encodeHeaderRecord,
  encodeProofAnnouncement,
} from '../../client/p2p/proofs/messages.ts';
import type { Hash } from '../../client/prover/interface.ts';
import { rpc } from '../support/dev-node.ts';
import { devGenesis } from '../support/dev-vm.ts';
import { adversaryHost } from '../support/p2p/adversary.ts';
import { soon, until } from '../support/p2p/host.ts';
import { Link } from '../support/p2p/link.ts';
import { announcementOf, forkHashesOf, provenBlocks, relaying, type ServedBlock } from '../support/p2p/proven-chain.ts';
import { type Alterations, type Answer, Relay } from '../support/p2p/relay.ts';
import { freePort, Member, pause } from '../support/process-network.ts';
import { SealedChain } from '../support/sealed-chain.ts';
import { type Lifetime, suiteLifetime, temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 600_000;
const PATIENT_MS = 180_000;

/** As in `dishonest-peers.test.ts`, whose proofs of these blocks are found again. */
const LATER_FORK = {
  bpo1Time: 4_102_444_800,
  blobSchedule: { ...devGenesis.config.blobSchedule, bpo1: devGenesis.config.blobSchedule.osaka },
};
const chain = await SealedChain.create(1, {}, LATER_FORK);
const { network, block: genesis } = chain.genesis;
const transfer = (nonce: number) => ({ transfers: [{ from: 0, nonce, to: `0x${'6b'.repeat(20)}` }] });
const built1 = await chain.build(genesis, transfer(0));
const built2 = await chain.build(built1.block, transfer(1));
const [own] = forkHashesOf(network) as [string];
const WHERE = { genesisHash: network.genesisHash, fork: own };

const lifetime = suiteLifetime();
let folder: string;
let blocks: readonly [ServedBlock, ServedBlock];
let origin: Member;

type Peers = {
  readonly peers: readonly { readonly id: string; readonly faults: Readonly<Record<string, number>> }[];
  readonly banned: readonly { readonly id: string; readonly reason: string }[];
  readonly faults: Readonly<Record<string, number>>;
};
const peersOf = async ({ node }: Member): Promise<Peers> =>
  (await rpc(node.url, 'zkl1_peers')).result as unknown as Peers;
const missingOf = async ({ node }: Member): Promise<string | undefined> =>
  ((await rpc(node.url, 'zkl1_syncStatus')).result as { missing?: string }).missing;
const isBanned = async (by: Member, id: string, reason: string): Promise<boolean> =>
  (await peersOf(by)).banned.some((each) => each.id === id && each.reason === reason);
const faultsOf = async (by: Member, id: string): Promise<Readonly<Record<string, number>> | undefined> =>
  (await peersOf(by)).peers.find((each) => each.id === id)?.faults;
/** All that was charged to anybody, but for answers that a relay broke off because it was dropped in the middle of them. */
const graveFaultsOf = async (by: Member): Promise<object> => {
  const { truncatedResponse: _, ...faults } = (await peersOf(by)).faults;
  return faults;
};
const idOf = ({ address }: Member): string => /\/p2p\/([^/]+)$/.exec(address)![1]!;

const follower = (t: Lifetime, name: string): Promise<Member> =>
  Member.create(t, name, ['--genesis', join(folder, 'genesis.json'), '--sync', 'proof']);

/** A node that has a chain from a peer which has left since. */
async function holder(t: Lifetime, name: string, of: readonly ServedBlock[]): Promise<Member> {
  const member = await follower(t, name);
  await member.start();
  if (of.length === 0) return member;
  const truthful = await adversaryHost(t, network.genesisHash, [own], relaying(network, of));
  await until('connected', () => truthful.host.dial(member.address, soon()).then(Boolean, () => false), PATIENT_MS);
  await until('holds it', async () => (await member.sync()).head.hash === of.at(-1)!.hash, PATIENT_MS);
  await truthful.host.stop();
  return member;
}

before(
  async () => {
    folder = temporaryFolder(lifetime);
    writeFileSync(join(folder, 'genesis.json'), JSON.stringify(chain.json));
    blocks = (await provenBlocks([
      [network, built1],
      [network, built2],
    ])) as unknown as readonly [ServedBlock, ServedBlock];
    origin = await holder(lifetime, 'origin', blocks);
    lifetime.after(() => origin.stop('SIGINT'));
  },
  { timeout: LIMIT_MS },
);

const flipped = (bytes: Uint8Array, at = bytes.length >> 1): Uint8Array =>
  Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));
const records = (change: (records: readonly HeaderRecord[]) => readonly HeaderRecord[]): Alterations => ({
  answers: async (protocol, request, ask) => {
    const answered = await ask(request);
    if (protocol !== 'headers' || !('items' in answered)) return answered;
    return { items: change(answered.items.map(decodeHeaderRecord)).map(encodeHeaderRecord) };
  },
});
const data = (
  kind: string,
  change: (answered: Answer, request: Uint8Array, ask: (request: Uint8Array) => Promise<Answer>) => Promise<Answer>,
): Alterations => ({
  answers: async (protocol, request, ask) =>
    protocol === 'data' && decodeDataRequest(request).kind === kind
      ? change(await ask(request), request, ask)
      : ask(request),
});
const itemsOf = (answered: Answer): readonly Uint8Array[] => ('items' in answered ? answered.items : []);
/** Asks the origin for the other block's object of the same kind. */
const ofOtherBlock = (kind: string): Alterations =>
  data(kind, async (_, request, ask) => {
    const { hash, ...rest } = decodeDataRequest(request);
    const names = blocks.map((each): Hash => (kind === 'proof' ? each.descriptor.proofHash : each.hash));
    return ask(encodeDataRequest({ ...rest, hash: names.find((name) => name !== hash)! }));
  });

/** A relay, and what it is dropped for; without a fault it stays, and nothing comes of it. */
type Case = { readonly name: string; readonly alterations: Alterations; readonly fault?: string };

const ANSWERS: readonly (readonly [title: string, cases: readonly Case[]])[] = [
  [
    'changes answers',
    [
      {
        name: 'strips proofs of their mention',
        alterations: records((all) => all.map((record) => ({ ...record, proofs: [] }))),
      },
      {
        name: 'flips a byte of a proof',
        fault: 'wrongBytes',
        alterations: data('proof', async (answered) => ({
          items: itemsOf(answered).map((item, i, all) => (i === all.length - 1 ? flipped(item) : item)),
        })),
      },
      {
        name: 'reorders the pieces of a proof',
        fault: 'wrongBytes',
        alterations: data('proof', async (answered) => {
          const [size, ...pieces] = itemsOf(answered);
          return { items: [size!, ...pieces.toReversed()] };
        }),
      },
      { name: 'answers with another block’s proof', fault: 'wrongBytes', alterations: ofOtherBlock('proof') },
      { name: 'answers with another block’s body', fault: 'wrongBytes', alterations: ofOtherBlock('body') },
    ],
  ],
  [
    'changes answers',
    [
      { name: 'answers with another block’s diff', fault: 'invalidDiff', alterations: ofOtherBlock('stateDiff') },
      {
        name: 'swaps the seals of two blocks',
        fault: 'invalidSeal',
        alterations: records((all) => all.map((record, i) => ({ ...record, seal: all.at(i === 0 ? 1 : 0)!.seal }))),
      },
      { name: 'reorders headers', fault: 'invalidHeader', alterations: records((all) => all.toReversed()) },
      {
        name: 'names the other block’s proof',
        fault: 'invalidProof',
        alterations: records((all) => all.map((record, i) => ({ ...record, proofs: all.at(i === 0 ? 1 : 0)!.proofs }))),
      },
      {
        name: 'puts a proof of its own in place of the origin’s, and serves it',
        fault: 'invalidProof',
        alterations: (() => {
          const made = flipped(Uint8Array.from(Buffer.alloc(1000, 7)));
          const descriptor = describeProof(128, made);
          const named = records((all) => all.map((record) => ({ ...record, proofs: [descriptor] })));
          return {
            answers: async (protocol, request, ask) => {
              if (protocol !== 'data' || decodeDataRequest(request).hash !== descriptor.proofHash)
                return named.answers!(protocol, request, ask);
              const size = Buffer.alloc(4);
              size.writeUInt32LE(made.length);
              return { items: [size, made] };
            },
          } satisfies Alterations;
        })(),
      },
    ],
  ],
];

describe('relay that is the only way', { concurrency: 2 }, () => {
  for (const [n, [title, cases]] of ANSWERS.entries()) {
    test(`${title} (${n + 1}) → refused and dropped; then the origin itself → its head`, {
      timeout: LIMIT_MS,
    }, async (t) => {
      const way = await Link.open(t, await freePort(), origin.port, { delayMs: 0, loss: 0, seed: 1 });
      way.cut();
      const victim = await follower(t, 'victim');
      await victim.start([origin.address.replace(/\/tcp\/\d+/, `/tcp/${way.port}`)]);
      const relays: string[] = [];
      for (const { name, alterations, fault } of cases) {
        await t.test(`${name} → ${fault ?? 'nothing is imported'}`, async (tt) => {
          const relay = await Relay.between(tt, WHERE, origin.address, victim.address, alterations);
          relays.push(relay.peerId);
          if (fault === undefined) await until('waits', async () => (await missingOf(victim)) === 'proof', PATIENT_MS);
          else await until(`dropped for ${fault}`, () => isBanned(victim, relay.peerId, fault), PATIENT_MS);
          assert.ok(relay.asked > 0);
          assert.deepEqual(await graveFaultsOf(origin), {}, 'the origin charges nobody for honest questions');
          const { head, applied, executed } = await victim.sync();
          assert.deepEqual([head.number, applied, executed], [0n, 0n, 0n]);
          await relay.leave();
        });
      }
      way.heal();
      await until('at the head', async () => (await victim.sync()).head.hash === blocks[1].hash, PATIENT_MS);
      assert.deepEqual(await faultsOf(victim, idOf(origin)), {});
      for (const { id } of (await peersOf(victim)).banned) assert.ok(relays.includes(id));
      assert.equal(await victim.stop('SIGINT'), 0);
    });
  }

  test('changes nothing → everything comes through it, and it is charged with nothing', {
    timeout: LIMIT_MS,
  }, async (t) => {
    const victim = await follower(t, 'victim');
    await victim.start();
    const relay = await Relay.between(t, WHERE, origin.address, victim.address);
    await until('at the head', async () => (await victim.sync()).head.hash === blocks[1].hash, PATIENT_MS);
    assert.deepEqual(await faultsOf(victim, relay.peerId), {});
    await relay.leave();
    assert.equal(await victim.stop('SIGINT'), 0);
  });
});

/** Says a changed announcement in place of each one, in so many forms. */
const announced = (times: number, change: (a: ProofAnnouncement, i: number) => ProofAnnouncement): Alterations => ({
  gossip: async (topic, message, say) => {
    if (topic !== 'execution_proof') return;
    for (let i = 0; i < times; i++) {
      say(encodeProofAnnouncement(change(decodeProofAnnouncement(message), i)));
      // Of one peer, one announcement of a block is looked at at a time.
      await pause(300);
    }
  },
});

const GOSSIP: readonly Case[] = [
  {
    name: 'changes a byte of the claim',
    fault: 'malformedMessage',
    alterations: announced(20, ({ claim, ...a }, i) => {
      const chainSpecHash: Hash = `0x${(i + 1).toString(16).padStart(64, '0')}`;
      return { ...a, claim: { ...claim, chainSpecHash } };
    }),
  },
  {
    name: 'changes a byte of the seal',
    fault: 'invalidSeal',
    alterations: announced(20, ({ seal, ...a }, i) => ({ ...a, seal: flipped(seal, i) })),
  },
  {
    name: 'makes a block’s announcement of a proof’s, with the seal of another block',
    fault: 'invalidSeal',
    alterations: {
      gossip: async (topic, message, say) => {
        if (topic !== 'execution_proof') return;
        const { headerRlp, claim } = decodeProofAnnouncement(message);
        const { seal } = blocks.find(({ hash }) => hash !== claim.blockHash)!;
        say(encodeBlockAnnouncement({ headerRlp, seal, bodySize: 1 }), 'block');
      },
    },
  },
  {
    name: 'strips the body off a block, says everything late and again',
    alterations: {
      gossip: async (topic, message, say) => {
        await pause(2000);
        if (topic !== 'block') return say(message);
        const { body: _, ...block } = decodeBlockAnnouncement(message);
        say(encodeBlockAnnouncement(block));
        say(message);
      },
    },
  },
];

test('relays that change gossip beside an honest way → the head comes all the same, each relay pays for its own words, the origin for none', {
  timeout: LIMIT_MS,
}, async (t) => {
  const source = await holder(t, 'source', []);
  const victim = await follower(t, 'victim');
  await victim.start([source.address]);
  const relays: (Case & { readonly relay: Relay })[] = [];
  for (const each of GOSSIP)
    relays.push({ ...each, relay: await Relay.between(t, WHERE, source.address, victim.address, each.alterations) });
  // A prover announces the blocks to the source alone, as they come.
  const [first, second] = blocks;
  const prover = await adversaryHost(
    t,
    network.genesisHash,
    [own],
    relaying(network, blocks, { status: (s) => ({ ...s, headHash: network.genesisHash, headNumber: 0n }) }),
  );
  await until('connected', () => prover.host.dial(source.address, soon()).then(Boolean, () => false), PATIENT_MS);
  for (const block of [first, second]) {
    const { headerRlp, seal, data: parts } = block;
    await prover.gossip(
      'block',
      encodeBlockAnnouncement({ headerRlp, seal, bodySize: parts.body.length, body: parts.body }),
    );
    await prover.gossip('execution_proof', encodeProofAnnouncement(announcementOf(block)));
    for (const member of [source, victim])
      await until('imported', async () => (await member.sync()).head.hash === block.hash, PATIENT_MS);
  }
  for (const { name, fault, relay } of relays) {
    await t.test(`${name} → ${fault ?? 'nothing: it may be so'}`, async () => {
      if (fault !== undefined)
        await until(`dropped for ${fault}`, () => isBanned(victim, relay.peerId, fault), PATIENT_MS);
      else assert.deepEqual(await faultsOf(victim, relay.peerId), {});
    });
  }
  assert.deepEqual(await faultsOf(victim, idOf(source)), {});
  assert.deepEqual(await graveFaultsOf(source), {});
  const { head, applied, executed } = await victim.sync();
  assert.deepEqual([head.hash, applied, executed], [second.hash, 2n, 0n]);
  for (const member of [source, victim]) assert.equal(await member.stop('SIGINT'), 0);
});
