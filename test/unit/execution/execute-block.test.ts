import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RLP } from '@ethereumjs/rlp';
import { decodeBlock, decodeHeader } from '../../../client/execution/chain/block-codec.ts';
import type { BlockErrorCode } from '../../../client/execution/chain/block-error.ts';
import { keccak256 } from '../../../client/execution/chain/crypto.ts';
import { createNetwork } from '../../../client/execution/chain/network.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { executeBlock } from '../../../client/execution/state/execute-block.ts';
import { createChainExecutor } from '../../../client/execution/state/executor.ts';
import { EMPTY_ROOT } from '../../../client/execution/state/trie-node.ts';
import { bytesOf, hexOf } from '../../support/bytes.ts';
import { devAddress, MemoryChain } from '../../support/memory-chain.ts';

type BlockValues = [
  header: Uint8Array[],
  transactions: Uint8Array[],
  ommers: Uint8Array[][],
  withdrawals: Uint8Array[][],
];

/** Positions in a header's RLP list. */
const HEADER = {
  stateRoot: 3,
  transactionsRoot: 4,
  receiptsRoot: 5,
  logsBloom: 6,
  gasUsed: 10,
  withdrawalsRoot: 16,
  blobGasUsed: 17,
  requestsHash: 20,
} as const;
const LOGGER = `0x${'10'.repeat(20)}` as const;
const WITHDRAWAL_REQUESTS = '0x00000961ef480eb55e80d19ad83579a64c007002';
const CONSOLIDATION_REQUESTS = '0x0000bbddc7ce488642fb579f8b00f3a590007251';

/** A block with two transactions, one of which logs, on a chain of its own. */
async function sealed() {
  // log1(0, 0, 7)
  const chain = await MemoryChain.create({ [LOGGER]: { balance: '0x0', code: '0x60075f5fa1' } });
  await chain.seal();
  const parent = chain.head;
  const block = await chain.seal({ to: LOGGER }, { from: 1, to: devAddress(2), value: 1n });
  return { chain, parent, ...block };
}

const setField =
  (position: number, value: Uint8Array) =>
  ([header]: BlockValues): void => {
    header[position] = value;
  };

const base = await sealed();
const valuesOf = (rlp: Uint8Array): BlockValues => RLP.decode(rlp) as unknown as BlockValues;

/** Runs the block with something changed in its decoded RLP. */
async function runChanged(change: (values: BlockValues) => void): Promise<unknown> {
  const values = valuesOf(base.rlp);
  change(values);
  return await executeBlock(base.chain.network, base.chain.decode(RLP.encode(values)), base.chain.content);
}

describe('a block against its execution', () => {
  const wrongHash = new Uint8Array(32).fill(0xee);
  const lies: readonly (readonly [field: keyof typeof HEADER, code: BlockErrorCode, value: Uint8Array])[] = [
    ['stateRoot', 'stateRoot', wrongHash],
    ['receiptsRoot', 'receiptsRoot', wrongHash],
    ['logsBloom', 'logsBloom', new Uint8Array(256).fill(1)],
    ['gasUsed', 'gasUsed', bytesOf('5208')],
    ['requestsHash', 'requestsHash', wrongHash],
    ['transactionsRoot', 'transactionsRoot', wrongHash],
    ['withdrawalsRoot', 'withdrawalsRoot', wrongHash],
    ['blobGasUsed', 'blobGasUsed', bytesOf('020000')],
  ];
  test('unchanged → accepted again', async () => {
    await runChanged(() => {});
  });
  for (const [field, code, value] of lies) {
    test(`rejects another ${field}`, async () => {
      const change = setField(HEADER[field], value);
      await assert.rejects(runChanged(change), { code });
    });
  }

  test('rejects a transaction less, a transaction twice, and transactions in another order', async () => {
    const keepRoot = (change: (transactions: Uint8Array[]) => void) => async () => {
      const values = valuesOf(base.rlp);
      change(values[1]);
      return await executeBlock(base.chain.network, base.chain.decode(RLP.encode(values)), base.chain.content);
    };
    await assert.rejects(
      keepRoot((list) => list.pop()),
      { code: 'transactionsRoot' },
    );
    await assert.rejects(
      keepRoot((list) => list.push(list[0] ?? new Uint8Array())),
      { code: 'transactionsRoot' },
    );
    await assert.rejects(
      keepRoot((list) => list.reverse()),
      { code: 'transactionsRoot' },
    );
  });

  test('rejects a withdrawal that the header does not name', async () => {
    const withdrawal = [Uint8Array.of(1), Uint8Array.of(1), new Uint8Array(20).fill(1), Uint8Array.of(5)];
    await assert.rejects(
      runChanged(([, , , withdrawals]) => void withdrawals.push(withdrawal)),
      {
        code: 'withdrawalsRoot',
      },
    );
  });

  test('rejects a block whose transactions are signed for another chain', () => {
    const { config, genesisHash } = base.chain.network;
    const other = createNetwork('other', { ...config, chainId: 5n }, genesisHash);
    assert.throws(() => decodeBlock(other.common, base.rlp), {
      code: 'transactionInvalid',
      message: 'transaction 0: Common chain ID not matching the derived chain ID 1337',
    });
  });

  test('rejects a block whose parent is not there, naming the parent', async () => {
    await assert.rejects(executeBlock(base.chain.network, base.block, new ContentMap()), {
      code: 'missingHeader',
      detail: { hash: hexOf(base.block.header.parentHash) },
    });
  });

  test('rejects a block on another block’s state, naming the node that is not there', async () => {
    const content = new ContentMap();
    content.addHeader(base.parent.hash(), base.parent.header.serialize());
    await assert.rejects(executeBlock(base.chain.network, base.block, content), { code: 'missingNode' });
  });
});

