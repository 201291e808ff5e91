import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeBlock } from '../../../client/execution/chain/block-codec.ts';
import { knownNetwork } from '../../../client/execution/chain/known-networks.ts';
import { chainSpecOf } from '../../../client/execution/chain/network.ts';
import { type CheckedBlock, createBlockCheck } from '../../../client/prover/service/check.ts';
import { needsData, readJson } from '../../support/data.ts';

type File = { blockRlp: string; witness: { state: string[]; codes: string[]; headers: string[] } };
const { network } = await knownNetwork('mainnet');
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.slice(2), 'hex'));
const hex = (data: Uint8Array) => `0x${Buffer.from(data).toString('hex')}` as const;

function blockOf(name: string): CheckedBlock {
  const file = readJson<File>('blocks', `${name}.json`);
  const blockRlp = bytes(file.blockRlp);
  const block = decodeBlock(network.common, blockRlp);
  const { state, codes, headers } = file.witness;
  return {
    chainSpec: chainSpecOf(network, block.header),
    parentHash: hex(block.header.parentHash),
    blockHash: hex(block.hash()),
    blockRlp,
    witness: {
      state: state.map(bytes).filter((node) => node.length > 1),
      codes: codes.map(bytes),
      headers: headers.map(bytes),
    },
  };
}

describe('check of executed blocks', () => {
  for (const name of ['mainnet-1', 'mainnet-2675001', 'mainnet-21688509', 'mainnet-22615247', 'mainnet-24628607']) {
    test(`${name} → the claim that execution expects`, needsData(), async () => {
      const block = blockOf(name);
      const result = (await createBlockCheck())(block);
      assert.ok(result.ok, result.ok ? '' : result.reason);
      assert.equal(result.claim.blockHash, block.blockHash);
    });
  }

  test('rejects a claim of another block', needsData(), async () => {
    const check = await createBlockCheck();
    const block = blockOf('mainnet-1');
    const result = check({ ...block, blockHash: `0x${'00'.repeat(32)}` });
    assert.ok(!result.ok && result.kind === 'otherClaim');
    assert.match(result.reason, /^blockHash: execution has 0x000/);
    const otherParent = check({ ...block, parentHash: `0x${'00'.repeat(32)}` });
    assert.ok(!otherParent.ok && otherParent.kind === 'otherClaim');
  });

  test('rejects a witness without a node', needsData(), async () => {
    const block = blockOf('mainnet-2675001');
    const result = (await createBlockCheck())({
      ...block,
      witness: { ...block.witness, state: block.witness.state.slice(1) },
    });
    assert.ok(!result.ok && result.kind === 'rejected');
    assert.equal(result.rule, 'witness');
  });
});
