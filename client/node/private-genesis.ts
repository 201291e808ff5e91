import { readFileSync } from 'node:fs';
import { privateChainName } from '../config.ts';
import { ClientError } from '../errors.ts';
import { type Genesis, parseGenesis } from '../execution/chain/genesis.ts';

/** A genesis, and the file's content that it was made of. */
export type PrivateGenesis = Genesis & { readonly file: Readonly<Record<string, unknown>> };

/**
 * The chain of a genesis file in geth's format, named by its id and its genesis, as its folder is.
 * @throws ClientError `genesisUnreadable`, or naming the field that is wrong
 */
export async function privateGenesis(path: string): Promise<PrivateGenesis> {
  const json = readGenesisFile(path);
  const genesis = await parseGenesis('private', json);
  const { config, genesisHash } = genesis.network;
  const network = { ...genesis.network, name: privateChainName(config.chainId, genesisHash) };
  return { ...genesis, network, file: json as PrivateGenesis['file'] };
}

function readGenesisFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ClientError('genesisUnreadable', `genesis file ${path}: ${reason}`, { path }, { cause });
  }
}
