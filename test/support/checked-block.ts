import { decodeBlock } from '../../client/execution/chain/block-codec.ts';
import { knownNetwork } from '../../client/execution/chain/known-networks.ts';
import { chainSpecOf } from '../../client/execution/chain/network.ts';
import type { CheckedBlock } from '../../client/prover/service/check.ts';
import { readJson } from './data.ts';

type File = { blockRlp: string; witness: { state: string[]; codes: string[]; headers: string[] } };
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.slice(2), 'hex'));
const hex = (data: Uint8Array) => `0x${Buffer.from(data).toString('hex')}` as const;

/** A real block of mainnet as the service checks it. */
export async function realCheckedBlock(name: string): Promise<CheckedBlock> {
  const { network } = await knownNetwork('mainnet');
  const file = readJson<File>('blocks', `${name}.json`);
  const blockRlp = bytes(file.blockRlp);
  const block = decodeBlock(network.common, blockRlp);
  const { state, codes, headers } = file.witness;
  return {
    chainSpec: chainSpecOf(network, block.header),
    parentHash: hex(block.header.parentHash),
    blockHash: hex(block.hash()),
    blockRlp,
    witness: {
      state: state.map(bytes).filter((node) => node.length > 1),
      codes: codes.map(bytes),
      headers: headers.map(bytes),
    },
  };
}
