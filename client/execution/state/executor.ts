import type { BlockHeader } from '@ethereumjs/block';
import { decodeBlock } from '../chain/block-codec.ts';
import type { Network } from '../chain/network.ts';
import type { ChainExecutor, ContentSource } from '../interface.ts';
import { Ancestors } from './ancestors.ts';
import { executeBlock } from './execute-block.ts';
import { proveAccount, readAccount, readCode, readStorage } from './state-reads.ts';
import { strictSource } from './strict-source.ts';
import { createBlockVm } from './vm.ts';
import { WorldState } from './world-state.ts';

/** @param source the node's stored content: nodes, codes and headers of its chain */
export function createChainExecutor(network: Network, source: ContentSource): ChainExecutor {
  return {
    decodeBlock: (rlp) => decodeBlock(network.common, rlp),
    execute: (block) => executeBlock(network, block, source),
    vmAfter: async (after: BlockHeader, rules = after) => {
      const strict = strictSource(source);
      // A VM at the block's own height sees the block's ancestors, one above it sees the block too.
      const parentHash = rules.number > after.number ? after.hash() : after.parentHash;
      const state = new WorldState(strict, after.stateRoot);
      return await createBlockVm(network, rules, state, new Ancestors(strict, parentHash));
    },
    account: (stateRoot, address) => readAccount(source, stateRoot, address),
    code: (stateRoot, address) => readCode(source, stateRoot, address),
    storage: (stateRoot, address, slot) => readStorage(source, stateRoot, address, slot),
    prove: (stateRoot, address, slots) => proveAccount(source, stateRoot, address, slots),
  };
}
