import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Block } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { ClientError } from '../../../client/errors.ts';
import type { ExecutionWitness } from '../../../client/execution/interface.ts';
import type { ProofNetwork } from '../../../client/p2p/interface.ts';
import type { Hash } from '../../../client/prover/interface.ts';
import { maxWitnessBytes, type UnprovenBlock, UnprovenBlocks } from '../../../client/sync/unproven.ts';

/** Plain names for headers: a header's bytes are its name, its parent the one before. */
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const hashOf = (n: number): Hash => `0x${n.toString(16).padStart(64, '0')}`;
const entry = (n: number, name = `header ${n}`): UnprovenBlock => ({
  ...{ headerRlp: bytes(name), seal: bytes('seal'), proofs: [], hash: hashOf(n), number: BigInt(n) },
});
const WITNESS: ExecutionWitness = { state: [], codes: [], headers: [] };

type Asked = { readonly kind: string; readonly prefer: readonly string[] | undefined; readonly maxBytes: number };

type Setup = {
  served?: Uint8Array;
  gasUsed?: bigint;
  isComplete?: boolean;
  given?: ExecutionWitness;
  read?: ExecutionWitness;
};
function scene({ served = bytes('witness'), gasUsed = 0n, isComplete = true, given = WITNESS, read }: Setup = {}) {
  const offered: string[][] = [];
  const parents: string[] = [];
  const asked: Asked[] = [];
  const verdicts: boolean[] = [];
  const blockData: ProofNetwork['blockData'] = async (kind, _, { prefer, maxBytes, check }) => {
    asked.push({ kind, prefer, maxBytes });
    const value = kind === 'body' ? bytes('body') : served;
    const isTrue = await check(value);
    verdicts.push(isTrue);
    return isTrue ? { ok: true, value, servers: ['a'] } : { ok: false, code: 'unavailable' };
  };
  const block = { header: { gasUsed }, raw: () => [bytes('header'), [], []] } as unknown as Block;
  const unproven = new UnprovenBlocks({
    network: { blockData, proof: async () => assert.fail(), charge: () => {} },
    blockData: { assemble: () => block } as never,
    headRlp: () => bytes('header 0'),
    checkAfter: (header, _, parent) => {
      parents.push(text(parent));
      if (text(header) === 'bad') throw new ClientError('timestampNotAfterParent', 'a bad header');
      if (text(header) === 'broken') throw new Error('this node is broken');
    },
    trimWitness: async (_, data, parent) => {
      parents.push(text(parent));
      if (text(data) === 'broken') throw new Error('this node is broken');
      if (!isComplete || text(data) === 'foreign') return undefined;
      const witness = read ?? given;
      return { witness, rlp: RLP.encode([[...witness.state], [...witness.codes], [...witness.headers]]) };
    },
    onOffered: (blocks) => offered.push(blocks.map(({ hash }) => hash)),
    signal: new AbortController().signal,
  });
  return { unproven, offered, parents, asked, verdicts };
}

test('blocks from the head on → each checked after the one before, eight at most, all offered to the prover', () => {
  const { unproven, offered, parents } = scene();
  unproven.offer(
    Array.from({ length: 12 }, (_, i) => entry(i + 1)),
    'a',
  );
  assert.deepEqual(
    parents,
    Array.from({ length: 8 }, (_, i) => `header ${i}`),
  );
  assert.deepEqual(offered, [Array.from({ length: 8 }, (_, i) => hashOf(i + 1))]);
  assert.ok(unproven.has(hashOf(8)) && !unproven.has(hashOf(9)));
});

test('header that breaks a rule → it and what follows are not offered; the node’s own error is not swallowed', () => {
  const { unproven, offered } = scene();
  unproven.offer([entry(1), entry(2, 'bad'), entry(3)], 'a');
  assert.deepEqual(offered, [[hashOf(1)]]);
  assert.ok(!unproven.has(hashOf(2)) && !unproven.has(hashOf(3)));
  assert.throws(() => unproven.offer([entry(4, 'broken')], 'a'), /this node is broken/);
});

test('none that passes → the prover is not told, and earlier ones are forgotten', () => {
  const { unproven, offered } = scene();
  unproven.offer([entry(1)], 'a');
  unproven.offer([entry(1, 'bad')], 'a');
  assert.equal(offered.length, 1);
  assert.equal(unproven.has(hashOf(1)), false);
});

test('block that the prover asks for → body and witness from whoever named it, the witness against its parent', async () => {
  const { unproven, asked, parents } = scene({ gasUsed: 21_000n });
  assert.equal(await unproven.obtain(hashOf(2)), undefined, 'not held');
  assert.equal(asked.length, 0);
  unproven.offer([entry(1), entry(2)], 'namer');
  assert.deepEqual((await unproven.obtain(hashOf(2)))?.witness, WITNESS);
  assert.deepEqual(
    asked.map(({ kind, prefer }) => [kind, prefer]),
    [
      ['body', ['namer']],
      ['witness', ['namer']],
    ],
  );
  assert.equal(asked[1]?.maxBytes, maxWitnessBytes(21_000n));
  assert.equal(parents.at(-1), 'header 1');
});

test('witness with what does not belong, or without what the block reads → false: its sender is to be charged', async () => {
  for (const o of [{ served: bytes('foreign') }, { isComplete: false }]) {
    const { unproven, verdicts } = scene(o);
    unproven.offer([entry(1)], 'a');
    assert.equal(await unproven.obtain(hashOf(1)), undefined);
    assert.deepEqual(verdicts, [true, false]);
    assert.equal(unproven.kept('witness', hashOf(1)), undefined, 'nothing of it is kept');
  }
});

test('witness with more than the block reads → what it reads is proven from, and served on', async () => {
  const [a, b] = [bytes('a node of the parent’s state'), bytes('another one')];
  const [given, read] = [[a, b], [b]].map((state) => ({ state, codes: [], headers: [a] }));
  const { unproven } = scene({ given: given!, read: read! });
  unproven.offer([entry(1)], 'a');
  assert.deepEqual((await unproven.obtain(hashOf(1)))?.witness, read);
  assert.deepEqual(unproven.kept('witness', hashOf(1)), RLP.encode([[b], [], [a]]));
});

test('this node’s own error in a check → not the peer’s fault', async () => {
  const { unproven } = scene({ served: bytes('broken') });
  unproven.offer([entry(1)], 'a');
  await assert.rejects(unproven.obtain(hashOf(1)), /this node is broken/);
});

test('what was obtained → kept to be served, the oldest forgotten above 128 MiB, the latest never', async () => {
  const given = { state: [new Uint8Array(60 << 20)], codes: [], headers: [] };
  const { unproven } = scene({ given, gasUsed: 30_000_000n });
  unproven.offer([entry(1), entry(2), entry(3)], 'a');
  for (const n of [1, 2, 3]) await unproven.obtain(hashOf(n));
  const kept = [1, 2, 3].map((n) => (unproven.kept('witness', hashOf(n))?.length ?? 0) >> 20);
  assert.deepEqual(kept, [0, 60, 60]);
  assert.ok((unproven.kept('body', hashOf(3))?.length ?? 0) > 0);
  assert.equal(unproven.kept('stateDiff', hashOf(3)), undefined);
});

test('most bytes of a witness → by gas, never above 64 MiB', () => {
  assert.equal(maxWitnessBytes(0n), 1 << 20);
  assert.equal(maxWitnessBytes(21_000n), (1 << 20) + 336_000);
  assert.equal(maxWitnessBytes(1_000_000_000n), 64 << 20);
});
