import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { encodeWitness } from '../../../client/execution/witness/check.ts';
import { type TrimLimits, TrimProcess } from '../../../client/node/trim-process.ts';
import { devAddress } from '../../support/memory-chain.ts';
import { SealedChain } from '../../support/sealed-chain.ts';

const chain = await SealedChain.create(1);
const { network } = chain.genesis;
const TO = devAddress(5);
const first = await chain.build(chain.genesis.block, { transfers: [{ from: 0, nonce: 0, to: TO }] });
const wanted = await chain.build(first.block, { transfers: [{ from: 1, nonce: 0, to: TO }] });
const { witness } = wanted.execution;
/** Of the same parent, read by another block. */
const other = await chain.build(first.block, { transfers: [{ from: 2, nonce: 0, to: devAddress(6) }], extra: 1 });
const isHere = (node: Uint8Array): boolean => witness.state.some((each) => Buffer.compare(each, node) === 0);
const extra = other.execution.witness.state.filter((node) => !isHere(node));

const requestOf = (bytes: Uint8Array, block = wanted.block) => ({
  ...{ block: block.serialize(), parent: first.block.header.serialize(), witness: bytes },
});
const stopped: TrimProcess[] = [];
const trimmer = (limits: Partial<TrimLimits> = {}): TrimProcess => {
  const made = new TrimProcess(network, limits);
  stopped.push(made);
  return made;
};
after(() => Promise.all(stopped.map((each) => each.close())));

describe('witness of a stranger in a process of its own', () => {
  test('with what the block reads, with more of the parent’s state → what it reads', async () => {
    assert.ok(extra.length > 0);
    const process = trimmer();
    for (const state of [witness.state, [...witness.state, ...extra]]) {
      const trimmed = await process.trim(requestOf(encodeWitness({ ...witness, state })));
      assert.ok(trimmed.ok);
      assert.deepEqual(trimmed.witness, encodeWitness(witness));
    }
  });

  test('without something, with something of elsewhere, with a changed bit, of no form → the rule that it breaks', async () => {
    const process = trimmer();
    const flipped = Uint8Array.from(witness.state[0]!, (byte, i) => (i === 0 ? byte ^ 1 : byte));
    const lies = [
      ['headersUnlinked', encodeWitness({ ...witness, headers: [chain.genesis.block.header.serialize()] })],
      ['headersUnlinked', encodeWitness({ ...witness, headers: [] })],
      ['nodeForeign', encodeWitness({ ...witness, state: [...witness.state.slice(1), flipped] })],
      ['itemTwice', encodeWitness({ ...witness, state: [...witness.state, witness.state[0]!] })],
      ['codeForeign', encodeWitness({ ...witness, codes: [...witness.codes, Uint8Array.of(0xfe)] })],
      ['codeForeign', encodeWitness({ ...witness, codes: Array(1000).fill(new Uint8Array(20)) })],
      ['witnessMalformed', encodeWitness({ ...witness, state: Array(1000).fill(new Uint8Array(16)) })],
      ['witnessMalformed', new Uint8Array(1000)],
    ] as const;
    const given = await Promise.all(lies.slice(0, 4).map(([, bytes]) => process.trim(requestOf(bytes))));
    for (const [, bytes] of lies.slice(4)) given.push(await process.trim(requestOf(bytes)));
    assert.deepEqual(
      given.map((result) => (result.ok ? 'ok' : result.code)),
      lies.map(([code]) => code),
    );
    const gap = await process.trim(requestOf(encodeWitness(witness), other.block));
    assert.equal(gap.ok ? 'ok' : gap.code, 'missingNode');
  });

  test('of a block that breaks a rule → as it is: nobody proves it', async () => {
    const { block } = chain.altered(wanted, { stateRoot: new Uint8Array(32) }, 0);
    const given = encodeWitness({ ...witness, state: [...witness.state, ...extra] });
    assert.deepEqual(await trimmer().trim(requestOf(given, block)), { ok: true, witness: given });
  });

  test('too many at once → trimBusy, and those that were first have their answers', async () => {
    const process = trimmer();
    const bytes = encodeWitness(witness);
    const all = await Promise.allSettled(Array.from({ length: 6 }, () => process.trim(requestOf(bytes))));
    assert.deepEqual(
      all.map((each) => (each.status === 'fulfilled' ? each.value.ok : each.reason.code)),
      [true, true, true, true, 'trimBusy', 'trimBusy'],
    );
  });
});

describe('process that looks at witnesses and goes beyond a limit', () => {
  const bytes = encodeWitness(witness);
  const large = encodeWitness({ ...witness, state: Array.from({ length: 200_000 }, (_, i) => nodeOf(i)) });
  function nodeOf(i: number): Uint8Array {
    const node = new Uint8Array(64);
    new DataView(node.buffer).setUint32(0, i);
    return node;
  }

  test('of time, while it looks at the items → the witness is at fault; the next one is looked at', async () => {
    const process = trimmer({ checkMs: 20 });
    const result = await process.trim(requestOf(large));
    assert.deepEqual([result.ok, result.ok ? '' : result.code], [false, 'witnessTooCostly']);
    assert.match(result.ok ? '' : result.reason, /checking took more than 20 ms/);
    const patient = trimmer();
    assert.equal((await patient.trim(requestOf(large))).ok, false);
    assert.equal((await patient.trim(requestOf(bytes))).ok, true);
  });

  test('of time, while the block runs → nobody is', async () => {
    const process = trimmer({ runMs: 0 });
    await assert.rejects(process.trim(requestOf(bytes)), {
      code: 'trimFailed',
      message: /running took more than 0 ms/,
    });
  });

  test('of memory before it begins → nobody is', async () => {
    const process = trimmer({ maxBytes: 1 });
    for (let i = 0; i < 2; i++)
      await assert.rejects(process.trim(requestOf(bytes)), {
        code: 'trimFailed',
        message: /the memory limit is reached/,
      });
  });

  test('closed while it works → what waits is given up', async () => {
    const process = trimmer();
    const waiting = assert.rejects(process.trim(requestOf(large)), { code: 'trimFailed' });
    await process.close();
    await waiting;
  });
});
