import { randomBytes } from 'node:crypto';
import { RpcError } from './errors.ts';

/** Starts telling one subscriber, in JSON; the result ends it. */
export type Feed = (notify: (result: string) => void) => () => void;

/** Addresses and topics, of all subscriptions of a connection: a hundred bytes each, and looked through for each log. */
const MAX_CHOICES = 4096;

type Subscription = {
  readonly end: () => void;
  readonly choices: number;
  /** Notifications from before the caller knew the id; undefined since it does. */
  early: string[] | undefined;
};

/** The subscriptions of one connection, as geth has them; they end with it. */
export class Subscriptions {
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #max: number;
  readonly #send: (text: string | undefined, unsentBytes: number) => void;
  #earlyBytes = 0;

  /**
   * @param max open at once
   * @param send takes one notification; without a text it is only told how many bytes wait here
   */
  constructor(max: number, send: (text: string | undefined, unsentBytes: number) => void) {
    this.#max = max;
    this.#send = send;
  }

  /**
   * Opens a subscription and returns its id. Nothing is sent under it before `release`.
   * @param choices what its filter names
   * @throws RpcError `limitExceeded`
   */
  add(feed: Feed, choices = 0): string {
    if (this.#subscriptions.size >= this.#max)
      throw new RpcError('limitExceeded', `a connection holds at most ${this.#max} subscriptions`);
    const held = [...this.#subscriptions.values()].reduce((sum, s) => sum + s.choices, choices);
    if (held > MAX_CHOICES)
      throw new RpcError(
        'limitExceeded',
        `the filters of a connection's subscriptions name at most ${MAX_CHOICES} addresses and topics, with this one ${held}`,
      );
    const id = `0x${randomBytes(16).toString('hex')}`;
    const end = feed((result) => {
      const text = `{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"${id}","result":${result}}}`;
      const { early } = subscription;
      if (early === undefined) return this.#send(text, text.length);
      early.push(text);
      this.#earlyBytes += text.length;
      this.#send(undefined, this.#earlyBytes);
    });
    const subscription: Subscription = { end, choices, early: [] };
    this.#subscriptions.set(id, subscription);
    return id;
  }

  /** @returns whether there was one with this id */
  remove(id: string): boolean {
    this.#subscriptions.get(id)?.end();
    return this.#subscriptions.delete(id);
  }

  /** The answers with all ids so far are sent: what their subscribers have missed follows now. */
  release(): void {
    this.#earlyBytes = 0;
    for (const subscription of this.#subscriptions.values()) {
      const { early } = subscription;
      subscription.early = undefined;
      for (const text of early ?? []) this.#send(text, text.length);
    }
  }

  close(): void {
    for (const { end } of this.#subscriptions.values()) end();
    this.#subscriptions.clear();
  }
}
