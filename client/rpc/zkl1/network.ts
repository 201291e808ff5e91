/** Who this node's peers are, and how far it follows their chain. */
import { quantity } from '../eth/format.ts';
import type { RpcPorts } from '../interface.ts';
import { RpcError } from '../jsonrpc/errors.ts';
import { type Method, method } from '../jsonrpc/method.ts';

/** Fields: `docs/network.md`. RpcError `resourceUnavailable` on a node without peers. */
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
          oldestBlock: status && quantity(status.oldestBlock),
          oldestProof: status && quantity(status.oldestProof),
          acceptedProofTypes: status?.acceptedProofTypes.map((type) => quantity(type)),
          forkHash: status && `0x${status.forkHash}`,
          agent: status?.agent,
        })),
        banned: banned(),
        faults: faultCounts(),
        counters: counters(),
        pooledTransactions: pooledTransactions(),
      };
    }),

    method('zkl1_syncStatus', [], () => {
      const status = running().syncStatus();
      const { mode, state, head, provenHead, highest, verified, applied, executed, siblingsRefused } = status;
      const { acceptedProofTypes, revokedKeys, distrusted } = status;
      return {
        mode,
        state: state.kind,
        ...('hash' in state ? { at: { number: quantity(state.number), hash: state.hash } } : {}),
        ...(state.kind === 'waiting' ? { missing: state.missing } : {}),
        head: { number: quantity(head.number), hash: head.hash },
        provenHead: { number: quantity(provenHead.number), hash: provenHead.hash },
        highest: quantity(highest),
        behind: quantity(highest - head.number),
        unproven: quantity(head.number - provenHead.number),
        verified: quantity(verified),
        applied: quantity(applied),
        executed: quantity(executed),
        siblingsRefused: quantity(siblingsRefused),
        acceptedProofTypes: acceptedProofTypes.map((type) => quantity(type)),
        revokedKeys,
        distrusted:
          distrusted === undefined
            ? null
            : {
                blocks: quantity(distrusted.blocks),
                first: quantity(distrusted.first),
                last: quantity(distrusted.last),
              },
      };
    }),
  ];
}
