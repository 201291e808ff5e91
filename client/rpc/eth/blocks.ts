import type { RpcPorts } from '../interface.ts';
import { type Method, method } from '../jsonrpc/method.ts';
import * as p from '../jsonrpc/params.ts';
import { findBlock } from './block-id.ts';
import { blockJson, bytesOf, quantity, receiptJson, transactionJson } from './format.ts';

/** Blocks, transactions and receipts. */
export function blockMethods({ chain, pool, network }: RpcPorts): readonly Method[] {
  const byId = (id: p.BlockId, full: boolean): object | null => {
    const block = findBlock(chain, id);
    return block === undefined ? null : blockJson(block, full);
  };
  return [
    method('eth_chainId', [], () => quantity(chain.chainId)),
    method('eth_blockNumber', [], () => quantity(chain.head().header.number)),
    method('eth_syncing', [], () => {
      const status = network?.syncStatus();
      if (status === undefined || status.highest <= status.head.number) return false;
      return {
        startingBlock: quantity(status.startedAt),
        currentBlock: quantity(status.head.number),
        highestBlock: quantity(status.highest),
      };
    }),
    method('eth_accounts', [], () => []),
    method(
      'eth_getBlockByNumber',
      [
        ['block', p.blockId],
        ['full', p.withDefault(p.boolean, false)],
      ],
      byId,
    ),
    method(
      'eth_getBlockByHash',
      [
        ['hash', p.hash32],
        ['full', p.withDefault(p.boolean, false)],
      ],
      (hash, full) => byId({ kind: 'hash', hash, requireCanonical: false }, full),
    ),
    method('eth_getTransactionByHash', [['hash', p.hash32]], (hash) => {
      const place = chain.findTransaction(bytesOf(hash));
      if (place !== undefined) {
        const tx = place.block.transactions[place.index];
        return tx === undefined ? null : transactionJson(tx, place);
      }
      const waiting = pool.find(bytesOf(hash));
      return waiting === undefined ? null : transactionJson(waiting, undefined);
    }),
    method('eth_getTransactionReceipt', [['hash', p.hash32]], (hash) => {
      const place = chain.findTransaction(bytesOf(hash));
      const receipts = place === undefined ? undefined : chain.receipts(place.block.hash());
      return place === undefined || receipts === undefined ? null : receiptJson(place.block, receipts, place.index);
    }),
    method('eth_getBlockReceipts', [['block', p.blockId]], (id) => {
      const block = findBlock(chain, id);
      const receipts = block === undefined ? undefined : chain.receipts(block.hash());
      if (block === undefined || receipts === undefined) return null;
      return receipts.map((_, index) => receiptJson(block, receipts, index));
    }),
  ];
}
