import type { Block } from '@ethereumjs/block';
import { ClientError } from '../errors.ts';
import { hex } from '../execution/chain/block-error.ts';
import { type Genesis, parseGenesis } from '../execution/chain/genesis.ts';
import { networkByChainId } from '../execution/chain/known-networks.ts';
import { chainSpecOf, type Network } from '../execution/chain/network.ts';
import { hardforkAt } from '../execution/chain/rules.ts';
import { ContentMap } from '../execution/state/content-map.ts';
import { createChainExecutor } from '../execution/state/executor.ts';
import type { CheckedBlock } from '../prover/service/check.ts';
import { type BlockFile, readBlockFile } from './block-file.ts';
import { CliError } from './output.ts';

export type OpenedBlockFile = { readonly file: BlockFile; readonly network: Network; readonly block: Block };

/**
 * Reads a block file, finds its chain and decodes its block.
 * @throws ClientError for a file that is wrong in itself or against its chain; its message begins with the path
 */
export async function openBlockFile(path: string): Promise<OpenedBlockFile> {
  const file = readBlockFile(path);
  try {
    const network = await networkOf(file);
    return { file, network, block: decodeBlockOf(file, network) };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const field = error.code === 'unknownChain' ? 'chainId: ' : '';
    throw new CliError(
      'inputInvalid',
      `${path}: ${field}${error.message}`,
      { path, ...error.detail },
      { cause: error },
    );
  }
}

/** The chain of a block file: its own genesis, or the known one of its chain id. */
async function networkOf(file: BlockFile): Promise<Network> {
  const genesis: Genesis =
    file.genesis === undefined ? await networkByChainId(file.chainId) : await parseGenesis('genesis', file.genesis);
  const { chainId } = genesis.network.config;
  if (chainId !== file.chainId) {
    throw new CliError('inputInvalid', `genesis: expected chain ${file.chainId}, got chain ${chainId}`, {
      field: 'genesis',
    });
  }
  return genesis.network;
}

/** The block, after checking that what the file says of it is what it is. */
function decodeBlockOf(file: BlockFile, network: Network): Block {
  let block: Block;
  try {
    block = createChainExecutor(network, new ContentMap()).decodeBlock(file.blockRlp);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    throw new CliError('inputInvalid', `blockRlp: ${error.message}`, { field: 'blockRlp' }, { cause: error });
  }
  const { header } = block;
  const stated: readonly (readonly [field: string, actual: string, expected: string])[] = [
    ['number', String(file.number), String(header.number)],
    ['fork', file.fork, hardforkAt(network.common, header.number, header.timestamp)],
    ['expected.blockHash', file.expected.blockHash, hex(block.hash())],
    ['expected.stateRoot', file.expected.stateRoot, hex(header.stateRoot)],
    ['expected.receiptsRoot', file.expected.receiptsRoot, hex(header.receiptTrie)],
    ['expected.gasUsed', String(file.expected.gasUsed), String(header.gasUsed)],
  ];
  for (const [field, actual, expected] of stated) {
    if (actual !== expected) {
      const detail = { field, expected, actual };
      throw new CliError(
        'inputInvalid',
        `${field}: the block and its chain have ${expected}, the file says ${actual}`,
        detail,
      );
    }
  }
  return block;
}

/** What the guest is asked to check. */
export function checkedBlock({ blockRlp, witness }: BlockFile, network: Network, block: Block): CheckedBlock {
  return {
    chainSpec: chainSpecOf(network, block.header),
    parentHash: hex(block.header.parentHash),
    blockHash: hex(block.hash()),
    blockRlp,
    witness,
  };
}
