/** The real blocks of the data folder, read as the command line reads them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Block } from '@ethereumjs/block';
import { type BlockFile, readBlockFile } from '../../client/cli/block-file.ts';
import { decodeBlockOf, networkOf } from '../../client/cli/input-block.ts';
import type { Network } from '../../client/execution/chain/network.ts';
import type { BlockExecution } from '../../client/execution/interface.ts';
import { ContentMap } from '../../client/execution/state/content-map.ts';
import { executeBlock } from '../../client/execution/state/execute-block.ts';
import { dataDir } from './data.ts';

export type OpenedBlockFile = { readonly file: BlockFile; readonly network: Network; readonly block: Block };

/** Names of all real blocks, ascending; none without the data folder. */
export function blockFileNames(): readonly string[] {
  const folder = dataDir();
  if (folder === undefined) return [];
  const names = readdirSync(join(folder, 'blocks')).filter((name) => name.endsWith('.json'));
  return names.map((name) => name.slice(0, -'.json'.length)).sort();
}

export async function openedBlockFile(name: string): Promise<OpenedBlockFile> {
  const file = readBlockFile(join(dataDir() ?? '', 'blocks', `${name}.json`));
  const network = await networkOf(file);
  return { file, network, block: decodeBlockOf(file, network) };
}

/** Runs a file's block from its witness alone. */
export function executeOpened({ file, network, block }: OpenedBlockFile): Promise<BlockExecution> {
  return executeBlock(network, block, ContentMap.ofWitness(file.witness));
}

/** Blocks whose witness lacks a node, and that node (README of the data folder). */
export const INCOMPLETE: Readonly<Record<string, string>> = {
  'hoodi-1151683': '0x7e224bab',
  'mainnet-22188088': '0x8a3d287b',
};
