/** What a BLOCK.json says, against its chain and against itself; its syntax is read by the command line. */
import type { Block } from '@ethereumjs/block';
import { ClientError } from '../../errors.ts';
import type { ExecutionWitness } from '../interface.ts';
import { decodeBlock } from './block-codec.ts';
import { hex } from './block-error.ts';
import type { ChainSpec } from './chain-spec.ts';
import { parseGenesis } from './genesis.ts';
import { networkByChainId } from './known-networks.ts';
import { chainSpecOf, type Network } from './network.ts';
import { hardforkAt } from './rules.ts';

export type BlockFile = {
  readonly chainId: bigint;
  /** hardfork name of @ethereumjs/common; must be the one the chain has at this block */
  readonly fork: string;
  readonly number: bigint;
  /** rlp([header, transactions, ommers, withdrawals?]) */
  readonly blockRlp: Uint8Array;
  readonly witness: ExecutionWitness;
  readonly expected: {
    readonly blockHash: string;
    readonly stateRoot: string;
    readonly receiptsRoot: string;
    readonly gasUsed: bigint;
  };
  /** geth's genesis format; absent for the chains that are known by their id */
  readonly genesis?: Readonly<Record<string, unknown>>;
};

/** A block file that agrees with its chain and with itself. */
export type OpenedBlockFile = {
  readonly network: Network;
  readonly block: Block;
  readonly blockRlp: Uint8Array;
  /** without empty nodes, so that it is what the guest takes */
  readonly witness: ExecutionWitness;
  readonly chainSpec: ChainSpec;
};

/** rlp(''): the empty trie's node, which some witnesses carry and none needs. */
const EMPTY_NODE = 0x80;

/**
 * Finds the file's chain, decodes its block and compares what the file says of it.
 * @throws BlockFileError `blockFileInvalid` naming the field
 * @throws NetworkError `unknownChain`, ConfigError `genesisInvalid`, BlockError `blockMalformed`
 */
export async function openBlockFile(file: BlockFile): Promise<OpenedBlockFile> {
  const genesis = file.genesis === undefined ? networkByChainId(file.chainId) : parseGenesis('custom', file.genesis);
  const { network } = await genesis;
  requireEqual('chainId', network.config.chainId, file.chainId);
  const block = decodeBlock(network.common, file.blockRlp);
  const { header } = block;
  requireEqual('number', header.number, file.number);
  requireEqual('fork', hardforkAt(network.common, header.number, header.timestamp), file.fork);
  requireEqual('expected.blockHash', hex(block.hash()), file.expected.blockHash);
  requireEqual('expected.stateRoot', hex(header.stateRoot), file.expected.stateRoot);
  requireEqual('expected.receiptsRoot', hex(header.receiptTrie), file.expected.receiptsRoot);
  requireEqual('expected.gasUsed', header.gasUsed, file.expected.gasUsed);
  const state = file.witness.state.filter((node) => node.length !== 1 || node[0] !== EMPTY_NODE);
  return {
    network,
    block,
    blockRlp: file.blockRlp,
    witness: { ...file.witness, state },
    chainSpec: chainSpecOf(network, header),
  };
}

function requireEqual(field: string, expected: string | bigint, actual: string | bigint): void {
  if (expected === actual) return;
  throw new BlockFileError(
    'blockFileInvalid',
    `${field}: expected ${expected}, as in the block and its chain, got ${actual}`,
    { field, expected: String(expected), actual: String(actual) },
  );
}

export class BlockFileError extends ClientError<
  'blockFileInvalid',
  { readonly field: string; readonly expected: string; readonly actual: string }
> {}
