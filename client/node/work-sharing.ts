/** Proving claims of this node: said when a job begins, said again while it runs, given up where another goes first. */
import timers from 'node:timers/promises';
import { CLAIM_SECONDS, type ProofNetwork } from '../p2p/interface.ts';
import type { WorkSharing } from '../prover/service/queue.ts';
import { hashOf } from '../sync/block-data.ts';

/** Thrice in the time that a claim counts: a lost message changes nothing. */
const RENEW_MS = 12_000;
/** So long after its beginning a claim is said again: whoever has lost the first one begins the same job otherwise. */
const REPEAT_MS = [3000, 6000];
/** For claims that others make at the same time to arrive before anything costs much. */
const LISTEN_MS = 1000;
/** So long after its beginning a job is given up for another prover's that goes first: above what claims take for a tie. */
const YIELD_MS = 12_000;

/**
 * @param network undefined before it has started and on nodes without peers: nothing is claimed
 * @param proofType of the proofs that this node makes
 */
export function workSharing(
  network: () => Pick<ProofNetwork, 'claimProving' | 'claimedUntil' | 'isOwnClaimFirst' | 'peers'> | undefined,
  proofType: number,
): WorkSharing {
  return {
    claimedUntil: (blockHash) => {
      const seconds = network()?.claimedUntil(hashOf(blockHash), proofType);
      return seconds === undefined ? undefined : seconds * 1000;
    },
    claim: async (blockHash, { signal, onYield }) => {
      const host = network();
      if (host === undefined) return;
      const hash = hashOf(blockHash);
      const say = async (): Promise<void> => {
        // Nobody to tell; a failure is the network's to log, and no reason not to prove.
        if (host.peers().length === 0) return;
        const expiresAt = Math.ceil(Date.now() / 1000) + CLAIM_SECONDS;
        await host.claimProving({ blockHash: hash, proofType, expiresAt }).catch(() => {});
      };
      const endOfYielding = Date.now() + YIELD_MS;
      const watch = setInterval(() => {
        if (Date.now() > endOfYielding) clearInterval(watch);
        else if (host.claimedUntil(hash, proofType) !== undefined && !host.isOwnClaimFirst(hash, proofType)) {
          stop();
          onYield();
        }
      }, 100);
      const renew = setInterval(() => void say(), RENEW_MS);
      const repeats = REPEAT_MS.map((ms) => setTimeout(() => void say(), ms));
      const stop = (): void => {
        for (const repeat of repeats) clearTimeout(repeat);
        clearInterval(watch);
        clearInterval(renew);
      };
      signal.addEventListener('abort', stop, { once: true });
      await say();
      if (host.peers().length > 0) await timers.setTimeout(LISTEN_MS, undefined, { signal }).catch(() => {});
    },
  };
}
