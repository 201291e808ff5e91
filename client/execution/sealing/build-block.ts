import { type Block, createBlock } from '@ethereumjs/block';
import type { TypedTransaction } from '@ethereumjs/tx';
import type { Address } from '@ethereumjs/util';
import { buildBlock, type RunTxResult, runTx, type VM } from '@ethereumjs/vm';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { ClientError } from '../../errors.ts';

/** EIP-7934 caps the block's RLP at 8 MiB; the rest is for header and list prefixes. */
const MAX_TRANSACTION_BYTES = 8_000_000;

export type BuildOptions = {
  /** over the state after `parent`; its changes are for the caller to throw away */
  readonly vm: VM;
  readonly parent: Block;
  /** seconds since 1970, above the parent's */
  readonly timestamp: bigint;
  readonly coinbase: Address;
  readonly extraData: Uint8Array;
  /** in the order in which they are tried */
  readonly candidates: Iterable<TypedTransaction>;
};
export type BuiltBlock = {
  readonly block: Block;
  /** candidates that cannot stand in this block, with the reason; later ones of the same sender were not tried */
  readonly refused: readonly { readonly transaction: TypedTransaction; readonly reason: string }[];
};

/**
 * Builds the next block from pooled transactions: system calls, transactions, requests, header.
 * The header's fields are those of the run; importing the block runs and checks it again.
 */
export async function buildNextBlock(o: BuildOptions): Promise<BuiltBlock> {
  const parentHeader = o.parent.header;
  const headerData = {
    number: parentHeader.number + 1n,
    timestamp: o.timestamp,
    gasLimit: parentHeader.gasLimit,
    coinbase: o.coinbase,
    extraData: o.extraData,
    // PREVRANDAO: a lone sealer could choose it, so a value that at least cannot be chosen later.
    mixHash: keccak_256(o.parent.hash()),
    parentBeaconBlockRoot: new Uint8Array(32),
    baseFeePerGas: parentHeader.calcNextBaseFee(),
    excessBlobGas: parentHeader.calcNextExcessBlobGas(o.vm.common),
  };
  const blockOpts = { common: o.vm.common, putBlockIntoBlockchain: false };
  const builder = await buildBlock(o.vm, { parentBlock: o.parent, headerData, withdrawals: [], blockOpts });
  // BlockBuilder.addTransaction builds a new block of all transactions for each one, which makes n of them cost n²;
  // running them here on one block and handing over the results costs n.
  const built = builder as unknown as {
    readonly transactions: TypedTransaction[];
    readonly transactionResults: RunTxResult[];
  };
  const frame = createBlock({ header: headerData }, { common: o.vm.common });

  const refused: { transaction: TypedTransaction; reason: string }[] = [];
  const refusedSenders = new Set<string>();
  let sizeBytes = 0;
  for (const transaction of o.candidates) {
    const sender = transaction.getSenderAddress().toString();
    const size = transaction.serialize().length;
    if (refusedSenders.has(sender)) continue;
    if (transaction.gasLimit > frame.header.gasLimit - builder.gasUsed || sizeBytes + size > MAX_TRANSACTION_BYTES) {
      refusedSenders.add(sender);
      continue;
    }
    try {
      const result = await runTx(o.vm, { tx: transaction, block: frame, blockGasUsed: builder.gasUsed });
      built.transactions.push(transaction);
      built.transactionResults.push(result);
      builder.gasUsed += result.blockGasSpent;
      sizeBytes += size;
    } catch (error) {
      if (error instanceof ClientError) throw error;
      refusedSenders.add(sender);
      refused.push({ transaction, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const { block } = await builder.build();
  return { block, refused };
}
