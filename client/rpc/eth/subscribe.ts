/** `eth_subscribe`: what happens on this node, told as it happens. */
import type { ChainEvent, RpcPorts } from '../interface.ts';
import { RpcError } from '../jsonrpc/errors.ts';
import { type CallContext, type Method, method } from '../jsonrpc/method.ts';
import * as p from '../jsonrpc/params.ts';
import type { Feed, Subscriptions } from '../jsonrpc/subscriptions.ts';
import { blockJson, blockLogsJson, type LogJson } from './format.ts';
import { choicesOf, type LogFilter, logFilter, matchesLog } from './log-filter.ts';
import { provenJson } from './proofs.ts';

type Ports = Pick<RpcPorts, 'chain' | 'proofs' | 'events'>;

/**
 * `newHeads` and `logs` as geth has them, reorganisations included; `newBlockProofs` tells of each canonical block once
 * it is proven and this node can serve the proof.
 */
export function subscriptionMethods(ports: Ports): readonly Method[] {
  const { events } = ports;
  const heads = sharedFeed(events, (event) => headsOf(event));
  const proofs = sharedFeed(events, (event) => proofsOf(ports, event));
  const logs = sharedFeed(events, (event) => logsOf(ports, event));
  const asText =
    (feed: SharedFeed<object>): Feed =>
    (notify) =>
      feed((_, text) => notify(text()));
  const filtered =
    (filter: LogFilter): Feed =>
    (notify) =>
      logs((log, text) => {
        if (matchesLog(filter, log)) notify(text());
      });
  return [
    method(
      'eth_subscribe',
      [
        ['kind', p.oneOf('newHeads', 'logs', 'newBlockProofs')],
        ['filter', p.optional(logFilter)],
      ],
      (kind, filter, context) => {
        const subscriptions = subscriptionsOf(context);
        if (kind === 'logs') return subscriptions.add(filtered(filter ?? {}), choicesOf(filter ?? {}));
        if (filter !== undefined) throw new RpcError('invalidParams', `invalid params: ${kind} takes no filter`);
        return subscriptions.add(asText(kind === 'newHeads' ? heads : proofs));
      },
    ),
    method('eth_unsubscribe', [['id', p.subscriptionId]], (id, context) => {
      if (subscriptionsOf(context).remove(id)) return true;
      throw new RpcError('serverError', 'no subscription of this connection has this id');
    }),
  ];
}

function subscriptionsOf({ subscriptions }: CallContext): Subscriptions {
  if (subscriptions !== undefined) return subscriptions;
  throw new RpcError('methodNotFound', 'subscriptions need a connection that stays open: WebSocket (--ws)');
}

type SharedFeed<T> = (take: (item: T, text: () => string) => void) => () => void;

/** One reading of each event for all who listen, and none while nobody does; an item becomes text once. */
function sharedFeed<T>(events: RpcPorts['events'], read: (event: ChainEvent) => readonly T[]): SharedFeed<T> {
  const takers = new Set<(item: T, text: () => string) => void>();
  let end: (() => void) | undefined;
  const onEvent = (event: ChainEvent): void => {
    for (const item of read(event)) {
      let json: string | undefined;
      const text = (): string => {
        json ??= JSON.stringify(item);
        return json;
      };
      for (const take of takers) take(item, text);
    }
  };
  return (take) => {
    takers.add(take);
    end ??= events.listen(onEvent);
    return () => {
      takers.delete(take);
      if (takers.size > 0) return;
      end?.();
      end = undefined;
    };
  };
}

/** Header fields, as geth's: a block without what its body adds. */
function headsOf(event: ChainEvent): readonly object[] {
  if (event.kind !== 'head') return [];
  return event.change.adopted.map((block) => {
    const { transactions, uncles, withdrawals, size, ...header } = blockJson(block, false);
    return header;
  });
}

function proofsOf(ports: Ports, event: ChainEvent): readonly object[] {
  // A block that is imported by its proof, or becomes canonical again, has it already.
  const blocks = event.kind === 'proof' ? [event.block] : event.change.adopted;
  return blocks.flatMap((block) => provenJson(ports, block) ?? []);
}

function logsOf({ chain }: Ports, event: ChainEvent): readonly LogJson[] {
  if (event.kind !== 'head') return [];
  const { reverted, adopted } = event.change;
  const of = (block: (typeof adopted)[number], removed: boolean): readonly LogJson[] =>
    blockLogsJson(block, chain.receipts(block.hash()) ?? [], removed);
  return [...[...reverted].reverse().flatMap((b) => of(b, true)), ...adopted.flatMap((b) => of(b, false))];
}
