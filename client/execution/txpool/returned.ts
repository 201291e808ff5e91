import type { TypedTransaction } from '@ethereumjs/tx';
import type { HeadChange } from '../interface.ts';

/** The transactions that a reorg took out of the chain, in the order in which they stood. */
export function returnedTransactions({ reverted, adopted }: HeadChange): readonly TypedTransaction[] {
  if (reverted.length === 0) return [];
  const nameOf = (transaction: TypedTransaction): string => Buffer.from(transaction.hash()).toString('hex');
  const included = new Set(adopted.flatMap(({ transactions }) => transactions.map(nameOf)));
  return reverted.flatMap(({ transactions }) => transactions.filter((t) => !included.has(nameOf(t))));
}
