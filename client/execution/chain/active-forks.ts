import type { ActiveFork, ChainSpec } from './chain-spec.ts';
import type { ChainConfig } from './genesis-config.ts';

/** The forks that are active at a block, in activation order. */
export function activeForks(config: ChainConfig, number: bigint, timestamp: bigint): readonly ActiveFork[] {
  return config.forks.filter(({ by, activation }) => activation <= (by === 'block' ? number : timestamp));
}

/** The chain as the claim about a block names it. */
export function chainSpecAt(
  config: ChainConfig,
  genesisHash: `0x${string}`,
  number: bigint,
  timestamp: bigint,
): ChainSpec {
  const { chainId, depositContract, daoForkBlock } = config;
  return {
    chainId,
    genesisHash,
    depositContract,
    ...(daoForkBlock === undefined ? {} : { daoForkBlock }),
    forks: activeForks(config, number, timestamp),
  };
}
