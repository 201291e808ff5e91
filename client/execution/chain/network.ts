import type { Common } from '@ethereumjs/common';
import { chainSpecAt } from './active-forks.ts';
import type { ChainSpec } from './chain-spec.ts';
import type { ChainConfig } from './genesis-config.ts';
import { commonOf, hardforkAt } from './rules.ts';

/** One chain: what its blocks' rules and its claims depend on. */
export type Network = {
  /** shown in messages only */
  readonly name: string;
  readonly config: ChainConfig;
  readonly genesisHash: `0x${string}`;
  /** copy it before setting a fork */
  readonly common: Common;
};

/** @param genesisHash is believed: whoever has the genesis block has computed it */
export function createNetwork(name: string, config: ChainConfig, genesisHash: `0x${string}`): Network {
  return { name, config, genesisHash, common: commonOf(config, name) };
}

type Height = { readonly number: bigint; readonly timestamp: bigint };

/** The chain with the rules of a height, for @ethereumjs packages; the caller's own copy. */
export function rulesAt(network: Network, { number, timestamp }: Height): Common {
  const common = network.common.copy();
  common.setHardfork(hardforkAt(common, number, timestamp));
  return common;
}

/** The chain as a claim about a block at this height names it, with the forks that are active there. */
export function chainSpecOf(network: Network, { number, timestamp }: Height): ChainSpec {
  return chainSpecAt(network.config, network.genesisHash, number, timestamp);
}
