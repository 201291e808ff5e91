import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EVM } from '@ethereumjs/evm';
import { RLP } from '@ethereumjs/rlp';
import { keccak256 } from '../../../client/execution/chain/crypto.ts';
import type { ContentSource, ExecutionWitness } from '../../../client/execution/interface.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { executeBlock } from '../../../client/execution/state/execute-block.ts';
import { hexOf } from '../../support/bytes.ts';
import { digestOf } from '../../support/content-digest.ts';
import { devAddress, MemoryChain, type SealedBlock, type TransactionFields } from '../../support/memory-chain.ts';
import { gapsOf } from '../../support/witness-gaps.ts';

const STORE = `0x${'5a'.repeat(20)}` as const;
const SYSTEM_ADDRESS = '0xfffffffffffffffffffffffffffffffffffffffe';
const word = (value: number | bigint): string => value.toString(16).padStart(64, '0');

/** sstore(calldata[0], calldata[32]) */
const STORE_CODE = '0x60203560003555';
/** sstore(0, 1); returns one byte of code */
const INIT_CODE = '0x600160005560015ff3' as const;
/** sstore(0, blockhash(number − calldata[0])) */
const BLOCKHASH_CODE = '0x6000354303405f55';

/** Slots whose hashes begin with different nibbles, and share one: deleting one of two leaves a branch with one child. */
const storage = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`0x${word(i)}`, `0x${word(i + 1)}`]));

const chainWithStore = () => MemoryChain.create({ [STORE]: { balance: '0x0', code: STORE_CODE, storage } });
const setSlot = (slot: number, value: number) => ({ to: STORE, data: `0x${word(slot)}${word(value)}` }) as const;

async function runAlone(chain: MemoryChain, { rlp }: SealedBlock, witness: ExecutionWitness) {
  return await executeBlock(chain.network, chain.decode(rlp), ContentMap.ofWitness(witness));
}

/** rlp of the trie node that holds the account's leaf: what a witness has exactly if the account was looked up. */
function holdsAccount(witness: ExecutionWitness, address: string): boolean {
  const path = hexOf(keccak256(new Uint8Array(Buffer.from(address.slice(2), 'hex')))).slice(2);
  return witness.state.some((node) => {
    const items = RLP.decode(node) as Uint8Array[];
    const [encoded] = items;
    if (items.length !== 2 || encoded === undefined || (encoded[0] ?? 0) < 0x20) return false;
    const nibbles = Buffer.from(encoded).toString('hex');
    return path.endsWith(nibbles.slice(nibbles[0] === '3' ? 1 : 2));
  });
}

