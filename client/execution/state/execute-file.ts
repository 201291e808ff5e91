import { ClientError } from '../../errors.ts';
import { hex } from '../chain/block-error.ts';
import type { OpenedBlockFile } from '../chain/block-file.ts';
import type { BlockExecution } from '../interface.ts';
import { ContentMap } from './content-map.ts';
import { executeBlock } from './execute-block.ts';

/** `zkl1-node execute`: the part of @ethereumjs/vm. */
export type EvmOutcome =
  | { readonly ok: true; readonly stateRoot: `0x${string}`; readonly ms: number; readonly execution: BlockExecution }
  /** `code` names the broken rule, or what the witness lacks */
  | { readonly ok: false; readonly code: string; readonly reason: string; readonly ms: number };

/** Runs a file's block from its witness alone. Errors that are no rule's are thrown. */
export async function executeBlockFile({ network, block, witness }: OpenedBlockFile): Promise<EvmOutcome> {
  const start = performance.now();
  try {
    const execution = await executeBlock(network, block, ContentMap.ofWitness(witness));
    return { ok: true, stateRoot: hex(execution.stateRoot), ms: performance.now() - start, execution };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { ok: false, code: error.code, reason: error.message, ms: performance.now() - start };
  }
}
