/** Blocks of a network with sealers, on any parent, by any sealer: what honest and dishonest ones could make. */
import { type Block, createBlock } from '@ethereumjs/block';
import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import { Address } from '@ethereumjs/util';
import { parseGwei } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { type Genesis, parseGenesis } from '../../client/execution/chain/genesis.ts';
import { rulesAt } from '../../client/execution/chain/network.ts';
import type { BlockExecution, ProvenBlock } from '../../client/execution/interface.ts';
import { buildNextBlock } from '../../client/execution/sealing/build-block.ts';
import { DEV_ACCOUNT_KEYS } from '../../client/execution/sealing/dev-accounts.ts';
import { sealerAddress, signSeal } from '../../client/execution/sealing/seal.ts';
import { turnOf } from '../../client/execution/sealing/turns.ts';
import { ContentMap } from '../../client/execution/state/content-map.ts';
import { createChainExecutor } from '../../client/execution/state/executor.ts';
import { encodeStateDiff } from '../../client/execution/state/state-diff-codec.ts';
import { encodeReceipts } from '../../client/execution/store/receipts.ts';
import { bytesOf, hexOf } from './bytes.ts';
import { devGenesis } from './dev-vm.ts';

export const PERIOD = 5n;
export type Transfer = { readonly from: number; readonly nonce: number; readonly to: string; readonly data?: string };
export type BuildFields = {
  /** position of the sealer; by default the one whose turn it is */
  readonly by?: number;
  /** seconds after the parent; by default the first that is allowed */
  readonly after?: bigint;
  readonly transfers?: readonly Transfer[];
  /** makes the block another one */
  readonly extra?: number;
};
export type BuiltBlock = {
  readonly block: Block;
  readonly seal: Uint8Array;
  readonly execution: BlockExecution;
  /** as a peer would send it */
  readonly proven: ProvenBlock;
};

export class SealedChain {
  readonly genesis: Genesis;
  /** as a genesis file states it */
  readonly json: object;
  readonly #content = new ContentMap();

  private constructor(genesis: Genesis, json: object) {
    this.genesis = genesis;
    this.json = json;
    if (genesis.state !== undefined) this.#content.addChanges(genesis.state);
    this.#content.addHeader(genesis.block.hash(), genesis.block.header.serialize());
  }

  /** A chain of the first `sealers` development accounts. @param more of the genesis's `config` */
  static async create(sealers: number, alloc: object = {}, more: object = {}): Promise<SealedChain> {
    const addresses = DEV_ACCOUNT_KEYS.slice(0, sealers).map((key) => hexOf(sealerAddress(bytesOf(key))));
    const config = { ...devGenesis.config, zkl1: { sealers: addresses, period: Number(PERIOD) }, ...more };
    const json = { ...devGenesis, config, alloc: { ...devGenesis.alloc, ...alloc } };
    return new SealedChain(await parseGenesis('test', json), json);
  }

  /** Builds and executes a block on any block that was built before. */
  async build(parent: Block, fields: BuildFields = {}): Promise<BuiltBlock> {
    const { network } = this.genesis;
    const sealing = network.config.sealing as NonNullable<typeof network.config.sealing>;
    const number = parent.header.number + 1n;
    const turn = turnOf(sealing, number);
    const by = fields.by ?? turn;
    const timestamp = parent.header.timestamp + (fields.after ?? (by === turn ? PERIOD : 2n * PERIOD));
    const executor = createChainExecutor(network, this.#content);
    const vm = await executor.vmAfter(parent.header, { number, timestamp });
    const candidates: TypedTransaction[] = [];
    for (const transfer of fields.transfers ?? []) candidates.push(await this.sign(transfer, parent));
    const { block: built, refused } = await buildNextBlock({
      vm,
      parent,
      timestamp,
      coinbase: new Address(new Uint8Array(20).fill(0xc0)),
      extraData: Uint8Array.of(by, fields.extra ?? 0),
      candidates,
    });
    if (refused.length > 0) throw new Error(refused[0]?.reason);
    const block = executor.decodeBlock(built.serialize());
    const execution = await executor.execute(block);
    this.#content.addChanges(execution.changes);
    this.#content.addHeader(block.hash(), block.header.serialize());
    const seal = this.seal(block, by);
    const types = block.transactions.map(({ type }) => type);
    return {
      block,
      seal,
      execution,
      proven: {
        block,
        seal,
        receipts: encodeReceipts(execution.receipts, types),
        stateDiff: encodeStateDiff(execution.stateDiff ?? { accounts: [] }),
        proof: {
          proofType: 1,
          blockHash: block.hash(),
          parentHash: block.header.parentHash,
          bytes: new TextEncoder().encode(`proof of ${hexOf(block.hash())}`),
        },
      },
    };
  }

  /** A row of blocks, each on the one before. */
  async buildMany(parent: Block, count: number, fields: BuildFields = {}): Promise<readonly BuiltBlock[]> {
    const blocks: BuiltBlock[] = [];
    for (let i = 0; i < count; i++) blocks.push(await this.build(blocks.at(-1)?.block ?? parent, fields));
    return blocks;
  }

  /** The same block with some of its header's fields replaced, sealed again. */
  altered({ block }: BuiltBlock, fields: object, by: number): { readonly block: Block; readonly seal: Uint8Array } {
    const { transactions, withdrawals = [] } = block;
    const header = { ...block.header, ...fields };
    const other = createBlock(
      { header, transactions, withdrawals },
      { common: block.common, skipConsensusFormatValidation: true },
    );
    return { block: other, seal: this.seal(other, by) };
  }

  seal(block: Block, by: number): Uint8Array {
    return signSeal(this.genesis.network, block.hash(), bytesOf(DEV_ACCOUNT_KEYS[by] ?? ''));
  }

  async sign({ from, nonce, to, data }: Transfer, parent: Block): Promise<TypedTransaction> {
    const raw = await privateKeyToAccount(DEV_ACCOUNT_KEYS[from] ?? '0x').signTransaction({
      type: 'eip1559',
      chainId: 1337,
      nonce,
      to: to as `0x${string}`,
      ...(data === undefined ? {} : { data: data as `0x${string}` }),
      value: 1n,
      gas: 100_000n,
      maxFeePerGas: parseGwei('20'),
      maxPriorityFeePerGas: 1n,
    });
    return createTxFromRLP(bytesOf(raw), { common: rulesAt(this.genesis.network, parent.header) });
  }
}
