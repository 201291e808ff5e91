/** Witnesses as dishonest peers serve them to a prover that executes nothing: none is used, each costs its sender. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Block } from '@ethereumjs/block';
import { chainSpecOf } from '../../client/execution/chain/network.ts';
import type { ExecutionWitness } from '../../client/execution/interface.ts';
import { encodeWitness } from '../../client/execution/witness/check.ts';
import { assembleBlock, unprovenBlocks } from '../../client/node/proof-network.ts';
import { TrimProcess } from '../../client/node/trim-process.ts';
import type { NetworkPorts } from '../../client/p2p/interface.ts';
import type { CheckResult } from '../../client/prover/service/check.ts';
import { CheckerProcess } from '../../client/prover/service/checker-process.ts';
import { hashOf } from '../../client/sync/block-data.ts';
import type { UnprovenBlocks } from '../../client/sync/unproven.ts';
import { adversary, type Misbehaviour, serving } from '../support/p2p/adversary.ts';
import { toyChain } from '../support/p2p/chain.ts';
import { until } from '../support/p2p/host.ts';
import { type TestNode, testNode } from '../support/p2p/node.ts';
import { belongs, bodyOf, type Unproven, unreadNode, witnessLies } from '../support/p2p/witness-lies.ts';
import { SealedChain } from '../support/sealed-chain.ts';

const STORE = `0x${'5a'.repeat(20)}` as const;
/** sstore(calldata[0], calldata[32]) */
const CODE = '0x60203560003555';
const word = (value: number): string => value.toString(16).padStart(64, '0');
const SLOTS = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`0x${word(i)}`, `0x${word(i + 1)}`]));
const writing = (slot: number) => ({ from: 0, nonce: 1, to: STORE, data: `0x${word(slot)}${word(77)}` });
const FLAT_BYTES = 64 << 20;

const chain = await SealedChain.create(1, { [STORE]: { balance: '0x0', code: CODE, storage: SLOTS } });
const { network } = chain.genesis;
const first = await chain.build(chain.genesis.block, {
  transfers: [{ from: 0, nonce: 0, to: `0x${'7e'.repeat(20)}` }],
});
/** What is to be proven: the block after the head. */
const wanted = await chain.build(first.block, { transfers: [writing(1)] });
/** Another block on the same parent, with another witness. */
const other = await chain.build(first.block, { transfers: [writing(30)], extra: 1 });
const { witness } = wanted.execution;

const truth: Unproven = {
  ...{ network, parent: first.block, wanted, other },
  elsewhere: first.execution.witness.state,
  strangeHeader: wanted.block.header.serialize(),
};
const checker = new CheckerProcess();
const trimmer = new TrimProcess(network);
before(() =>
  assert.ok(belongs(truth, encodeWitness(witness)) && belongs(truth, encodeWitness(other.execution.witness))),
);
after(() => Promise.all([checker.close(), trimmer.close()]));

const checkOf = (block: Block, of: ExecutionWitness): Promise<CheckResult> =>
  checker.check({
    chainSpec: chainSpecOf(network, block.header),
    parentHash: hashOf(block.header.parentHash),
    blockHash: hashOf(block.hash()),
    blockRlp: block.serialize(),
    witness: of,
  });

type Scene = { readonly victim: TestNode; readonly honest: TestNode; readonly unproven: UnprovenBlocks };

/** A prover that executes nothing, with a peer that has the truth; each test adds one that lies. */
async function scene(t: TestContext): Promise<Scene & { readonly toys: Awaited<ReturnType<typeof toyChain>> }> {
  const toys = await toyChain(3);
  const blockData: NetworkPorts['serve']['blockData'] = async (kind, hash, { offset, length }) => {
    if (hash !== hashOf(wanted.block.hash())) return 'unknown';
    const bytes = kind === 'body' ? bodyOf(wanted) : kind === 'witness' ? encodeWitness(witness) : undefined;
    return bytes === undefined
      ? 'unknown'
      : { totalBytes: bytes.length, bytes: bytes.subarray(offset, offset + length) };
  };
  const honest = await testNode(t, toys, {
    holds: toys,
    ports: { serve: { headers: async () => [], proof: async () => 'unknown', blockData } },
  });
  const victim = await testNode(t, toys, { bootnodes: [honest.address] });
  await until('connected', () => victim.network.peers().some(({ status }) => status !== undefined));
  const stop = new AbortController();
  t.after(() => stop.abort());
  const unproven = unprovenBlocks(network, { onUnproven: () => {} }, (request) => trimmer.trim(request), {
    network: victim.network,
    blockData: { assemble: (rlp: Uint8Array, body: Uint8Array) => assembleBlock(network, rlp, body) } as never,
    headRlp: () => first.block.header.serialize(),
    signal: stop.signal,
  });
  return { victim, honest, unproven, toys };
}

