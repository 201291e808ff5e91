/** Blocks whose transactions call one contract, and what it stored. */
import { chainSpecOf } from '../../client/execution/chain/network.ts';
import { encodeChainSpec } from '../../client/prover/guest/chain-spec.ts';
import { encodeGuestInput } from '../../client/prover/guest/input.ts';
import { hexOf } from './bytes.ts';
import { MemoryChain } from './memory-chain.ts';

const CONTRACT = '0x00000000000000000000000000000000000ca11e';

export type ContractBlock = {
  /** for the guest */
  readonly input: Uint8Array;
  readonly blockHash: string;
  /** slot → word, as this client's own execution left them; 0 where the contract stored nothing */
  readonly stored: (slot: bigint) => bigint;
};

/**
 * Seals a block on a chain of its own.
 * @param code of the contract, hex
 * @param calls hex of the call data, one transaction each
 */
export async function contractBlock(code: string, calls: readonly string[], gas = 1_000_000n): Promise<ContractBlock> {
  const chain = await MemoryChain.create({ [CONTRACT]: { balance: '0x0', code: `0x${code}` } });
  const { rlp, block, execution } = await chain.seal(
    ...calls.map((data) => ({ to: CONTRACT, data: `0x${data}`, gas }) as const),
  );
  const account = execution.stateDiff?.accounts.find(({ address }) => hexOf(address) === CONTRACT);
  const words = new Map(account?.storage.map(([slot, value]) => [BigInt(hexOf(slot)), BigInt(hexOf(value))]));
  const chainSpec = encodeChainSpec(chainSpecOf(chain.network, block.header));
  return {
    input: encodeGuestInput({ chainSpec, blockRlp: rlp, ...execution.witness }),
    blockHash: hexOf(block.hash()),
    stored: (slot) => words.get(slot) ?? 0n,
  };
}

/** 32 bytes of hex. */
export const wordHex = (value: bigint): string => value.toString(16).padStart(64, '0');
