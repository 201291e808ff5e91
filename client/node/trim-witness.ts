/** Of a witness as a stranger sends it, what its block reads: the work itself, wherever it runs. */
import { ClientError } from '../errors.ts';
import { decodeBlock, decodeHeader } from '../execution/chain/block-codec.ts';
import type { Network } from '../execution/chain/network.ts';
import type { ExecutionWitness } from '../execution/interface.ts';
import { ContentMap } from '../execution/state/content-map.ts';
import { executeBlock } from '../execution/state/execute-block.ts';
import { MissingContentError } from '../execution/state/strict-source.ts';
import { checkWitness, encodeWitness } from '../execution/witness/check.ts';

/** Plain bytes, which can be sent to another process. */
export type TrimRequest = {
  /** rlp of a block whose header was checked */
  readonly block: Uint8Array;
  /** rlp of its parent's header */
  readonly parent: Uint8Array;
  /** rlp([state, codes, headers]), of whatever content */
  readonly witness: Uint8Array;
};
export type TrimResult =
  /** rlp of what the block reads; of a block that breaks a rule, which nobody proves, all that was sent */
  | { readonly ok: true; readonly witness: Uint8Array }
  /** an item does not belong to the parent, or the block reads what is not there */
  | { readonly ok: false; readonly code: string; readonly reason: string };

/**
 * @param onChecked told between the two parts: until then the cost is the witness's, from then on it is the block's, of
 *   which the gas is a limit
 */
export async function trimWitness(
  network: Network,
  { block: blockRlp, parent: parentRlp, witness }: TrimRequest,
  onChecked: () => void = () => {},
): Promise<TrimResult> {
  const read = (rlp: Uint8Array) => decodeHeader(network.common, rlp);
  const block = decodeBlock(network.common, blockRlp);
  const parent = read(parentRlp);
  let given: ExecutionWitness;
  try {
    given = checkWitness(witness, { hash: parent.hash(), stateRoot: parent.stateRoot }, read);
  } catch (error) {
    if (error instanceof ClientError) return { ok: false, code: error.code, reason: error.message };
    throw error;
  }
  onChecked();
  try {
    const execution = await executeBlock(network, block, ContentMap.ofWitness(given));
    return { ok: true, witness: encodeWitness(execution.witness) };
  } catch (error) {
    if (error instanceof MissingContentError) return { ok: false, code: error.code, reason: error.message };
    if (error instanceof ClientError) return { ok: true, witness };
    throw error;
  }
}
