import { findBlock } from '../eth/block-id.ts';
import { data } from '../eth/format.ts';
import type { RpcPorts } from '../interface.ts';
import { RpcError } from '../jsonrpc/errors.ts';
import { type Method, method } from '../jsonrpc/method.ts';
import * as p from '../jsonrpc/params.ts';

/**
 * Of a witness: trie nodes and headers in RLP, codes as they are. RpcError `resourceNotFound` for an unknown block, and
 * for the witness of one that was not executed here.
 */
export function debugMethods({ chain }: RpcPorts): readonly Method[] {
  return [
    method('debug_executionWitness', [['block', p.blockId]], (id) => {
      const block = findBlock(chain, id);
      const witness = block === undefined ? undefined : chain.witness(block.hash());
      if (witness === undefined) throw new RpcError('resourceNotFound', 'unknown block, or one without a witness');
      return { state: witness.state.map(data), codes: witness.codes.map(data), headers: witness.headers.map(data) };
    }),
    method('debug_getRawBlock', [['block', p.blockId]], (id) => {
      const block = findBlock(chain, id);
      if (block === undefined) throw new RpcError('resourceNotFound', 'unknown block');
      return data(block.serialize());
    }),
  ];
}
