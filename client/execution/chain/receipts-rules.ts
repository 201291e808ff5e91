/** Receipts that somebody sent, against the header that commits to them. */
import type { BlockHeader } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { ClientError } from '../../errors.ts';
import { checkRlpShape } from '../../rlp-shape.ts';
import { orderedTrieRoot } from '../state/trie.ts';
import { rlpOf } from './block-codec.ts';
import { hex, reasonOf } from './block-error.ts';

const BASE_BYTES = 65_536n;
/** Log data costs 8 gas a byte, of which refunds return a fifth. */
const GAS_PER_BYTE = 6n;
const BLOOM_BYTES = 256;
/** Lists in each other: the topics of a log in the logs of a receipt. */
const RECEIPT_DEPTH = 4;

/** The most bytes that a block's receipts may have: no log, topic or receipt takes more bytes for its gas. */
export function maxReceiptsBytes(gasUsed: bigint): number {
  return Number(BASE_BYTES + gasUsed / GAS_PER_BYTE);
}

/**
 * Receipts root, logs bloom and gas of a list of receipts must be the header's.
 * @param receipts rlp(list of byte strings, each a receipt as the receipts trie holds it)
 * @throws ReceiptsError
 */
export function validateReceipts(header: BlockHeader, receipts: Uint8Array): void {
  const cap = maxReceiptsBytes(header.gasUsed);
  if (receipts.length > cap) {
    throw violation('receiptsTooLarge', `at most ${cap} bytes`, `${receipts.length}`);
  }
  const items = decodeItems(receipts);
  const root = orderedTrieRoot(
    items.map(({ encoded }) => encoded),
    (index) => RLP.encode(index),
  );
  requireEqual('receiptsRoot', hex(header.receiptTrie), hex(root));
  const bloom = new Uint8Array(BLOOM_BYTES);
  for (const item of items) for (const [at, byte] of item.bloom.entries()) bloom[at] = (bloom[at] ?? 0) | byte;
  requireEqual('receiptsBloom', hex(header.logsBloom), hex(bloom));
  requireEqual('receiptsGasUsed', `${header.gasUsed}`, `${items.at(-1)?.cumulativeGas ?? 0n}`);
}

type Item = { readonly encoded: Uint8Array; readonly cumulativeGas: bigint; readonly bloom: Uint8Array };

/** Every receipt as the receipts trie holds it: status, gas, bloom and logs, after its type if it has one. */
function decodeItems(receipts: Uint8Array): readonly Item[] {
  try {
    checkRlpShape(receipts, 1);
    const list = RLP.decode(receipts);
    if (!Array.isArray(list)) throw new Error('not a list');
    if (Buffer.compare(RLP.encode(list), receipts) !== 0) throw new Error('not its one encoding');
    return list.map((encoded) => {
      if (!(encoded instanceof Uint8Array)) throw new Error('a receipt that is no byte string');
      const receipt = rlpOf(encoded);
      checkRlpShape(receipt, RECEIPT_DEPTH);
      const fields = RLP.decode(receipt);
      if (!Array.isArray(fields) || fields.length !== 4) throw new Error('a receipt without four fields');
      const [, gas, bloom] = fields;
      if (!(gas instanceof Uint8Array) || gas.length > 8) throw new Error('a receipt without its gas');
      if (!(bloom instanceof Uint8Array) || bloom.length !== BLOOM_BYTES)
        throw new Error('a receipt without its bloom');
      return { encoded, cumulativeGas: BigInt(`0x0${Buffer.from(gas).toString('hex')}`), bloom };
    });
  } catch (cause) {
    throw new ReceiptsError('receiptsMalformed', `receipts are not rlp of receipts: ${reasonOf(cause)}`, {}, { cause });
  }
}

function requireEqual(code: ReceiptsErrorCode, expected: string, actual: string): void {
  if (expected !== actual) throw violation(code, expected, actual);
}

function violation(code: ReceiptsErrorCode, expected: string, actual: string): ReceiptsError {
  return new ReceiptsError(code, `receipts: ${code}: expected ${expected}, got ${actual}`, { expected, actual });
}

export type ReceiptsErrorCode =
  | 'receiptsTooLarge'
  | 'receiptsMalformed'
  | 'receiptsRoot'
  | 'receiptsBloom'
  | 'receiptsGasUsed';
/** Receipts that are too large or malformed, or not those that the header commits to. */
export class ReceiptsError extends ClientError<
  ReceiptsErrorCode,
  { readonly expected?: string; readonly actual?: string }
> {}
