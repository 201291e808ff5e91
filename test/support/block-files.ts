/** The real blocks of the data folder, read as `zkl1-node execute` reads them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readBlockFile } from '../../client/cli/block-file.ts';
import { type BlockFile, type OpenedBlockFile, openBlockFile } from '../../client/execution/chain/block-file.ts';
import { dataDir } from './data.ts';

/** Names of all real blocks, smallest file number first; none without the data folder. */
export function blockFileNames(): readonly string[] {
  const folder = dataDir();
  if (folder === undefined) return [];
  const names = readdirSync(join(folder, 'blocks')).filter((name) => name.endsWith('.json'));
  return names.map((name) => name.slice(0, -'.json'.length)).sort();
}

export function blockFile(name: string): BlockFile {
  return readBlockFile(join(dataDir() ?? '', 'blocks', `${name}.json`));
}

export function openedBlockFile(name: string): Promise<OpenedBlockFile> {
  return openBlockFile(blockFile(name));
}

/** Blocks whose witness lacks a node, and that node (README of the data folder). */
export const INCOMPLETE: Readonly<Record<string, string>> = {
  'hoodi-1151683': '0x7e224bab',
  'mainnet-22188088': '0x8a3d287b',
};