describe('block encoding', () => {
  const { common } = base.chain.network;
  const malformed = (rlp: Uint8Array) => assert.throws(() => decodeBlock(common, rlp), { code: 'blockMalformed' });
  const changed = (change: (values: BlockValues) => void): Uint8Array => {
    const values = valuesOf(base.rlp);
    change(values);
    return RLP.encode(values);
  };

  test('rejects every truncation by one to forty bytes, and bytes after the end', () => {
    for (let cut = 1; cut <= 40; cut++) malformed(base.rlp.slice(0, -cut));
    malformed(new Uint8Array([...base.rlp, 0]));
    malformed(new Uint8Array());
  });
  test('rejects a string for the block', () => malformed(RLP.encode(base.rlp)));
  test('rejects a number with a leading zero', () =>
    malformed(changed(setField(HEADER.gasUsed, Uint8Array.of(0, 0xee)))));
  test('rejects a header without its last field', () => malformed(changed(([h]) => void h.pop())));
  test('rejects a header with a field of a later fork', () =>
    malformed(changed(([h]) => void h.push(new Uint8Array(32)))));
  test('rejects a block without withdrawals', () => malformed(changed((v) => void v.pop())));
  test('rejects a block with a fifth list', () => malformed(changed((v) => void v.push([] as never))));
  test('rejects a header hash of 31 bytes', () => malformed(changed(setField(0, new Uint8Array(31)))));
  test('rejects a header that is no list', () => {
    assert.throws(() => decodeHeader(common, Uint8Array.of(1)), { code: 'blockMalformed' });
  });
});

describe('system contracts', () => {
  for (const contract of [WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS]) {
    for (const [what, code, expected] of [
      ['without code', undefined, 'systemContractMissing'],
      ['that runs out of gas', '0x5f1951', 'systemContractFailed'],
      ['that reverts', '0x5f5ffd', 'systemContractFailed'],
      ['that hits an invalid opcode', '0xfe', 'systemContractFailed'],
    ] as const) {
      test(`rejects a block with ${contract} ${what} (EIP-7002, EIP-7251)`, async () => {
        const chain = await MemoryChain.create({
          [contract]: { balance: '0x1', ...(code === undefined ? {} : { code }) },
        });
        await assert.rejects(chain.seal(), { code: expected });
      });
    }
  }
});

describe('chain executor', () => {
  const executor = createChainExecutor(base.chain.network, base.chain.content);
  const { stateRoot } = base.block.header;

  test('reads of an account, code and slot → what the block left', () => {
    assert.equal(executor.account(stateRoot, bytesOf(devAddress(1)))?.nonce, 1n);
    assert.equal(executor.account(stateRoot, new Uint8Array(20).fill(9)), undefined);
    assert.equal(hexOf(executor.code(stateRoot, bytesOf(LOGGER))), '0x60075f5fa1');
    assert.equal(executor.code(stateRoot, bytesOf(devAddress(1))).length, 0);
    const parentSlot = new Uint8Array(32);
    new DataView(parentSlot.buffer).setBigUint64(24, base.block.header.number - 1n);
    const history = bytesOf('0x0000f90827f1c53a10cb7a02335b175320002935');
    assert.equal(hexOf(executor.storage(stateRoot, history, parentSlot)), hexOf(base.parent.hash()));
    assert.equal(hexOf(executor.storage(stateRoot, new Uint8Array(20), parentSlot)), hexOf(new Uint8Array(32)));
  });

  test('reads at a state that is not stored → an error that names the node', () => {
    const elsewhere = keccak256(Uint8Array.of(1));
    assert.throws(() => executor.account(elsewhere, new Uint8Array(20)), {
      code: 'missingNode',
      detail: { hash: hexOf(elsewhere) },
    });
    assert.equal(executor.account(EMPTY_ROOT, new Uint8Array(20)), undefined);
  });

  test('a VM after a block → its changes are lost with it', async () => {
    const { header } = base.block;
    const vm = await executor.vmAfter(header, { number: header.number + 1n, timestamp: header.timestamp + 1n });
    const [address] = [...base.block.transactions].map((transaction) => transaction.getSenderAddress());
    assert.ok(address);
    await vm.stateManager.deleteAccount(address);
    assert.notEqual(hexOf(await vm.stateManager.getStateRoot()), hexOf(stateRoot));
    const again = await executor.vmAfter(header);
    assert.equal(hexOf(await again.stateManager.getStateRoot()), hexOf(stateRoot));
    assert.equal(again.common.hardfork(), 'osaka');
  });
});
