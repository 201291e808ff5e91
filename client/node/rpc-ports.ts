import type { Block } from '@ethereumjs/block';
import type { Network } from '../execution/chain/network.ts';
import type { ChainExecutor, ChainImporter } from '../execution/interface.ts';
import { estimateGas, simulateCall } from '../execution/state/simulate.ts';
import type { ChainView } from '../execution/store/chain-view.ts';
import type { TransactionPool } from '../execution/txpool/pool.ts';
import type { EventPort, ProofPort, RpcPorts } from '../rpc/interface.ts';
import type { Peering } from './proof-network.ts';

export type RpcModules = {
  readonly clientVersion: string;
  readonly peering: Peering | undefined;
  readonly network: Network;
  readonly executor: ChainExecutor;
  readonly view: ChainView;
  readonly pool: TransactionPool;
  readonly head: () => Block;
  readonly proofs: ProofPort;
  readonly importer: Pick<ChainImporter, 'sealerFaults'>;
  readonly events: EventPort;
};

/** The node as JSON-RPC sees it. */
export function rpcPorts({
  clientVersion,
  peering,
  importer,
  network,
  executor,
  view,
  pool,
  head,
  proofs,
  events,
}: RpcModules): RpcPorts {
  return {
    clientVersion,
    chain: {
      chainId: network.config.chainId,
      head,
      genesis: () => view.genesis(),
      canonicalBlock: (number) => view.canonicalBlock(number),
      blockByHash: (hash) => view.blockByHash(hash),
      isCanonical: (block) => view.isCanonical(block),
      receipts: (hash) => view.receipts(hash),
      seal: (hash) => view.seal(hash),
      findTransaction: (hash) => view.findTransaction(hash),
      witness: (hash) => view.witness(hash),
    },
    state: {
      account: async ({ header }, address) => executor.account(header.stateRoot, address) ?? { nonce: 0n, balance: 0n },
      code: async ({ header }, address) => executor.code(header.stateRoot, address),
      storage: async ({ header }, address, slot) => executor.storage(header.stateRoot, address, slot),
      prove: async ({ header }, address, slots) => executor.prove(header.stateRoot, address, slots),
    },
    calls: {
      call: async (block, request) => simulateCall(await executor.vmAfter(block.header), block, request),
      estimateGas: (block, request) => estimateGas(() => executor.vmAfter(block.header), block, request),
    },
    pool: {
      submit: (raw) => pool.submit(raw, 'local'),
      find: (hash) => pool.find(hash),
      nextNonce: (address) => pool.nextNonce(address),
    },
    proofs,
    sealing: { faults: importer.sealerFaults },
    events,
    network: peering && { ...peering.network, syncStatus: peering.status, pooledTransactions: () => pool.size },
  };
}
