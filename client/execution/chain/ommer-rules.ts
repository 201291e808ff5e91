import type { Block, BlockHeader } from '@ethereumjs/block';
import { ClientError } from '../../errors.ts';
import { BlockError, hex } from './block-error.ts';
import type { ChainConfig } from './genesis-config.ts';
import { validateHeader } from './header-rules.ts';

const MAX_OMMERS = 2;
const MAX_OMMER_DEPTH = 6n;

/** A header of the block's own chain. */
export type Ancestor = { readonly hash: Uint8Array; readonly header: BlockHeader };

/**
 * `validate_ommers` of execution-specs as far as headers tell: whether an earlier block already included an ommer would
 * take the bodies of six ancestors, which no witness has.
 * @param ancestor by number, below the block's
 * @throws BlockError `ommerInvalid`
 */
export function validateOmmers(config: ChainConfig, block: Block, ancestor: (number: bigint) => Ancestor): void {
  const ommers = block.uncleHeaders;
  if (ommers.length > MAX_OMMERS) throw invalid(`${ommers.length} ommers, expected at most ${MAX_OMMERS}`);
  const hashes = ommers.map((ommer) => hex(ommer.hash()));
  for (const [index, ommer] of ommers.entries()) {
    const hash = hex(ommer.hash());
    if (hashes.indexOf(hash) !== index) throw invalid(`ommer ${index} is listed twice`, index);
    const age = block.header.number - ommer.number;
    if (age < 1n || age > MAX_OMMER_DEPTH || ommer.number < 1n) {
      throw invalid(`ommer ${index} has number ${ommer.number} in block ${block.header.number}`, index);
    }
    if (hash === hex(ancestor(ommer.number).hash)) throw invalid(`ommer ${index} is an ancestor of the block`, index);
    const parent = ancestor(ommer.number - 1n);
    try {
      validateHeader(config, ommer, parent.header, parent.hash);
    } catch (cause) {
      if (!(cause instanceof ClientError)) throw cause;
      throw new BlockError('ommerInvalid', `ommer ${index}: ${cause.message}`, { index }, { cause });
    }
  }
}

function invalid(message: string, index?: number): BlockError {
  return new BlockError('ommerInvalid', message, index === undefined ? {} : { index });
}
