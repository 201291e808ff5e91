import type { Block, BlockHeader } from '@ethereumjs/block';
import { hex } from '../chain/block-error.ts';
import { validateBody } from '../chain/body-rules.ts';
import type { Network } from '../chain/network.ts';
import { validateReceipts } from '../chain/receipts-rules.ts';
import type { ContentSource, StateChanges } from '../interface.ts';
import { applyStateDiff } from './apply-diff.ts';
import { hasStateDiff } from './execute-block.ts';
import { decodeStateDiff, StateDiffError } from './state-diff-codec.ts';

/**
 * What stands in for `executeBlock` where a proof says that the header is valid: body, receipts and diff must be those
 * of the header. Nothing is run and nothing written.
 * @param parent whose state the source has; the header's own rules against it were checked
 * @returns what the block leaves of state, to be stored with it
 * @throws BlockError for the body, ReceiptsError, StateDiffError
 * @throws MissingContentError for state that the source lacks
 */
export function applyProvenBlock(
  network: Network,
  source: ContentSource,
  parent: BlockHeader,
  {
    block,
    receipts,
    stateDiff,
  }: { readonly block: Block; readonly receipts: Uint8Array; readonly stateDiff: Uint8Array },
): StateChanges {
  const { header } = block;
  if (!hasStateDiff(network, header)) {
    const message = `block ${header.number} is from before Cancun: it has no state diff and must be executed`;
    throw new StateDiffError('diffUndefined', message, {});
  }
  const diff = decodeStateDiff(stateDiff, header.gasUsed);
  validateBody(network.config, block);
  validateReceipts(header, receipts);
  const { stateRoot, changes } = applyStateDiff(source, parent.stateRoot, diff);
  if (Buffer.compare(stateRoot, header.stateRoot) !== 0) {
    const detail = { expected: hex(header.stateRoot), actual: hex(stateRoot) };
    const message = `state diff of block ${header.number} gives the root ${detail.actual}, expected ${detail.expected}`;
    throw new StateDiffError('diffStateRoot', message, detail);
  }
  return changes;
}
