/**
 * A real node that proves without executing, whose peers lie about the witness of the one block there is: each is charged,
 * nothing of theirs is kept, memory is flat; from the next honest peer it proves.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeWitness } from '../../client/execution/witness/check.ts';
import type { PeerBook } from '../../client/p2p/peers/book.ts';
import { RequestClient } from '../../client/p2p/proofs/client.ts';
import { describeProof } from '../../client/p2p/proofs/descriptor.ts';
import { hashOf } from '../../client/sync/block-data.ts';
import { rpc } from '../support/dev-node.ts';
import { type Adversary, adversaryHost, type Misbehaviours, serving } from '../support/p2p/adversary.ts';
import { soon, until } from '../support/p2p/host.ts';
import { forkHashesOf, relaying, type ServedBlock } from '../support/p2p/proven-chain.ts';
import { bodyOf, type Unproven, unreadNode, witnessLies } from '../support/p2p/witness-lies.ts';
import { Member, pause, residentKiB } from '../support/process-network.ts';
import { SealedChain } from '../support/sealed-chain.ts';
import { temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 900_000;
const PATIENT_MS = 240_000;
const FLAT_KIB = 256 * 1024;
const EMPTY = new Uint8Array(0);

const STORE = `0x${'5a'.repeat(20)}` as const;
/** sstore(calldata[0], calldata[32]) */
const CODE = '0x60203560003555';
const word = (value: number): string => value.toString(16).padStart(64, '0');
const SLOTS = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`0x${word(i)}`, `0x${word(i + 1)}`]));
const writing = (slot: number) => ({ from: 0, nonce: 0, to: STORE, data: `0x${word(slot)}${word(77)}` });

const chain = await SealedChain.create(1, { [STORE]: { balance: '0x0', code: CODE, storage: SLOTS } });
const { network, block: genesis } = chain.genesis;
/** The one block: nobody has proven it. */
const wanted = await chain.build(genesis, { transfers: [writing(1)] });
const other = await chain.build(genesis, { transfers: [writing(30)], extra: 1 });
const later = await chain.build(wanted.block, { transfers: [{ ...writing(2), nonce: 1 }] });
const truth: Unproven = {
  ...{ network, parent: genesis, wanted, other },
  elsewhere: later.execution.witness.state,
  strangeHeader: wanted.block.header.serialize(),
};
const wantedHash = hashOf(wanted.block.hash());

/** The chain of the one block, without a proof of it. */
function unprovenChain(data?: Misbehaviours['data']): Misbehaviours {
  const { block, seal, execution, proven } = wanted;
  const descriptor = describeProof(128, Uint8Array.of(0));
  const served = {
    ...{ built: wanted, hash: wantedHash, headerRlp: block.header.serialize(), seal, proof: EMPTY, descriptor },
    data: {
      ...{ body: bodyOf(wanted), receipts: proven.receipts, stateDiff: proven.stateDiff, codes: EMPTY },
      witness: encodeWitness(execution.witness),
    },
  } as unknown as ServedBlock;
  const relayed = relaying(network, [served], {
    status: (status) => ({ ...status, provenNumber: 0n }),
    record: (record) => ({ ...record, proofs: [] }),
  });
  return data === undefined ? relayed : { ...relayed, data };
}

type Peers = {
  readonly peers: readonly { readonly id: string; readonly faults: Readonly<Record<string, number>> }[];
  readonly banned: readonly { readonly id: string; readonly reason: string }[];
  readonly faults: Readonly<Record<string, number>>;
};
const peersOf = async (member: Member): Promise<Peers> => (await rpc(member.node.url, 'zkl1_peers')).result as Peers;
const idOf = (address: string): string => /\/p2p\/([^/]+)$/.exec(address)![1]!;

/** What a node serves of the wanted block's witness. */
async function servedBy(member: Member, { host }: Adversary): Promise<Uint8Array | string> {
  const client = new RequestClient(
    network.genesisHash,
    { answerMs: 10_000, leastRate: 1024 },
    {
      open: (peer, protocol, signal) => host.open(peer, protocol, signal),
      book: { charge: () => {} } as unknown as PeerBook,
    },
  );
  const request = { kind: 'witness', hash: wantedHash, offset: 0, length: 1 << 20 } as const;
  const answer = await client.data(idOf(member.address), request, 1 << 24, soon());
  return answer.ok ? answer.value.bytes : answer.code;
}

