import * as p from '../jsonrpc/params.ts';

/** Which logs are meant (execution-apis, `Filter`); what is absent does not matter. */
export type LogFilter = {
  readonly address?: readonly p.Hex[] | undefined;
  /** by place; undefined: any topic */
  readonly topics?: readonly (readonly p.Hex[] | undefined)[] | undefined;
};

const MAX_TOPICS = 4;
const MAX_CHOICES = 1000;

export const logFilter: p.Param<LogFilter> = p.object({
  address: p.optional(p.oneOrMore(p.address, MAX_CHOICES)),
  topics: p.optional(p.listOf(p.optional(p.oneOrMore(p.hash32, MAX_CHOICES)), MAX_TOPICS)),
});

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
