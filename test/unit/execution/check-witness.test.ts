/** Witnesses as a stranger could send them: only what belongs to the block's parent passes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RLP } from '@ethereumjs/rlp';
import { decodeHeader } from '../../../client/execution/chain/block-codec.ts';
import type { ExecutionWitness } from '../../../client/execution/interface.ts';
import { byteLists } from '../../../client/execution/witness/byte-lists.ts';
import { checkWitness } from '../../../client/execution/witness/check.ts';
import { devAddress, MemoryChain } from '../../support/memory-chain.ts';

const STORE = `0x${'5a'.repeat(20)}` as const;
const word = (value: number): string => value.toString(16).padStart(64, '0');
const storage = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`0x${word(i)}`, `0x${word(i + 1)}`]));
/** sstore(calldata[0], calldata[32]) */
const CODE = '0x60203560003555';

const chain = await MemoryChain.create({ [STORE]: { balance: '0x0', code: CODE, storage } });
const first = chain.head.header;
const { execution: earlier } = await chain.seal({ to: devAddress(3), value: 5n });
const parent = chain.head.header;
const { execution } = await chain.seal({ to: STORE, data: `0x${word(1)}${word(0)}` });
const { witness } = execution;

const encode = ({ state, codes, headers }: ExecutionWitness): Uint8Array =>
  RLP.encode([[...state], [...codes], [...headers]]);
const check = (bytes: Uint8Array, of = parent): ExecutionWitness =>
  checkWitness(bytes, { hash: of.hash(), stateRoot: of.stateRoot }, (rlp) => decodeHeader(chain.network.common, rlp));
const rejects = (changed: Partial<ExecutionWitness>, code: string): void =>
  assert.throws(() => check(encode({ ...witness, ...changed })), { code });

describe('checkWitness', () => {
  test('of a block with storage and code → the same witness', () => {
    assert.ok(witness.codes.length > 0 && witness.state.length > 8);
    assert.deepEqual(check(encode(witness)), witness);
  });

  test('of the block before, or for another parent → does not belong', () => {
    rejects({ state: earlier.witness.state }, 'nodeForeign');
    assert.throws(() => check(encode(witness), first), { code: 'headersUnlinked' });
    rejects({ headers: [first.serialize()] }, 'headersUnlinked');
    rejects({ headers: [] }, 'headersUnlinked');
  });

  test('with one more header, linked → passes; not linked → does not', () => {
    assert.doesNotThrow(() => check(encode({ ...witness, headers: [first.serialize(), parent.serialize()] })));
    rejects({ headers: [parent.serialize(), parent.serialize()] }, 'headersUnlinked');
  });

  test('with a node, a code that nobody asked for, or twice → names it', () => {
    const foreign = earlier.witness.state.find((node) => !witness.state.some((n) => Buffer.from(n).equals(node)));
    rejects({ state: [...witness.state, foreign as Uint8Array] }, 'nodeForeign');
    rejects({ state: [...witness.state, Uint8Array.of(0xc0)] }, 'nodeForeign');
    rejects({ state: [...witness.state, witness.state[0] as Uint8Array] }, 'itemTwice');
    rejects({ codes: [...witness.codes, Uint8Array.of(0)] }, 'codeForeign');
    rejects({ state: [...witness.state, new Uint8Array(533)] }, 'witnessMalformed');
  });

  test('without a node above others → the others are not reached', () => {
    const withoutRoot = witness.state.filter((node) => node.length !== 532 && node.length < 400);
    rejects({ state: withoutRoot }, 'nodeForeign');
  });

  test('with any bit of any node flipped → rejected', () => {
    for (const [i, node] of witness.state.entries()) {
      const altered = Uint8Array.from(node);
      altered[i % altered.length]! ^= 1 << (i % 8);
      const state = witness.state.map((each, j) => (j === i ? altered : each));
      assert.throws(() => check(encode({ ...witness, state })), /node|witness/);
    }
  });

  test('cut, padded, nested or with very many items → malformed', () => {
    const bytes = encode(witness);
    for (const bad of [
      bytes.subarray(0, -1),
      Uint8Array.of(...bytes, 0),
      new Uint8Array(0),
      RLP.encode([[], []]),
      RLP.encode([[[]], [], []]),
      RLP.encode([Array.from({ length: 1000 }, () => new Uint8Array(0)), [], []]),
    ]) {
      assert.throws(() => check(bad), { code: 'witnessMalformed' });
    }
  });
});

test('byteLists of random lists → as the general decoder; of altered bytes → the same or an error', () => {
  for (let seed = 1; seed < 200; seed++) {
    const item = (i: number): Uint8Array => new Uint8Array((seed * 37 * (i + 1)) % 700).fill(seed + i);
    const lists = Array.from({ length: 1 + (seed % 4) }, (_, l) =>
      Array.from({ length: (seed * l) % 9 }, (_, i) => item(i)),
    );
    const bytes = RLP.encode(lists);
    assert.deepEqual(byteLists(bytes, 100), lists);
    const altered = Uint8Array.from(bytes);
    altered[seed % altered.length]! ^= 1 << (seed % 8);
    let read: unknown;
    try {
      read = byteLists(altered, 100);
    } catch {
      continue;
    }
    assert.deepEqual(RLP.encode(read as Uint8Array[][]), altered, 'one encoding only');
  }
});
