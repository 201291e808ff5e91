import type { Block } from '@ethereumjs/block';
import type { BlockExecution, ChainExecutor, ContentSource, StateChanges } from '../interface.ts';
import { putBlock, putCanonicalHead } from './blocks.ts';
import { encodeReceipts } from './receipts.ts';
import type { Store, StoreBatch } from './store.ts';

/**
 * Executes a block once and stores it as the new canonical head.
 * @param extend adds what others keep of the block to the same batch
 * @throws as `ChainExecutor.execute`; nothing is stored then
 */
export async function importBlock(
  executor: ChainExecutor,
  store: Store,
  block: Block,
  extend?: (batch: StoreBatch) => void,
): Promise<BlockExecution> {
  const execution = await executor.execute(block);
  await commitBlock(store, block, execution, extend);
  return execution;
}

/**
 * Stores an executed block as the new canonical head: block, receipts, witness, the state's new nodes and codes,
 * all in one batch.
 */
export async function commitBlock(
  store: Store,
  block: Block,
  execution: BlockExecution,
  extend?: (batch: StoreBatch) => void,
): Promise<void> {
  const batch = store.batch();
  const types = block.transactions.map((transaction) => transaction.type);
  const receiptsRlp = encodeReceipts(execution.receipts, types);
  putBlock(batch, { block, receiptsRlp, witness: execution.witness });
  putChanges(batch, execution.changes);
  putCanonicalHead(batch, block);
  extend?.(batch);
  await store.write(batch);
}

/** Stores a chain's genesis: a block without receipts and witness, and its whole state. */
export async function commitGenesis(store: Store, block: Block, changes: StateChanges): Promise<void> {
  const batch = store.batch();
  const witness = { state: [], codes: [], headers: [] };
  putBlock(batch, { block, receiptsRlp: encodeReceipts([], []), witness });
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

function putChanges(batch: StoreBatch, { nodes, codes }: StateChanges): void {
  for (const [hash, rlp] of nodes) batch.put('nodes', hash, rlp);
  for (const [hash, code] of codes) batch.put('codes', hash, code);
}
