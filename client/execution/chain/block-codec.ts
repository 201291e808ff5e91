import {
  type Block,
  type BlockBytes,
  type BlockHeader,
  createBlockFromBytesArray,
  createBlockHeaderFromBytesArray,
} from '@ethereumjs/block';
import type { Common } from '@ethereumjs/common';
import { RLP } from '@ethereumjs/rlp';
import { createTxFromBlockBodyData } from '@ethereumjs/tx';
import { checkRlpShape } from '../../rlp-shape.ts';
import { BlockError, reasonOf } from './block-error.ts';

/** Lists in each other: a header; a block, whose transactions and withdrawals are lists in lists; an access list's slots. */
const DEPTH = { header: 1, block: 3, transaction: 4 } as const;
/** First byte of the shortest RLP list: types are below it (EIP-2718). */
const SHORTEST_LIST = 0xc0;

/**
 * Decodes a block by the rules of its own number and timestamp. Only the one canonical encoding is accepted: whatever
 * the decoder filled in, dropped or normalised would not encode to the same bytes again.
 * @param rlp rlp([header, transactions, ommers, withdrawals?])
 * @throws BlockError `blockMalformed`; `transactionInvalid` for a transaction that no block at this height can have
 */
export function decodeBlock(common: Common, rlp: Uint8Array): Block {
  const values = listOf('block', rlp) as BlockBytes;
  try {
    checkTransactionShapes(values[1]);
  } catch (cause) {
    throw malformed('block', cause);
  }
  let block: Block;
  try {
    block = createBlockFromBytesArray(values, { common, setHardfork: true });
  } catch (cause) {
    throw badTransactionOf(common, values) ?? malformed('block', cause);
  }
  requireCanonical('block', rlp, block.serialize());
  return block;
}

/** @throws BlockError `blockMalformed` */
export function decodeHeader(common: Common, rlp: Uint8Array): BlockHeader {
  let header: BlockHeader;
  try {
    header = createBlockHeaderFromBytesArray(listOf('header', rlp) as Uint8Array[], { common, setHardfork: true });
  } catch (cause) {
    throw cause instanceof BlockError ? cause : malformed('header', cause);
  }
  requireCanonical('header', rlp, header.serialize());
  return header;
}

/** The RLP of a transaction or receipt, behind its type if it has one (EIP-2718). */
export function rlpOf(encoded: Uint8Array): Uint8Array {
  return (encoded[0] ?? 0) < SHORTEST_LIST ? encoded.subarray(1) : encoded;
}

/**
 * That decoding a transaction costs no more than in proportion to its bytes.
 * @param raw EIP-2718 form
 * @throws ClientError of `checkRlpShape`
 */
export function checkTransactionShape(raw: Uint8Array): void {
  checkRlpShape(rlpOf(raw), DEPTH.transaction);
}

/** The same of those in a body that lie in byte strings. @param transactions decoded RLP of a body's first field */
export function checkTransactionShapes(transactions: unknown): void {
  if (!Array.isArray(transactions)) return;
  for (const transaction of transactions) if (transaction instanceof Uint8Array) checkTransactionShape(transaction);
}

/** The first transaction that does not decode, in a block whose header does. */
function badTransactionOf(common: Common, [headerValues, transactions]: BlockBytes): BlockError | undefined {
  let rules: Common;
  try {
    rules = createBlockHeaderFromBytesArray(headerValues, { common, setHardfork: true }).common;
  } catch {
    return undefined;
  }
  for (const [index, values] of (Array.isArray(transactions) ? transactions : []).entries()) {
    try {
      createTxFromBlockBodyData(values, { common: rules });
    } catch (cause) {
      const reason = reasonOf(cause);
      const detail = { index, actual: reason };
      return new BlockError('transactionInvalid', `transaction ${index}: ${reason}`, detail, { cause });
    }
  }
  return undefined;
}

function listOf(what: 'block' | 'header', rlp: Uint8Array): unknown {
  let decoded: unknown;
  try {
    checkRlpShape(rlp, DEPTH[what]);
    decoded = RLP.decode(rlp);
  } catch (cause) {
    throw malformed(what, cause);
  }
  if (!Array.isArray(decoded)) throw new BlockError('blockMalformed', `${what}: expected an RLP list, got a string`);
  return decoded;
}

function requireCanonical(what: string, rlp: Uint8Array, again: Uint8Array): void {
  if (Buffer.compare(rlp, again) === 0) return;
  throw new BlockError('blockMalformed', `${what}: its bytes are not the canonical encoding of its fields`);
}

function malformed(what: string, cause: unknown): BlockError {
  return new BlockError('blockMalformed', `${what}: ${reasonOf(cause)}`, {}, { cause });
}
