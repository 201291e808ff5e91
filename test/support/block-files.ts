/** The real blocks of the data folder, read as the command line reads them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type OpenedBlockFile, openBlockFile } from '../../client/cli/input-block.ts';
import type { BlockExecution } from '../../client/execution/interface.ts';
import { ContentMap } from '../../client/execution/state/content-map.ts';
import { executeBlock } from '../../client/execution/state/execute-block.ts';
import { dataDir } from './data.ts';

/** Names of all real blocks, ascending; none without the data folder. */
export function blockFileNames(): readonly string[] {
  const folder = dataDir();
  if (folder === undefined) return [];
  const names = readdirSync(join(folder, 'blocks')).filter((name) => name.endsWith('.json'));
  return names.map((name) => name.slice(0, -'.json'.length)).sort();
}

export const openedBlockFile = (name: string): Promise<OpenedBlockFile> =>
  openBlockFile(join(dataDir() ?? '', 'blocks', `${name}.json`));

/** Runs a file's block from its witness alone. */
export function executeOpened({ file, network, block }: OpenedBlockFile): Promise<BlockExecution> {
  return executeBlock(network, block, ContentMap.ofWitness(file.witness));
}

/** Blocks whose witness lacks a node, and that node (README of the data folder). */
export const INCOMPLETE: Readonly<Record<string, string>> = {
  'hoodi-1151683': '0x7e224bab',
  'mainnet-22188088': '0x8a3d287b',
};
