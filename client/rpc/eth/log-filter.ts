import { Bloom } from '@ethereumjs/vm';
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

/** False only where no log under this bloom filter (Yellow Paper, 4.3.1) matches. */
export function mayMatch({ address, topics = [] }: LogFilter, logsBloom: Uint8Array): boolean {
  if (logsBloom.every((byte) => byte === 0)) return false;
  const bloom = new Bloom(logsBloom);
  return [address, ...topics].every(
    (choices) =>
      choices === undefined || choices.length === 0 || choices.some((choice) => bloom.check(bytesOf(choice))),
  );
}
