import { keccak_256 } from '@noble/hashes/sha3.js';
import * as p from '../jsonrpc/params.ts';
import { bytesOf } from './format.ts';

/** Which logs are meant (execution-apis, `Filter`); what is absent does not matter. */
export type LogFilter = {
  readonly address?: readonly p.Hex[] | undefined;
  /** by place; undefined: any topic */
  readonly topics?: readonly (readonly p.Hex[] | undefined)[] | undefined;
};

const MAX_TOPICS = 4;
const MAX_CHOICES = 1000;

export const LOG_FILTER_FIELDS = {
  address: p.optional(p.oneOrMore(p.address, MAX_CHOICES)),
  topics: p.optional(p.listOf(p.optional(p.oneOrMore(p.hash32, MAX_CHOICES)), MAX_TOPICS)),
};
export const logFilter: p.Param<LogFilter> = p.object(LOG_FILTER_FIELDS);

/** Addresses and topics that a filter names. */
export function choicesOf({ address, topics = [] }: LogFilter): number {
  return [address, ...topics].reduce((sum, choices) => sum + (choices?.length ?? 0), 0);
}

/** An empty list of choices means any, as in geth. */
export function matchesLog(
  { address, topics = [] }: LogFilter,
  log: { readonly address: p.Hex; readonly topics: readonly p.Hex[] },
): boolean {
  const isOneOf = (choices: readonly p.Hex[] | undefined, value: p.Hex): boolean =>
    choices === undefined || choices.length === 0 || choices.includes(value);
  return (
    isOneOf(address, log.address) &&
    topics.length <= log.topics.length &&
    topics.every((choices, i) => isOneOf(choices, log.topics[i] ?? '0x'))
  );
}

/**
 * A test for bloom filters (Yellow Paper, 4.3.1), false only where no log under one matches. Where the bits of each
 * choice lie is worked out once: thousands of choices are looked for in thousands of blocks.
 */
export function bloomTest({ address, topics = [] }: LogFilter): (logsBloom: Uint8Array) => boolean {
  const places = [address, ...topics].flatMap((choices) =>
    choices === undefined || choices.length === 0 ? [] : [choices.map((choice) => bitsOf(bytesOf(choice)))],
  );
  return (logsBloom) =>
    logsBloom.some((byte) => byte !== 0) &&
    places.every((choices) =>
      choices.some((bits) => bits.every(({ byte, mask }) => ((logsBloom[byte] ?? 0) & mask) !== 0)),
    );
}

const BLOOM_BYTES = 256;

type Bit = { readonly byte: number; readonly mask: number };

/** Three bits, each named by 11 bits of the hash. */
function bitsOf(choice: Uint8Array): readonly Bit[] {
  const hash = keccak_256(choice);
  return [0, 2, 4].map((at) => {
    const bit = (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) & (8 * BLOOM_BYTES - 1);
    return { byte: BLOOM_BYTES - 1 - (bit >> 3), mask: 1 << (bit & 7) };
  });
}