test('a node that proves without executing, among peers that lie about a witness each in another way → all are charged, nothing is kept, memory is flat; it proves from an honest one', {
  timeout: LIMIT_MS,
}, async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'genesis.json'), JSON.stringify(chain.json));
  const victim = await Member.create(t, 'victim', [
    ...['--genesis', join(folder, 'genesis.json'), '--sync', 'proof'],
    ...['--prove', '--prove.priority', 'normal'],
  ]);
  await victim.start();
  const before = residentKiB(victim);
  const [own] = forkHashesOf(network) as [string];
  const connect = async (behaviours: Misbehaviours): Promise<Adversary> => {
    const peer = await adversaryHost(t, network.genesisHash, [own], behaviours);
    await until('connected', () => peer.host.dial(victim.address, soon()).then(Boolean, () => false), PATIENT_MS);
    return peer;
  };

  const lies = witnessLies(truth);
  const faultOf = new Map<string, { readonly name: string; readonly fault: string }>();
  for (const lie of lies) faultOf.set((await connect(unprovenChain(lie.data))).host.peerId, lie);
  const left = new Map(faultOf);
  for (const end = Date.now() + PATIENT_MS; left.size > 0; await pause(200)) {
    const { peers, banned } = await peersOf(victim);
    for (const [id, { fault }] of left) {
      const isBanned = banned.some((peer) => peer.id === id && peer.reason === fault);
      if (isBanned || (peers.find((peer) => peer.id === id)?.faults[fault] ?? 0) > 0) left.delete(id);
    }
    assert.ok(Date.now() < end, `never charged: ${[...left.values()].map(({ name }) => name).join('; ')}`);
  }
  const { faults, banned } = await peersOf(victim);
  const wrong = lies.filter(({ fault }) => fault === 'wrongBytes').length;
  assert.equal(faults.wrongBytes, wrong, 'each false witness cost its sender once');
  assert.equal(banned.filter(({ reason }) => reason === 'wrongBytes').length, wrong);

  // Whoever asks for the witness now does not get any of theirs.
  const extra = encodeWitness({
    ...wanted.execution.witness,
    state: [...wanted.execution.witness.state, unreadNode(truth)],
  });
  const honest = await adversaryHost(t, network.genesisHash, [own], {
    ...unprovenChain(),
    ...{ data: honestBut(extra) },
  });
  const asking = await adversaryHost(t, network.genesisHash, [own], unprovenChain(serving(() => undefined)));
  await until('connected', () => asking.host.dial(victim.address, soon()).then(Boolean, () => false), PATIENT_MS);
  assert.equal(await servedBy(victim, asking), 'unknown');
  const status = await victim.sync();
  assert.deepEqual([status.head.number, status.executed, status.applied], [0n, 0n, 0n]);

  await until('connected', () => honest.host.dial(victim.address, soon()).then(Boolean, () => false), PATIENT_MS);
  await until('proven', async () => (await victim.sync()).head.hash === wantedHash, LIMIT_MS);
  const { executed, applied, provenNumber } = await victim.sync();
  assert.deepEqual([executed, applied, provenNumber], [0n, 1n, 1n]);
  assert.deepEqual(
    await servedBy(victim, asking),
    encodeWitness(wanted.execution.witness),
    'what the block reads, no more',
  );
  const end = await peersOf(victim);
  for (const { id } of end.banned) assert.ok(faultOf.has(id), 'an honest peer was banned');
  assert.deepEqual(end.peers.find(({ id }) => id === honest.host.peerId)?.faults, {});
  assert.ok(residentKiB(victim) - before < FLAT_KIB, `${residentKiB(victim) - before} KiB more`);
  assert.equal(await victim.stop('SIGINT'), 0, victim.logs.join('\n'));
});

/** Everything as it is, but for a witness with more in it than the block reads, which is no lie. */
function honestBut(witness: Uint8Array): NonNullable<Misbehaviours['data']> {
  const { receipts, stateDiff } = wanted.proven;
  return serving(
    ({ kind }) => ({ body: bodyOf(wanted), receipts, stateDiff, witness, codes: undefined, proof: undefined })[kind],
  );
}
