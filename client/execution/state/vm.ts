import { createVM, type VM } from '@ethereumjs/vm';
import { type Network, rulesAt } from '../chain/network.ts';
import type { Ancestors } from './ancestors.ts';
import type { WorldState } from './world-state.ts';

/**
 * A VM with the rules of a height.
 * @param ancestors of a block at this height, for BLOCKHASH
 */
export async function createBlockVm(
  network: Network,
  height: { readonly number: bigint; readonly timestamp: bigint },
  state: WorldState,
  ancestors: Ancestors,
): Promise<VM> {
  const blockchain = {
    getBlock: async (number: number) => {
      const { hash } = ancestors.byNumber(BigInt(number));
      return { hash: () => hash };
    },
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  return await createVM({ common: rulesAt(network, height), stateManager: state, blockchain });
}
