/** EIP-7685: what the execution layer asks of the consensus layer. */
import type { TxReceipt } from '@ethereumjs/vm';
import { sha256 } from '@noble/hashes/sha2.js';
import { BlockError, hex } from '../chain/block-error.ts';

const DEPOSIT_REQUEST_TYPE = 0x00;
const WITHDRAWAL_REQUEST_TYPE = 0x01;
const CONSOLIDATION_REQUEST_TYPE = 0x02;

/** keccak256('DepositEvent(bytes,bytes,bytes,bytes,bytes)') */
const DEPOSIT_EVENT = '0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5';
const DEPOSIT_EVENT_BYTES = 576;
/** Fields of the event's ABI encoding: where the offset stands, the offset, the field's length. */
const DEPOSIT_FIELDS: readonly (readonly [offset: number, sizeBytes: number])[] = [
  [160, 48], // public key
  [256, 32], // withdrawal credentials
  [320, 8], // amount
  [384, 96], // signature
  [512, 8], // index
];
const WORD = 32;

/**
 * The request lists that are not empty, each its type byte and data, ascending by type.
 * @param withdrawals what the EIP-7002 contract returned
 * @param consolidations what the EIP-7251 contract returned
 */
export function requestsOf(
  deposits: Uint8Array,
  withdrawals: Uint8Array,
  consolidations: Uint8Array,
): readonly Uint8Array[] {
  const lists: readonly (readonly [number, Uint8Array])[] = [
    [DEPOSIT_REQUEST_TYPE, deposits],
    [WITHDRAWAL_REQUEST_TYPE, withdrawals],
    [CONSOLIDATION_REQUEST_TYPE, consolidations],
  ];
  return lists.flatMap(([type, data]) => (data.length === 0 ? [] : [Uint8Array.of(type, ...data)]));
}

/** `compute_requests_hash` */
export function requestsHash(requests: readonly Uint8Array[]): Uint8Array {
  const all = sha256.create();
  for (const request of requests) all.update(sha256(request));
  return all.digest();
}

/**
 * EIP-6110: the deposit contract's events in the receipts, joined.
 * @throws BlockError `depositLogMalformed`
 */
export function depositsOf(receipts: readonly TxReceipt[], depositContract: string): Uint8Array {
  const deposits: Uint8Array[] = [];
  for (const [index, receipt] of receipts.entries()) {
    for (const [address, topics, data] of receipt.logs) {
      const [event] = topics;
      if (event === undefined || hex(address) !== depositContract || hex(event) !== DEPOSIT_EVENT) continue;
      deposits.push(depositOf(data, index));
    }
  }
  return new Uint8Array(Buffer.concat(deposits));
}

function depositOf(data: Uint8Array, index: number): Uint8Array {
  if (data.length !== DEPOSIT_EVENT_BYTES) {
    throw malformed(index, `${DEPOSIT_EVENT_BYTES} bytes`, `${data.length} bytes`);
  }
  const fields = DEPOSIT_FIELDS.map(([offset, sizeBytes], field) => {
    const actualOffset = wordAt(data, field * WORD);
    if (actualOffset !== BigInt(offset)) throw malformed(index, `offset ${offset} of field ${field}`, actualOffset);
    const actualSize = wordAt(data, offset);
    if (actualSize !== BigInt(sizeBytes)) throw malformed(index, `${sizeBytes} bytes in field ${field}`, actualSize);
    return data.subarray(offset + WORD, offset + WORD + sizeBytes);
  });
  return new Uint8Array(Buffer.concat(fields));
}

function wordAt(data: Uint8Array, at: number): bigint {
  return BigInt(hex(data.subarray(at, at + WORD)));
}

function malformed(index: number, expected: string, actual: string | bigint): BlockError {
  const message = `deposit event of transaction ${index}: expected ${expected}, got ${actual}`;
  return new BlockError('depositLogMalformed', message, { index, expected, actual: String(actual) });
}