/** The wanted block, named by a peer. */
function offer(unproven: UnprovenBlocks, from: string): void {
  const { block, seal } = wanted;
  const hash = hashOf(block.hash());
  unproven.offer([{ headerRlp: block.header.serialize(), seal, proofs: [], hash, number: block.header.number }], from);
}

const oneWitness = (bytes: Uint8Array): Misbehaviour =>
  serving(({ kind }) => (kind === 'body' ? bodyOf(wanted) : bytes));
describe('peer that names a block to be proven, and serves with its witness', () => {
  for (const { name, fault, data } of witnessLies(truth)) {
    test(`${name} → dropped for ${fault}, the true witness comes from another and runs, memory flat`, async (t) => {
      const { victim, honest, unproven, toys } = await scene(t);
      const bad = await adversary(t, victim, toys, { data });
      const baseline = process.memoryUsage().arrayBuffers;
      const isDropped = (): boolean =>
        victim.network.banned().some(({ id, reason }) => id === bad.host.peerId && reason === fault);
      for (let i = 0; i < 6 && !isDropped(); i++) {
        offer(unproven, bad.host.peerId);
        const obtained = await unproven.obtain(hashOf(wanted.block.hash()));
        assert.ok(obtained !== undefined, 'the honest copy arrives all the same');
        assert.deepEqual(encodeWitness(obtained.witness), encodeWitness(witness));
      }
      await until('dropped', isDropped);
      assert.ok((victim.network.faultCounts()[fault] ?? 0) > 0);
      await until('gone', () => !victim.network.peers().some(({ id }) => id === bad.host.peerId));
      assert.deepEqual(victim.network.peers().find(({ id }) => id === honest.network.peerId)?.faults, {});
      assert.ok(process.memoryUsage().arrayBuffers - baseline < FLAT_BYTES);
      const result = await checkOf(wanted.block, witness);
      assert.ok(result.ok, 'the guest claims the block');
    });
  }
});

test('peer that withholds the witness of a block that it names → the block comes from another, nobody is charged', async (t) => {
  const { victim, unproven, toys } = await scene(t);
  const bad = await adversary(t, victim, toys, { data: serving(() => undefined) });
  offer(unproven, bad.host.peerId);
  assert.ok((await unproven.obtain(hashOf(wanted.block.hash()))) !== undefined);
  assert.deepEqual(victim.network.faultCounts(), {});
});

test('witness with nodes of the parent’s state that the block does not read → what it reads is taken and served on, the rest is not', async (t) => {
  const { victim, unproven, toys } = await scene(t);
  const peer = await adversary(t, victim, toys, {
    data: oneWitness(encodeWitness({ ...witness, state: [...witness.state, unreadNode(truth)] })),
  });
  offer(unproven, peer.host.peerId);
  const obtained = await unproven.obtain(hashOf(wanted.block.hash()));
  assert.ok(obtained !== undefined);
  assert.deepEqual(encodeWitness(obtained.witness), encodeWitness(witness));
  assert.deepEqual(unproven.kept('witness', hashOf(wanted.block.hash())), encodeWitness(witness));
  assert.ok((await checkOf(wanted.block, obtained.witness)).ok);
  assert.deepEqual(victim.network.faultCounts(), {});
});

test('what was obtained of a block → served on, until it is imported or longer', async (t) => {
  const { victim, honest, unproven } = await scene(t);
  const hash = hashOf(wanted.block.hash());
  assert.equal(unproven.kept('witness', hash), undefined);
  offer(unproven, honest.network.peerId);
  await unproven.obtain(hash);
  unproven.offer([], honest.network.peerId);
  assert.deepEqual(unproven.kept('witness', hash), encodeWitness(witness));
  assert.deepEqual(unproven.kept('body', hash), bodyOf(wanted));
  assert.equal(unproven.kept('receipts', hash), undefined);
  assert.deepEqual(victim.network.faultCounts(), {});
});
