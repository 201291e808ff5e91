import { readFileSync, statSync } from 'node:fs';
import { privateChainName } from '../config.ts';
import { ClientError, systemReason } from '../errors.ts';
import { type Genesis, parseGenesis } from '../execution/chain/genesis.ts';

/** A genesis, and the file's content that it was made of. */
export type PrivateGenesis = Genesis & { readonly file: Readonly<Record<string, unknown>> };

/** Mainnet's own, with every account of 2015, has 1 MB. */
const MAX_BYTES = 64 * 2 ** 20;

/**
 * The chain of a genesis file in geth's format, named by its id and its genesis, as its folder is.
 * @throws ClientError `genesisUnreadable` for the file, `genesisInvalid` naming the field that is wrong
 */
export async function privateGenesis(path: string): Promise<PrivateGenesis> {
  const json = readGenesisFile(path);
  let genesis: Genesis;
  try {
    genesis = await parseGenesis('private', json);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const detail = { path, ...error.detail };
    throw new ClientError('genesisInvalid', `genesis file ${path}: ${error.message}`, detail, { cause: error });
  }
  const { config, genesisHash } = genesis.network;
  const network = { ...genesis.network, name: privateChainName(config.chainId, genesisHash) };
  return { ...genesis, network, file: json as PrivateGenesis['file'] };
}

/**
 * As `privateGenesis`, for a node: where the genesis names no sealers, no block could ever be taken.
 * @throws as `privateGenesis`; ClientError `genesisInvalid` without sealers
 */
export async function sealedGenesis(path: string): Promise<PrivateGenesis> {
  const genesis = await privateGenesis(path);
  if (genesis.network.config.sealing !== undefined) return genesis;
  const message = `genesis file ${path}: config.zkl1: expected the sealers of a network without a consensus client, got nothing`;
  throw new ClientError('genesisInvalid', message, { path, key: 'config.zkl1' });
}

function readGenesisFile(path: string): unknown {
  let text: string;
  try {
    const status = statSync(path);
    if (!status.isFile()) throw new Error('it is not a regular file');
    if (status.size > MAX_BYTES) throw new Error(`expected at most ${MAX_BYTES} bytes, got ${status.size}`);
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw unreadable(path, isMissing ? 'does not exist' : `cannot be read: ${systemReason(cause)}`, cause);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable(path, `is not JSON: ${(cause as Error).message}`, cause);
  }
}

function unreadable(path: string, what: string, cause: unknown): ClientError {
  return new ClientError('genesisUnreadable', `genesis file ${path} ${what}`, { path }, { cause });
}
