import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hex } from '../../../client/execution/chain/block-error.ts';
import { type BlockFile, openBlockFile } from '../../../client/execution/chain/block-file.ts';
import { executeBlockFile } from '../../../client/execution/state/execute-file.ts';
import { devGenesis } from '../../support/dev-vm.ts';
import { devAddress, MemoryChain } from '../../support/memory-chain.ts';

async function devFile(): Promise<BlockFile> {
  const chain = await MemoryChain.create();
  await chain.seal();
  const { rlp, block, execution } = await chain.seal({ to: devAddress(1), value: 1n });
  const { header } = block;
  return {
    chainId: 1337n,
    fork: 'osaka',
    number: header.number,
    blockRlp: rlp,
    witness: execution.witness,
    expected: {
      blockHash: hex(block.hash()),
      stateRoot: hex(header.stateRoot),
      receiptsRoot: hex(header.receiptTrie),
      gasUsed: header.gasUsed,
    },
  };
}

const file = await devFile();

describe('an opened block file', () => {
  test('of a chain known by its id, or with its genesis → executes', async () => {
    for (const given of [file, { ...file, genesis: devGenesis }]) {
      const opened = await openBlockFile(given);
      assert.equal(opened.chainSpec.chainId, 1337n);
      const outcome = await executeBlockFile(opened);
      assert.ok(outcome.ok);
      assert.equal(outcome.stateRoot, file.expected.stateRoot);
    }
  });

  test('with the empty trie’s node → is opened without it', async () => {
    const state = [Uint8Array.of(0x80), ...file.witness.state];
    const opened = await openBlockFile({ ...file, witness: { ...file.witness, state } });
    assert.deepEqual(opened.witness, file.witness);
  });

  const zero = `0x${'0'.repeat(64)}`;
  const lies: readonly (readonly [field: string, changed: Partial<BlockFile>])[] = [
    ['fork', { fork: 'prague' }],
    ['number', { number: 3n }],
    ['expected.blockHash', { expected: { ...file.expected, blockHash: zero } }],
    ['expected.stateRoot', { expected: { ...file.expected, stateRoot: zero } }],
    ['expected.receiptsRoot', { expected: { ...file.expected, receiptsRoot: zero } }],
    ['expected.gasUsed', { expected: { ...file.expected, gasUsed: 1n } }],
    ['chainId', { chainId: 1n, genesis: devGenesis }],
  ];
  for (const [field, changed] of lies) {
    test(`rejects another ${field}, naming it`, async () => {
      await assert.rejects(openBlockFile({ ...file, ...changed }), {
        code: 'blockFileInvalid',
        message: new RegExp(`^${field}: expected .*, got`),
      });
    });
  }

  test('rejects a chain that is not known, a genesis that is none, and a block that is none', async () => {
    await assert.rejects(openBlockFile({ ...file, chainId: 99n }), { code: 'unknownChain' });
    await assert.rejects(openBlockFile({ ...file, genesis: {} }), { code: 'genesisInvalid' });
    await assert.rejects(openBlockFile({ ...file, blockRlp: file.blockRlp.slice(0, 99) }), { code: 'blockMalformed' });
  });

  test('rejects the witness of another block, naming the parent’s header', async () => {
    const chain = await MemoryChain.create();
    const { execution } = await chain.seal({ to: devAddress(5), value: 9n });
    const outcome = await executeBlockFile(await openBlockFile({ ...file, witness: execution.witness }));
    assert.ok(!outcome.ok);
    assert.equal(outcome.code, 'missingHeader');
  });
});
