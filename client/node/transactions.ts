/** The pool as the network sees it: what a rule that a peer's transaction breaks says of the peer. */
import { PoolError, type PoolErrorCode } from '../execution/txpool/admission.ts';
import type { TransactionPool } from '../execution/txpool/pool.ts';
import type { NetworkPorts } from '../p2p/interface.ts';
import { bytesOf } from '../sync/block-data.ts';

/** Rules that depend on the head, or on what else waits: honest peers may differ in them. */
const NOBODYS_FAULT: ReadonlySet<PoolErrorCode> = new Set([
  ...(['gasLimitExceeded', 'nonceTooLow', 'insufficientFunds'] as const),
  ...(['replacementUnderpriced', 'alreadyKnown', 'poolFull'] as const),
]);

/** @returns `reject` only where the transaction itself breaks a rule; whoever sent it is charged then */
export function poolPorts(
  pool: Pick<TransactionPool, 'submit' | 'find'>,
): Pick<NetworkPorts, 'hasTransaction' | 'takeTransaction' | 'waitingTransaction'> {
  return {
    hasTransaction: (hash) => pool.find(bytesOf(hash)) !== undefined,
    takeTransaction: async (raw) => {
      try {
        await pool.submit(raw, 'peer');
        return { verdict: 'accept' };
      } catch (error) {
        if (!(error instanceof PoolError)) throw error;
        const { code } = error;
        return NOBODYS_FAULT.has(code) ? { verdict: 'ignore', code } : { verdict: 'reject', code };
      }
    },
    waitingTransaction: (hash) => pool.find(bytesOf(hash))?.serialize(),
  };
}
