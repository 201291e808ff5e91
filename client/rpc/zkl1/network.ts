/** Who this node's peers are, and how far it follows their chain. */
import { quantity } from '../eth/format.ts';
import type { RpcPorts } from '../interface.ts';
import { RpcError } from '../jsonrpc/errors.ts';
import { type Method, method } from '../jsonrpc/method.ts';

export function networkMethods({ network }: RpcPorts): readonly Method[] {
  const running = (): NonNullable<typeof network> => {
    if (network === undefined)
      throw new RpcError('resourceUnavailable', 'this node has no peers: start it with --libp2p.port');
    return network;
  };
  return [
    method('zkl1_peers', [], () => {
      const { peers, banned, peerId, addresses, faultCounts, counters, pooledTransactions } = running();
      return {
        self: { id: peerId, addresses: addresses() },
        peers: peers().map(({ id, addresses: known, direction, status, score, faults }) => ({
          ...{ id, addresses: known, direction, score, faults },
          head: status && { number: quantity(status.headNumber), hash: status.headHash },
          provenNumber: status && quantity(status.provenNumber),
          agent: status?.agent,
        })),
        banned: banned(),
        faults: faultCounts(),
        counters: counters(),
        pooledTransactions: pooledTransactions(),
      };
    }),

    method('zkl1_syncStatus', [], () => {
      const { mode, state, head, highest, provenNumber, verified, applied, executed } = running().syncStatus();
      return {
        mode,
        state: state.kind,
        ...(state.kind === 'idle' ? {} : { at: { number: quantity(state.number), hash: state.hash } }),
        ...(state.kind === 'waiting' ? { missing: state.missing } : {}),
        head: { number: quantity(head.number), hash: head.hash },
        highest: quantity(highest),
        provenNumber: quantity(provenNumber),
        verified: quantity(verified),
        applied: quantity(applied),
        executed: quantity(executed),
      };
    }),
  ];
}
