import { type Block, type BlockHeader, createBlockFromRLP, createBlockHeaderFromRLP } from '@ethereumjs/block';
import type { Common } from '@ethereumjs/common';
import { BlockError } from './block-error.ts';

/**
 * Decodes a block by the rules of its own number and timestamp. Only the one canonical encoding is accepted: whatever
 * the decoder filled in, dropped or normalised would not encode to the same bytes again.
 * @param rlp rlp([header, transactions, ommers, withdrawals?])
 * @throws BlockError `blockMalformed`
 */
export function decodeBlock(common: Common, rlp: Uint8Array): Block {
  return decode('block', rlp, () => {
    const block = createBlockFromRLP(rlp, { common, setHardfork: true });
    return [block, block.serialize()];
  });
}

/** @throws BlockError `blockMalformed` */
export function decodeHeader(common: Common, rlp: Uint8Array): BlockHeader {
  return decode('header', rlp, () => {
    const header = createBlockHeaderFromRLP(rlp, { common, setHardfork: true });
    return [header, header.serialize()];
  });
}

function decode<T>(what: string, rlp: Uint8Array, decoder: () => [T, Uint8Array]): T {
  let decoded: T;
  let again: Uint8Array;
  try {
    [decoded, again] = decoder();
  } catch (cause) {
    throw new BlockError('blockMalformed', `${what}: ${messageOf(cause)}`, {}, { cause });
  }
  if (Buffer.compare(rlp, again) !== 0) {
    throw new BlockError('blockMalformed', `${what}: its bytes are not the canonical encoding of its fields`);
  }
  return decoded;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
