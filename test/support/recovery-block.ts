/** Blocks whose one transaction calls the ECRECOVER precompile on chosen inputs and stores what it returns. */
import { contractBlock, wordHex } from './contract-block.ts';

/** Words of the precompile's input. */
export type RecoveryCall = { readonly hash: bigint; readonly v: bigint; readonly r: bigint; readonly s: bigint };

/** For i = 0, 128, … below the call data's size: storage[i] = the word that ECRECOVER leaves for 128 bytes from i on. */
const CODE = [
  '6000', // i
  '5b3681101560', // while i < CALLDATASIZE
  '2d57',
  '608081600037', // CALLDATACOPY(0, i, 128)
  '6000608052', // MSTORE(128, 0)
  '602060806080600060015afa50', // STATICCALL(GAS, 1, 0, 128, 128, 32)
  '6080518155', // SSTORE(i, MLOAD(128))
  '608001600256', // i += 128
  '5b00',
].join('');

/** The guest's input for such a block, and the words that this client's own execution stored; 0 where nothing came back. */
export async function recoveryBlock(
  calls: readonly RecoveryCall[],
): Promise<{ readonly input: Uint8Array; readonly blockHash: string; readonly results: readonly bigint[] }> {
  const data = calls.flatMap(({ hash, v, r, s }) => [hash, v, r, s].map(wordHex)).join('');
  const { input, blockHash, stored } = await contractBlock(CODE, [data], 12_000_000n);
  return { input, blockHash, results: calls.map((_, i) => stored(BigInt(128 * i))) };
}
