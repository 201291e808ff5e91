import { Common, type ChainConfig as EthereumjsChain, type HardforksDict, type ParamsDict } from '@ethereumjs/common';
import type { BlobParams } from './chain-spec.ts';
import { customCrypto } from './crypto.ts';
import type { ChainConfig } from './genesis-config.ts';

/** EIP-4844 */
export const GAS_PER_BLOB = 131_072;

/**
 * The chain for @ethereumjs packages. They read its fork from a mutable field: copy it before setting one.
 * @param name shown in messages only
 */
export function commonOf(config: ChainConfig, name: string): Common {
  const hardforks: { name: string; block: number | null; timestamp?: string }[] = [{ name: 'chainstart', block: 0 }];
  const customHardforks: HardforksDict = {};
  const params: ParamsDict = {};
  for (const { name: fork, by, activation, blobParams } of config.forks) {
    const entry =
      by === 'block'
        ? { name: fork, block: Number(activation) }
        : { name: fork, block: null, timestamp: activation.toString() };
    hardforks.push(entry);
    if (blobParams === undefined) continue;
    // Parameters of a fork's name are overridden by @ethereumjs's own for BPO forks, which need a definition.
    if (fork.startsWith('bpo')) customHardforks[fork] = { eips: [], params: parametersOf(blobParams) };
    else params[fork] = parametersOf(blobParams);
  }
  if (config.daoForkBlock !== undefined) {
    const block = Number(config.daoForkBlock);
    const later = hardforks.findIndex((fork) => fork.block === null || fork.block > block);
    hardforks.splice(later === -1 ? hardforks.length : later, 0, { name: 'dao', block });
  }
  const chain: EthereumjsChain = {
    name,
    chainId: config.chainId.toString(),
    defaultHardfork: 'chainstart',
    genesis: { gasLimit: 5000, difficulty: 0, nonce: '0x0000000000000000', extraData: '0x' },
    hardforks,
    customHardforks,
    bootstrapNodes: [],
    consensus: { type: 'pow', algorithm: 'ethash', ethash: {} },
    depositContractAddress: config.depositContract,
  };
  return new Common({ chain, params, customCrypto });
}

/** @ethereumjs's name of the rules at a block. */
export function hardforkAt(common: Common, number: bigint, timestamp: bigint): string {
  return common.getHardforkBy({ blockNumber: number, timestamp });
}

/** BPO forks read `target` and `max`, earlier ones the amounts of gas. */
function parametersOf({ target, max, baseFeeUpdateFraction }: BlobParams): Record<string, number> {
  return {
    target,
    max,
    targetBlobGasPerBlock: target * GAS_PER_BLOB,
    maxBlobGasPerBlock: max * GAS_PER_BLOB,
    blobGasPriceUpdateFraction: baseFeeUpdateFraction,
  };
}
