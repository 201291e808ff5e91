import type { Block } from '@ethereumjs/block';
import type { BlockExecution, ContentSource, StateChanges } from '../interface.ts';
import { encodeStateDiff } from '../state/state-diff-codec.ts';
import { putBlock, putCanonicalHead } from './blocks.ts';
import { encodeReceipts } from './receipts.ts';
import type { Store, StoreBatch } from './store.ts';

/** Adds an executed block and all that it leaves, but for its place in the chain, to a batch. */
export function putExecuted(batch: StoreBatch, block: Block, seal: Uint8Array, execution: BlockExecution): void {
  const types = block.transactions.map((transaction) => transaction.type);
  const receiptsRlp = encodeReceipts(execution.receipts, types);
  const stateDiff = execution.stateDiff && encodeStateDiff(execution.stateDiff);
  putBlock(batch, { block, receiptsRlp, witness: execution.witness, stateDiff, seal });
  putChanges(batch, execution.changes);
}

/** Stores a chain's genesis: a block without receipts and witness, and its whole state. */
export async function commitGenesis(store: Store, block: Block, changes: StateChanges): Promise<void> {
  const batch = store.batch();
  putBlock(batch, { block, receiptsRlp: encodeReceipts([], []) });
  putChanges(batch, changes);
  putCanonicalHead(batch, block);
  await store.write(batch);
}

/** The store as execution reads it. */
export function contentSource(store: Store): ContentSource {
  return {
    node: (hash) => store.get('nodes', hash),
    code: (hash) => store.get('codes', hash),
    header: (hash) => store.get('headers', hash),
  };
}

/** Adds new nodes and codes to a batch. Each is named by its hash, so that nothing that is stored changes. */
export function putChanges(batch: StoreBatch, { nodes, codes }: StateChanges): void {
  for (const [hash, rlp] of nodes) batch.put('nodes', hash, rlp);
  for (const [hash, code] of codes) batch.put('codes', hash, code);
}
