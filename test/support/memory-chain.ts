/** A development chain in memory: made by the tests themselves, with any genesis accounts. */
import type { Block } from '@ethereumjs/block';
import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import { Address, privateToAddress } from '@ethereumjs/util';
import type { VM } from '@ethereumjs/vm';
import { parseGwei } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { decodeBlock } from '../../client/execution/chain/block-codec.ts';
import { type Genesis, parseGenesis } from '../../client/execution/chain/genesis.ts';
import { type Network, rulesAt } from '../../client/execution/chain/network.ts';
import type { BlockExecution, StateChanges } from '../../client/execution/interface.ts';
import { buildNextBlock } from '../../client/execution/sealing/build-block.ts';
import { DEV_ACCOUNT_KEYS } from '../../client/execution/sealing/dev-accounts.ts';
import { ContentMap } from '../../client/execution/state/content-map.ts';
import { executeBlock } from '../../client/execution/state/execute-block.ts';
import { createChainExecutor } from '../../client/execution/state/executor.ts';
import { bytesOf } from './bytes.ts';
import { devGenesis } from './dev-vm.ts';

export type Alloc = Readonly<
  Record<
    string,
    {
      readonly balance?: string;
      readonly code?: string;
      readonly storage?: Readonly<Record<string, string>>;
      readonly nonce?: string;
    }
  >
>;
export type TransactionFields = {
  /** index of the sender among the development accounts */
  readonly from?: number;
  readonly to?: `0x${string}`;
  readonly data?: `0x${string}`;
  readonly value?: bigint;
  readonly gas?: bigint;
};
export type SealedBlock = {
  readonly rlp: Uint8Array;
  readonly block: Block;
  readonly execution: BlockExecution;
};

const COINBASE = new Address(new Uint8Array(20).fill(0xc0));
const SECONDS_PER_BLOCK = 12n;

export class MemoryChain {
  readonly network: Network;
  /** everything that is stored of the chain */
  readonly content = new ContentMap();
  readonly genesisState: StateChanges;
  head: Block;
  readonly #nonces = new Map<number, number>();

  private constructor({ network, block, state }: Genesis) {
    this.network = network;
    this.head = block;
    this.genesisState = state ?? { nodes: [], codes: [] };
    this.content.addChanges(this.genesisState);
    this.content.addHeader(block.hash(), block.header.serialize());
  }

  /** @param alloc accounts besides those of the development chain */
  static async create(alloc: Alloc = {}): Promise<MemoryChain> {
    const json = { ...devGenesis, alloc: { ...devGenesis.alloc, ...alloc } };
    return new MemoryChain(await parseGenesis('test', json));
  }

  /** A VM over the head's state, with the rules of the next block. */
  async vm(): Promise<VM> {
    const { header } = this.head;
    const next = { number: header.number + 1n, timestamp: header.timestamp + SECONDS_PER_BLOCK };
    return await createChainExecutor(this.network, this.content).vmAfter(header, next);
  }

  async sign(fields: TransactionFields): Promise<TypedTransaction> {
    const from = fields.from ?? 0;
    const nonce = this.#nonces.get(from) ?? 0;
    this.#nonces.set(from, nonce + 1);
    const raw = await privateKeyToAccount(DEV_ACCOUNT_KEYS[from] ?? '0x').signTransaction({
      type: 'eip1559',
      chainId: 1337,
      nonce,
      ...(fields.to === undefined ? {} : { to: fields.to }),
      ...(fields.data === undefined ? {} : { data: fields.data }),
      value: fields.value ?? 0n,
      gas: fields.gas ?? 1_000_000n,
      maxFeePerGas: parseGwei('20'),
      maxPriorityFeePerGas: 1n,
    });
    const { header } = this.head;
    return createTxFromRLP(bytesOf(raw), { common: rulesAt(this.network, header) });
  }

  /** Builds the next block, executes it over the whole state and stores what it leaves. */
  async seal(...transactions: readonly TransactionFields[]): Promise<SealedBlock> {
    const candidates: TypedTransaction[] = [];
    for (const fields of transactions) candidates.push(await this.sign(fields));
    const { block: built, refused } = await buildNextBlock({
      vm: await this.vm(),
      parent: this.head,
      timestamp: this.head.header.timestamp + SECONDS_PER_BLOCK,
      coinbase: COINBASE,
      extraData: new Uint8Array(),
      candidates,
    });
    if (refused.length > 0) throw new Error(refused[0]?.reason);
    const rlp = built.serialize();
    const block = this.decode(rlp);
    const execution = await executeBlock(this.network, block, this.content);
    this.content.addChanges(execution.changes);
    this.content.addHeader(block.hash(), block.header.serialize());
    this.head = block;
    return { rlp, block, execution };
  }

  decode(rlp: Uint8Array): Block {
    return decodeBlock(this.network.common, rlp);
  }
}

/** Address of a development account. */
export function devAddress(index: number): `0x${string}` {
  return `0x${Buffer.from(privateToAddress(bytesOf(DEV_ACCOUNT_KEYS[index] ?? ''))).toString('hex')}`;
}