describe('execution witness', () => {
  test('recorded on the whole state → what a run without it needs, and records again byte for byte', async () => {
    const chain = await chainWithStore();
    const blocks: readonly (readonly TransactionFields[])[] = [
      [{ to: devAddress(3), value: 5n }],
      [setSlot(1, 0), setSlot(50, 7), setSlot(2, 9)],
      [{ data: INIT_CODE }, { from: 1, to: devAddress(0), value: 1n }],
      [],
    ];
    for (const transactions of blocks) {
      const sealed = await chain.seal(...transactions);
      const alone = await runAlone(chain, sealed, sealed.execution.witness);
      assert.equal(digestOf(alone.witness), digestOf(sealed.execution.witness));
      assert.equal(digestOf(alone.changes), digestOf(sealed.execution.changes));
      assert.equal(hexOf(alone.stateRoot), hexOf(sealed.execution.stateRoot));
    }
  });

  test('state and codes → ascending by hash, each once; headers → consecutive, the parent last', async () => {
    const chain = await chainWithStore();
    await chain.seal();
    const { execution, block } = await chain.seal(setSlot(1, 2), setSlot(1, 3), setSlot(4, 0));
    for (const list of ['state', 'codes'] as const) {
      const hashes = execution.witness[list].map((item) => hexOf(keccak256(item)));
      assert.deepEqual(hashes, [...new Set(hashes)].sort());
    }
    assert.deepEqual(
      execution.witness.headers.map((header) => hexOf(keccak256(header))),
      [hexOf(block.header.parentHash)],
    );
  });

  test('rejects a witness with any item missing or altered, naming it: puts, deletes down to one sibling, new code', async () => {
    const chain = await chainWithStore();
    await chain.seal();
    const deletes = Array.from({ length: 12 }, (_, i) => setSlot(i * 3, 0));
    const sealed = await chain.seal(...deletes, setSlot(100, 1), { data: INIT_CODE });
    let gaps = 0;
    for (const { what, witness, code, hash } of gapsOf(sealed.execution.witness)) {
      await assert.rejects(runAlone(chain, sealed, witness), { code, detail: { hash } }, what);
      gaps++;
    }
    assert.ok(gaps > 60, `${gaps} gaps`);
  });

  test('deleting a slot → the sibling that its branch is left with is in the witness', async () => {
    const chain = await chainWithStore();
    const deleted = await chain.seal(...Array.from({ length: 39 }, (_, i) => setSlot(i, 0)));
    const value = hexOf(RLP.encode(40));
    const holdsSibling = deleted.execution.witness.state.some((node) => {
      const items = RLP.decode(node) as Uint8Array[];
      return items.length === 2 && hexOf(items[1] ?? new Uint8Array()) === value;
    });
    assert.ok(holdsSibling, 'slot 39 is neither read nor written, but becomes the only child of its branch');
  });

  test('BLOCKHASH of an ancestor → all headers from it to the parent; without it only the parent’s', async () => {
    const reader = `0x${'bb'.repeat(20)}` as const;
    const chain = await MemoryChain.create({ [reader]: { balance: '0x0', code: BLOCKHASH_CODE } });
    for (let i = 0; i < 6; i++) await chain.seal();
    const one = await chain.seal({ to: reader, data: `0x${word(1)}` });
    assert.equal(one.execution.witness.headers.length, 1);
    const five = await chain.seal({ to: reader, data: `0x${word(2)}` }, { to: reader, data: `0x${word(5)}` });
    assert.equal(five.execution.witness.headers.length, 5);
    const outside = await chain.seal({ to: reader, data: `0x${word(400)}` });
    assert.equal(outside.execution.witness.headers.length, 1);
    for (const { what, witness, code, hash } of gapsOf({ ...five.execution.witness })) {
      if (code !== 'missingHeader') continue;
      await assert.rejects(runAlone(chain, five, witness), { code, detail: { hash } }, what);
    }
  });

  test('the system address → not read as caller of system calls, read when a transaction pays it', async () => {
    const chain = await MemoryChain.create({ [SYSTEM_ADDRESS]: { balance: '0x1' } });
    const quiet = await chain.seal({ to: devAddress(1), value: 1n });
    assert.equal(holdsAccount(quiet.execution.witness, SYSTEM_ADDRESS), false);
    const paid = await chain.seal({ to: SYSTEM_ADDRESS, value: 1n });
    assert.equal(holdsAccount(paid.execution.witness, SYSTEM_ADDRESS), true);
    assert.equal(holdsAccount(paid.execution.witness, devAddress(0)), true);
  });

  test('code that is deployed in the block → not in the witness; code read from before → there, also if deployed again', async () => {
    const child = '00';
    const chain = await MemoryChain.create({ [STORE]: { balance: '0x0', code: `0x${child}` } });
    const deploy = { data: `0x60${child}5f5360015ff3` } as const;
    const fresh = await chain.seal(deploy);
    const isChild = (code: Uint8Array): boolean => hexOf(code) === `0x${child}`;
    assert.equal(fresh.execution.witness.codes.some(isChild), false);
    const reread = await chain.seal(deploy, { to: STORE });
    assert.equal(reread.execution.witness.codes.some(isChild), true);
  });

  test('one import → every transaction and system call runs once, and every node is read once', async () => {
    const chain = await chainWithStore();
    await chain.seal();
    const { rlp } = await chain.seal(setSlot(1, 0), setSlot(2, 5), { to: devAddress(2), value: 1n });
    let calls = 0;
    const runCall = EVM.prototype.runCall;
    EVM.prototype.runCall = function (options) {
      if (options.message === undefined) calls++;
      return runCall.call(this, options);
    };
    const reads = new Map<string, number>();
    const source: ContentSource = {
      ...chain.content,
      node: (hash) => {
        reads.set(hexOf(hash), (reads.get(hexOf(hash)) ?? 0) + 1);
        return chain.content.node(hash);
      },
    };
    try {
      await executeBlock(chain.network, chain.decode(rlp), source);
    } finally {
      EVM.prototype.runCall = runCall;
    }
    const systemCalls = 4;
    assert.equal(calls, 3 + systemCalls);
    assert.ok(reads.size > 10);
    assert.ok([...reads.values()].every((count) => count === 1));
  });

  test('rejects a witness that repeats a node, naming it', async () => {
    const chain = await MemoryChain.create();
    const { execution } = await chain.seal();
    const [node = new Uint8Array()] = execution.witness.state;
    const repeated = { ...execution.witness, state: [...execution.witness.state, node] };
    assert.throws(() => ContentMap.ofWitness(repeated), {
      code: 'duplicateInWitness',
      detail: { list: 'state', index: execution.witness.state.length, hash: hexOf(keccak256(node)) },
    });
  });

  test('the empty trie’s node → skipped, any number of times', async () => {
    const chain = await MemoryChain.create();
    const sealed = await chain.seal();
    const { witness } = sealed.execution;
    const empty = Uint8Array.of(0x80);
    await runAlone(chain, sealed, { ...witness, state: [empty, ...witness.state, empty] });
  });
});
