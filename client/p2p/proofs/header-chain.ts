/** Whether headers are the range that was asked for: read from their bytes, without the chain's rules. */
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { checkRlpShape } from '../../rlp-shape.ts';
import type { HeaderRange, HeaderRecord } from '../interface.ts';
import { hex, malformed } from './messages.ts';

const PARENT_HASH = 0;
const NUMBER = 8;
const LEAST_FIELDS = 15;

/**
 * The first header is the one asked for, each other one is the child of the one before it.
 * @returns the reason where they are not, else undefined
 * @throws ClientError `messageMalformed` for bytes that are no header
 */
export function brokenLink({ from }: HeaderRange, records: readonly HeaderRecord[]): string | undefined {
  let parent: { readonly hash: string; readonly number: bigint } | undefined;
  for (const { headerRlp } of records) {
    const { parentHash, number } = linkOf(headerRlp);
    const hash = hex(keccak_256(headerRlp));
    if (parent === undefined) {
      const asked = typeof from === 'string' ? hash === from : number === from;
      if (!asked) return `the first header is ${number} ${hash}, asked for ${from}`;
    } else if (number !== parent.number + 1n || parentHash !== parent.hash) {
      return `header ${number} with parent ${parentHash} follows ${parent.number} ${parent.hash}`;
    }
    parent = { hash, number };
  }
  return undefined;
}

function linkOf(headerRlp: Uint8Array): { readonly parentHash: string; readonly number: bigint } {
  let fields: unknown;
  try {
    checkRlpShape(headerRlp, 1);
    fields = RLP.decode(headerRlp);
  } catch (error) {
    throw malformed(`a header that is no RLP: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!Array.isArray(fields) || fields.length < LEAST_FIELDS) throw malformed('a header that is no list of 15 fields');
  const [parentHash, number] = [fields[PARENT_HASH], fields[NUMBER]];
  if (!(parentHash instanceof Uint8Array) || parentHash.length !== 32)
    throw malformed('a header without a parent hash');
  if (!(number instanceof Uint8Array) || number.length > 8 || number[0] === 0)
    throw malformed('a header without a number');
  return { parentHash: hex(parentHash), number: number.length === 0 ? 0n : BigInt(hex(number)) };
}
