import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Block, createBlock } from '@ethereumjs/block';
import { createCommonFromGethGenesis, parseGethGenesisState } from '@ethereumjs/common';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { createVM, type VM } from '@ethereumjs/vm';
import { repoRoot } from './data.ts';

export const devGenesis = JSON.parse(readFileSync(join(repoRoot(), 'genesis', 'dev.json'), 'utf8'));
export const devCommon = createCommonFromGethGenesis(devGenesis, { chain: 'dev' });

/** A VM of its own over the dev chain's genesis state, as @ethereumjs makes it, and the genesis block. */
export async function genesisVm(): Promise<{ vm: VM; genesis: Block }> {
  const stateManager = new MerkleStateManager({ common: devCommon });
  await stateManager.generateCanonicalGenesis(parseGethGenesisState(devGenesis));
  const { number, timestamp, gasLimit, baseFeePerGas, extraData } = devGenesis;
  const stateRoot = await stateManager.getStateRoot();
  const header = { number, timestamp, gasLimit, baseFeePerGas, extraData, stateRoot };
  const genesis = createBlock({ header }, { common: devCommon });
  return { vm: await createVM({ common: devCommon, stateManager }), genesis };
}
