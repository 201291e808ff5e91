import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Hash } from '../prover/interface.ts';
import { checkRlpShape } from '../rlp-shape.ts';
import { LightError } from './errors.ts';

/** The fields of a header that a light client shows or follows; `hash` is computed from the bytes. */
export type LightHeader = {
  readonly hash: Hash;
  readonly parentHash: Hash;
  readonly stateRoot: Hash;
  readonly transactionsRoot: Hash;
  readonly receiptsRoot: Hash;
  readonly number: bigint;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  /** seconds */
  readonly timestamp: bigint;
  readonly rlp: Uint8Array;
};

/** Places in the list (execution-specs, `Header`). */
const FIELD = {
  ...{ parentHash: 0, stateRoot: 3, transactionsRoot: 4, receiptsRoot: 5 },
  ...{ number: 8, gasLimit: 9, gasUsed: 10, timestamp: 11 },
} as const;

/**
 * Decodes a header. Its other fields and its rules against its parent are the business of the block's proof.
 * @throws LightError `responseMalformed`
 */
export function decodeHeader(rlp: Uint8Array): LightHeader {
  let fields: unknown;
  try {
    checkRlpShape(rlp, 1);
    fields = RLP.decode(rlp);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LightError('responseMalformed', `header: not RLP: ${reason}`, {}, { cause });
  }
  const field = (name: keyof typeof FIELD): Uint8Array => {
    const value: unknown = Array.isArray(fields) ? fields[FIELD[name]] : undefined;
    if (value instanceof Uint8Array) return value;
    throw new LightError('responseMalformed', `header: ${name}: expected bytes`, { field: name });
  };
  const hash = (name: keyof typeof FIELD): Hash => {
    const bytes = field(name);
    if (bytes.length === 32) return `0x${bytesToHex(bytes)}`;
    throw new LightError('responseMalformed', `header: ${name}: expected 32 bytes, got ${bytes.length}`);
  };
  const quantity = (name: keyof typeof FIELD): bigint => {
    const bytes = field(name);
    if (bytes.length <= 8 && bytes[0] !== 0) return BigInt(`0x0${bytesToHex(bytes)}`);
    throw new LightError('responseMalformed', `header: ${name}: expected a number of at most 8 bytes`);
  };
  return {
    hash: `0x${bytesToHex(keccak_256(rlp))}`,
    parentHash: hash('parentHash'),
    stateRoot: hash('stateRoot'),
    transactionsRoot: hash('transactionsRoot'),
    receiptsRoot: hash('receiptsRoot'),
    number: quantity('number'),
    gasLimit: quantity('gasLimit'),
    gasUsed: quantity('gasUsed'),
    timestamp: quantity('timestamp'),
    rlp,
  };
}
