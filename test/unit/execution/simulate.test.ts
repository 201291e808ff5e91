import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Address } from '@ethereumjs/util';
import type { VM } from '@ethereumjs/vm';
import { type Call, estimateGas, simulateCall } from '../../../client/execution/state/simulate.ts';
import { genesisVm } from '../../support/dev-vm.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const FUNDED = bytes('f39fd6e51aad88f6f4ce6ab8827279cfffb92266');
const CONTRACT = new Uint8Array(20).fill(0x77);
const { genesis } = await genesisVm();

/** A VM over genesis with this code at CONTRACT. */
const vmWith = (code: string) => async (): Promise<VM> => {
  const { vm } = await genesisVm();
  await vm.stateManager.putCode(new Address(CONTRACT), bytes(code));
  return vm;
};
const call = (o: Partial<Call> = {}): Call => ({
  from: FUNDED,
  to: CONTRACT,
  gas: undefined,
  gasPrice: 0n,
  value: 0n,
  data: new Uint8Array(),
  accessList: [],
  authorizations: [],
  blobHashes: [],
  ...o,
});

/** The estimate succeeds, and one gas less does not. */
async function assertSmallest(code: string, o: Partial<Call> = {}): Promise<bigint> {
  const freshVm = vmWith(code);
  const estimate = await estimateGas(freshVm, genesis, call(o));
  assert.ok(estimate.kind === 'estimate');
  const { gas } = estimate;
  assert.equal((await simulateCall(await freshVm(), genesis, call({ ...o, gas }))).kind, 'returned');
  assert.notEqual((await simulateCall(await freshVm(), genesis, call({ ...o, gas: gas - 1n }))).kind, 'returned');
  return gas;
}

describe('simulated calls', () => {
  test('a call → what it returns and the gas it used', async () => {
    const result = await simulateCall(await vmWith('602a5f5260205ff3')(), genesis, call());
    assert.ok(result.kind === 'returned');
    assert.equal(BigInt(`0x${Buffer.from(result.data).toString('hex')}`), 42n);
    assert.equal(result.gasUsed, 21_000n + 16n);
  });

  test('a call sees the block it is run on: NUMBER, BASEFEE, its own sender', async () => {
    const vm = await vmWith('435f52486020523360405260605ff3')();
    const result = await simulateCall(vm, genesis, call({ gasPrice: 2_000_000_000n }));
    assert.ok(result.kind === 'returned');
    const words = Buffer.from(result.data).toString('hex').match(/.{64}/g) ?? [];
    assert.deepEqual(words.map((word) => BigInt(`0x${word}`)).slice(0, 2), [0n, 1_000_000_000n]);
    assert.equal(words[2]?.slice(24), Buffer.from(FUNDED).toString('hex'));
  });

  test('a reverting call → its data; a failing one → the reason', async () => {
    const reverted = await simulateCall(await vmWith('63deadbeef5f526004601cfd')(), genesis, call());
    assert.deepEqual(reverted, { kind: 'reverted', data: bytes('deadbeef') });
    const failed = await simulateCall(await vmWith('fe')(), genesis, call());
    assert.ok(failed.kind === 'failed');
    assert.match(failed.reason, /invalid opcode/);
    const poor = await simulateCall(await vmWith('00')(), genesis, call({ from: new Uint8Array(20), value: 1n }));
    assert.ok(poor.kind === 'failed');
    assert.match(poor.reason, /insufficient funds/);
  });
});

describe('gas estimates', () => {
  test('a transfer → 21000', async () => {
    assert.equal(await assertSmallest('', { to: new Uint8Array(20).fill(5), value: 1n }), 21_000n);
  });

  test('a storage write → the smallest limit', async () => {
    assert.ok((await assertSmallest('602a5f5500')) > 43_000n);
  });

  test('a refund → counted as needed before it is given back', async () => {
    const freshVm = vmWith('60015f555f5f5500');
    const used = await simulateCall(await freshVm(), genesis, call());
    assert.ok(used.kind === 'returned');
    assert.ok((await assertSmallest('60015f555f5f5500')) > used.gasUsed);
  });

  test('a call that passes on all but 1/64 → the smallest limit', async () => {
    // Without call data: calls itself with all its gas and one byte, and reverts unless that succeeded; with: stores 1.
    const code = '366015575f5f60015f5f305af16013575f5ffd5b005b60015f5500';
    const used = await simulateCall(await vmWith(code)(), genesis, call());
    assert.ok(used.kind === 'returned');
    assert.ok((await assertSmallest(code)) > used.gasUsed);
  });

  test('a call that fails at any limit → its failure', async () => {
    assert.equal((await estimateGas(vmWith('5f5ffd'), genesis, call())).kind, 'reverted');
    assert.equal((await estimateGas(vmWith('fe'), genesis, call())).kind, 'failed');
  });
});
