import type { Block } from '@ethereumjs/block';
import type { ChainPort } from '../interface.ts';
import { RpcError } from '../jsonrpc/errors.ts';
import type { BlockId } from '../jsonrpc/params.ts';
import { bytesOf } from './format.ts';

/**
 * The block that an id names, or undefined for one that does not exist (yet).
 * Without a consensus client there is no safe or finalized block besides genesis.
 */
export function findBlock(chain: ChainPort, id: BlockId): Block | undefined {
  switch (id.kind) {
    case 'number':
      return chain.canonicalBlock(id.number);
    case 'hash': {
      const block = chain.blockByHash(bytesOf(id.hash));
      if (block !== undefined && id.requireCanonical && !chain.isCanonical(block)) {
        throw new RpcError('serverError', `block ${id.hash} is not canonical`);
      }
      return block;
    }
    case 'tag':
      switch (id.tag) {
        case 'latest':
        case 'pending':
          return chain.head();
        case 'earliest':
        case 'safe':
        case 'finalized':
          return chain.genesis();
      }
  }
}

/** As `findBlock`, for methods that cannot answer without a block. @throws RpcError `serverError` */
export function requireBlock(chain: ChainPort, id: BlockId): Block {
  const block = findBlock(chain, id);
  if (block === undefined) throw new RpcError('serverError', 'header not found');
  return block;
}
