import type { Block } from '@ethereumjs/block';
import { chainSpecOf, type Network } from '../execution/chain/network.ts';
import type { ChainView } from '../execution/store/chain-view.ts';
import type { CheckedBlock } from '../prover/service/check.ts';
import type { JobBlock } from '../prover/service/proving-service.ts';
import type { Peering } from './proof-network.ts';

/** What the guest is asked to check. */
export function checkedBlock(network: Network, block: Block, witness: CheckedBlock['witness']): CheckedBlock {
  return {
    chainSpec: chainSpecOf(network, block.header),
    parentHash: hex(block.header.parentHash),
    blockHash: hex(block.hash()),
    blockRlp: block.serialize(),
    witness,
  };
}

/** A block of the node's own store, as the prover takes it. */
export function jobBlock(network: Network, view: ChainView, hash: Uint8Array): JobBlock | undefined {
  const block = view.blockByHash(hash);
  const witness = view.witness(hash);
  if (block === undefined || witness === undefined) return undefined;
  return { ...checkedBlock(network, block, witness), headerRlp: block.header.serialize() };
}

/** A block that this node has not imported, with a witness from peers. */
export async function unprovenBlock(
  network: Network,
  peering: Peering | undefined,
  hash: Uint8Array,
): Promise<JobBlock | undefined> {
  const obtained = await peering?.unproven?.obtain(hex(hash));
  if (obtained === undefined) return undefined;
  const { block, witness } = obtained;
  return { ...checkedBlock(network, block, witness), headerRlp: block.header.serialize() };
}

function hex(bytes: Uint8Array): `0x${string}` {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
