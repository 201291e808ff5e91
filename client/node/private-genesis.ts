import { readFileSync } from 'node:fs';
import { privateChainName } from '../config.ts';
import { ClientError } from '../errors.ts';
import { type Genesis, parseGenesis } from '../execution/chain/genesis.ts';

/**
 * The chain of a genesis file in geth's format, named by its id and its genesis, as its folder is.
 * @throws ClientError `genesisUnreadable`, or naming the field that is wrong
 */
export async function privateGenesis(path: string): Promise<Genesis> {
  const genesis = await parseGenesis('private', readGenesisFile(path));
  const { config, genesisHash } = genesis.network;
  return { ...genesis, network: { ...genesis.network, name: privateChainName(config.chainId, genesisHash) } };
}

/** @throws ClientError `genesisUnreadable` */
export function readGenesisFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ClientError('genesisUnreadable', `genesis file ${path}: ${reason}`, { path }, { cause });
  }
}
