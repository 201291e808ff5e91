/** The networks that this build knows: `genesis/<name>.json`. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClientError } from '../../errors.ts';
import { type Genesis, parseGenesis } from './genesis.ts';

export const NETWORK_NAMES = ['mainnet', 'sepolia', 'hoodi', 'dev'] as const;
export type NetworkName = (typeof NETWORK_NAMES)[number];

const CHAIN_IDS: Readonly<Record<NetworkName, bigint>> = {
  mainnet: 1n,
  sepolia: 11_155_111n,
  hoodi: 560_048n,
  dev: 1337n,
};

const loaded = new Map<NetworkName, Promise<Genesis>>();

/** The genesis of a known network; read once. */
export function knownNetwork(name: NetworkName): Promise<Genesis> {
  let genesis = loaded.get(name);
  if (genesis === undefined) {
    genesis = parseGenesis(name, JSON.parse(readFileSync(join(genesisFolder(), `${name}.json`), 'utf8')));
    loaded.set(name, genesis);
  }
  return genesis;
}

/** @throws NetworkError `unknownChain` */
export function networkByChainId(chainId: bigint): Promise<Genesis> {
  const name = NETWORK_NAMES.find((known) => CHAIN_IDS[known] === chainId);
  if (name === undefined) {
    const known = NETWORK_NAMES.map((n) => `${n} (${CHAIN_IDS[n]})`).join(', ');
    throw new NetworkError('unknownChain', `chain ${chainId} is not one of ${known}: a genesis file is needed`, {
      chainId: chainId.toString(),
    });
  }
  return knownNetwork(name);
}

/** The folder beside the sources or, in an installed package, beside the compiled files. */
function genesisFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'genesis', 'mainnet.json'))) {
    const up = dirname(folder);
    if (up === folder) throw new Error(`the folder genesis is not above ${fileURLToPath(import.meta.url)}`);
    folder = up;
  }
  return join(folder, 'genesis');
}

/** A chain id that belongs to none of `NETWORK_NAMES`. */
export class NetworkError extends ClientError<'unknownChain', { readonly chainId: string }> {}
