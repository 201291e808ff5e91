import type { Block, BlockHeader } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { activeForks } from '../chain/active-forks.ts';
import { decodeHeader } from '../chain/block-codec.ts';
import { hex, requireEqual } from '../chain/block-error.ts';
import { validateBody } from '../chain/body-rules.ts';
import { validateHeader } from '../chain/header-rules.ts';
import type { Network } from '../chain/network.ts';
import { validateOmmers } from '../chain/ommer-rules.ts';
import type { BlockExecution, ContentSource } from '../interface.ts';
import { WitnessRecorder } from '../witness/recorder.ts';
import { Ancestors } from './ancestors.ts';
import { applyBody, type BodyOutcome } from './apply-body.ts';
import { requestsHash } from './requests.ts';
import { strictSource } from './strict-source.ts';
import { orderedTrieRoot } from './trie.ts';
import { createBlockVm } from './vm.ts';
import { WorldState } from './world-state.ts';

/**
 * `state_transition` of execution-specs: checks a block against its parent, runs it once, and checks that it gives
 * what its header states. The source may be a node's store or a block's witness; what the run reads from it is the
 * witness that comes back.
 * @throws BlockError naming the rule that the block breaks
 * @throws MissingContentError naming what the source lacks
 */
export async function executeBlock(network: Network, block: Block, source: ContentSource): Promise<BlockExecution> {
  const { config } = network;
  const { header } = block;
  const recorder = new WitnessRecorder();
  const strict = strictSource(source, recorder.onRead);
  const ancestors = new Ancestors(strict, header.parentHash);
  const ancestor = (number: bigint) => {
    const { hash, rlp } = ancestors.byNumber(number);
    return { hash, header: decodeHeader(network.common, rlp) };
  };
  const { hash: parentHash, rlp: parentRlp } = ancestors.parent();
  const parent = decodeHeader(network.common, parentRlp);

  validateHeader(config, header, parent, parentHash);
  validateBody(config, block);
  validateOmmers(config, block, ancestor);

  const state = new WorldState(strict, parent.stateRoot);
  const vm = await createBlockVm(network, header, state, ancestors);
  let outcome: BodyOutcome;
  try {
    outcome = await applyBody(network, vm, state, block);
  } catch (error) {
    throw strict.firstMissing() ?? error;
  }
  const missing = strict.firstMissing();
  if (missing !== undefined) throw missing;
  validateOutcome(block, outcome);
  return {
    stateRoot: outcome.stateRoot,
    gasUsed: outcome.gasUsed,
    receipts: outcome.receipts,
    requests: outcome.requests,
    witness: recorder.witness(ancestors.headers()),
    stateDiff: hasStateDiff(network, header) ? state.diff() : undefined,
    changes: state.changes(),
  };
}

/** Diffs are defined from Cancun on: before it a SELFDESTRUCT wipes storage that no diff can list (EIP-6780). */
export function hasStateDiff({ config }: Network, { number, timestamp }: BlockHeader): boolean {
  return activeForks(config, number, timestamp).some(({ name }) => name === 'cancun');
}

function validateOutcome({ header }: Block, outcome: BodyOutcome): void {
  requireEqual('gasUsed', outcome.gasUsed, header.gasUsed);
  const receiptsRoot = orderedTrieRoot(outcome.encodedReceipts, (index) => RLP.encode(index));
  requireEqual('receiptsRoot', hex(receiptsRoot), hex(header.receiptTrie));
  requireEqual('logsBloom', hex(outcome.logsBloom), hex(header.logsBloom));
  if (header.requestsHash !== undefined) {
    requireEqual('requestsHash', hex(requestsHash(outcome.requests)), hex(header.requestsHash));
  }
  requireEqual('stateRoot', hex(outcome.stateRoot), hex(header.stateRoot));
}
