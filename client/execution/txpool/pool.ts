import type { Common } from '@ethereumjs/common';
import type { TypedTransaction } from '@ethereumjs/tx';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodeTransaction, PoolError } from './admission.ts';

/** Transactions and their raw bytes, of all, and of those that peers have brought: strangers keep no user out. */
export type PoolLimits = {
  readonly transactions: number;
  readonly perSender: number;
  readonly fromPeers: number;
  readonly perSenderFromPeers: number;
  /** Decoded they take up to ten times as much. */
  readonly bytes: number;
  readonly bytesFromPeers: number;
};
export const POOL_LIMITS: PoolLimits = {
  transactions: 4096,
  perSender: 256,
  fromPeers: 3072,
  perSenderFromPeers: 64,
  bytes: 64 * 1024 * 1024,
  bytesFromPeers: 32 * 1024 * 1024,
};
/** Transactions that one may put out of a full pool: a large one does not put out many small ones. */
const MAX_PUT_OUT = 8;
/** Between two looks at what is worth least in a full pool. */
const LOOK_MS = 1000;
/** As in other clients: a transaction that no block has taken by then is forgotten. */
export const LIFETIME_MS = 3 * 3_600_000;
/** A replacement must raise fee cap and tip by this much. */
const REPLACEMENT_PERCENT = 10n;

export type PoolModules = {
  /** The chain with the rules of the next block. */
  readonly common: () => Common;
  /** Gas limit of the next block. */
  readonly gasLimit: () => bigint;
  /** The account after the head. */
  readonly account: (address: Uint8Array) => Promise<{ readonly nonce: bigint; readonly balance: bigint }>;
  /** Told of every transaction that entered. */
  readonly onAdded: (hash: Uint8Array) => void;
  /** ms since 1970 */
  readonly now: () => number;
};

/** Who brought a transaction: a user of this node, or a peer. */
export type Origin = 'local' | 'peer';
type Pooled = {
  readonly transaction: TypedTransaction;
  readonly origin: Origin;
  readonly addedAt: number;
  readonly sizeBytes: number;
};

type Sender = {
  readonly address: Uint8Array;
  /** of the account after the head */
  nonce: bigint;
  /** nonce → transaction, all ≥ `nonce` */
  readonly byNonce: Map<bigint, TypedTransaction>;
};

/** Transactions that wait for a block, by sender and nonce. */
export class TransactionPool {
  readonly #modules: PoolModules;
  readonly #limits: PoolLimits;
  readonly #senders = new Map<string, Sender>();
  /** in the order of their arrival */
  readonly #byHash = new Map<string, Pooled>();
  #fromPeers = 0;
  #bytes = 0;
  #bytesFromPeers = 0;
  /** whose places others may take, the cheapest first */
  #cheapest: Cheap[] = [];
  #cheapestAt = Number.NEGATIVE_INFINITY;
  /** number of heads seen */
  #heads = 0;

  constructor(modules: PoolModules, limits = POOL_LIMITS) {
    this.#modules = modules;
    this.#limits = limits;
  }

  get size(): number {
    return this.#byHash.size;
  }

  /**
   * Takes a raw transaction (EIP-2718 form).
   * @returns its hash
   * @throws PoolError naming the rule it breaks
   */
  async submit(raw: Uint8Array, origin: Origin = 'local'): Promise<Uint8Array> {
    this.#dropExpired();
    const hash = keccak_256(raw);
    const key = keyOf(hash);
    if (this.#byHash.has(key)) throw new PoolError('alreadyKnown', 'already known');
    const transaction = decodeTransaction(raw, this.#modules.common(), this.#modules.gasLimit());
    const address = transaction.getSenderAddress().bytes;
    const account = await this.#accountAtHead(address);
    if (transaction.nonce < account.nonce) {
      const detail = { expected: account.nonce, actual: transaction.nonce };
      throw new PoolError(
        'nonceTooLow',
        `nonce too low: next nonce ${account.nonce}, tx nonce ${transaction.nonce}`,
        detail,
      );
    }
    const sender = this.#senders.get(keyOf(address)) ?? { address, nonce: account.nonce, byNonce: new Map() };
    const replaced = sender.byNonce.get(transaction.nonce);
    if (replaced !== undefined && !outbids(transaction, replaced)) {
      throw new PoolError(
        'replacementUnderpriced',
        `replacement transaction underpriced: fee cap and tip must rise by ${REPLACEMENT_PERCENT} %`,
      );
    }
    this.#checkBalance(transaction, sender, account.balance);
    const isSenderFull = replaced === undefined && sender.byNonce.size >= this.#perSender(origin);
    const out = isSenderFull ? undefined : this.#roomFor(transaction, sender, raw.length, origin, replaced);
    if (out === undefined) throw new PoolError('poolFull', 'the transaction pool is full');
    for (const other of out) this.drop(other);
    if (replaced !== undefined) this.#forget(replaced);
    sender.byNonce.set(transaction.nonce, transaction);
    this.#senders.set(keyOf(address), sender);
    this.#byHash.set(key, { transaction, origin, addedAt: this.#modules.now(), sizeBytes: raw.length });
    this.#bytes += raw.length;
    if (origin === 'peer') {
      this.#fromPeers++;
      this.#bytesFromPeers += raw.length;
    }
    this.#modules.onAdded(hash);
    return hash;
  }

  find(hash: Uint8Array): TypedTransaction | undefined {
    this.#dropExpired();
    return this.#byHash.get(keyOf(hash))?.transaction;
  }

  /** The nonce after the account's and all pooled transactions that follow it without a gap. */
  async nextNonce(address: Uint8Array): Promise<bigint> {
    let { nonce } = await this.#modules.account(address);
    const pooled = this.#senders.get(keyOf(address))?.byNonce;
    while (pooled?.has(nonce) === true) nonce++;
    return nonce;
  }

  /**
   * What can stand in a block with this base fee: highest tip first, each sender's in the order of nonces,
   * nothing behind a gap or behind one that does not pay the base fee.
   */
  *executable(baseFee: bigint): Generator<TypedTransaction> {
    const next = new Map<Sender, { readonly transaction: TypedTransaction; readonly tip: bigint }>();
    const advance = (sender: Sender, nonce: bigint): void => {
      const transaction = sender.byNonce.get(nonce);
      if (transaction === undefined || feeCap(transaction) < baseFee) next.delete(sender);
      else next.set(sender, { transaction, tip: transaction.getEffectivePriorityFee(baseFee) });
    };
    for (const sender of this.#senders.values()) advance(sender, sender.nonce);
    while (next.size > 0) {
      let best: Sender | undefined;
      let most = -1n;
      for (const [sender, { tip }] of next) {
        if (tip <= most) continue;
        best = sender;
        most = tip;
      }
      const chosen = best && next.get(best);
      if (best === undefined || chosen === undefined) return;
      yield chosen.transaction;
      advance(best, chosen.transaction.nonce + 1n);
    }
  }

  /**
   * Takes out what the new head has made stale: included transactions and those below their account's nonce.
   * @param returned transactions of blocks that the head's chain does not have, in their order: they wait again, as far
   *   as they may; one whose nonce another has taken stays out
   */
  async onNewHead(returned: readonly TypedTransaction[] = []): Promise<void> {
    this.#heads++;
    this.#dropExpired();
    for (const sender of [...this.#senders.values()]) {
      sender.nonce = (await this.#modules.account(sender.address)).nonce;
      for (const [nonce, transaction] of sender.byNonce) {
        if (nonce < sender.nonce) this.#remove(sender, transaction);
      }
    }
    for (const transaction of returned) {
      try {
        await this.submit(transaction.serialize());
      } catch (error) {
        // Included again, replaced, or not payable any more: its sender can send another.
        if (!(error instanceof PoolError)) throw error;
      }
    }
  }

  /** Takes out one transaction that could not stand in a block. */
  drop(transaction: TypedTransaction): void {
    const sender = this.#senders.get(keyOf(transaction.getSenderAddress().bytes));
    if (sender?.byNonce.get(transaction.nonce) === transaction) this.#remove(sender, transaction);
  }

  /** An account read before a new head would put its sender's nonce back. */
  async #accountAtHead(address: Uint8Array): Promise<{ readonly nonce: bigint; readonly balance: bigint }> {
    for (;;) {
      const heads = this.#heads;
      const account = await this.#modules.account(address);
      if (heads === this.#heads) return account;
    }
  }

  /**
   * What must leave for a transaction to find room, at best nothing; undefined where it finds none. Only strangers' are
   * put out: first what stands behind a gap, then what pays least, each time the last one of its sender. Who sends what
   * costs nothing, since it can never be included, keeps nobody else's out.
   */
  #roomFor(
    transaction: TypedTransaction,
    sender: Sender,
    sizeBytes: number,
    origin: Origin,
    replaced: TypedTransaction | undefined,
  ): readonly TypedTransaction[] | undefined {
    const freed = (each: TypedTransaction | undefined): Pooled | undefined =>
      each && this.#byHash.get(keyOf(each.hash()));
    const limits = this.#limits;
    const out: TypedTransaction[] = [];
    const gone = freed(replaced);
    let count = this.size - (gone === undefined ? 0 : 1);
    let bytes = this.#bytes - (gone?.sizeBytes ?? 0);
    let [fromPeers, bytesFromPeers] = [this.#fromPeers, this.#bytesFromPeers];
    if (gone?.origin === 'peer') {
      fromPeers--;
      bytesFromPeers -= gone.sizeBytes;
    }
    const fits = (): boolean =>
      count < limits.transactions &&
      bytes + sizeBytes <= limits.bytes &&
      (origin === 'local' || (fromPeers < limits.fromPeers && bytesFromPeers + sizeBytes <= limits.bytesFromPeers));
    if (fits()) return out;
    const own = worthOf(sender, transaction);
    let looked = 0;
    for (const { last, worth, of } of this.#cheapestFirst()) {
      if (out.length === MAX_PUT_OUT || !isLess(worth, own)) return undefined;
      looked++;
      const pooled = freed(last);
      if (of === sender || pooled === undefined || lastOf(of) !== last) continue;
      out.push(last);
      count--;
      fromPeers--;
      bytes -= pooled.sizeBytes;
      bytesFromPeers -= pooled.sizeBytes;
      if (!fits()) continue;
      this.#cheapest.splice(0, looked);
      return out;
    }
    return undefined;
  }

  #perSender(origin: Origin): number {
    return origin === 'local' ? this.#limits.perSender : this.#limits.perSenderFromPeers;
  }

  /** The last transaction of each stranger; looked for once a second, and used up until then. */
  #cheapestFirst(): readonly Cheap[] {
    const now = this.#modules.now();
    if (now - this.#cheapestAt < LOOK_MS) return this.#cheapest;
    this.#cheapestAt = now;
    this.#cheapest = [...this.#senders.values()]
      .map((of) => ({ of, last: lastOf(of), worth: worthOf(of) }))
      .filter(({ last }) => this.#byHash.get(keyOf(last.hash()))?.origin === 'peer')
      .sort((a, b) => byWorth(a.worth, b.worth));
    return this.#cheapest;
  }

  #dropExpired(): void {
    const before = this.#modules.now() - LIFETIME_MS;
    for (const { transaction, addedAt } of this.#byHash.values()) {
      if (addedAt > before) return;
      this.drop(transaction);
    }
  }

  #remove(sender: Sender, transaction: TypedTransaction): void {
    sender.byNonce.delete(transaction.nonce);
    this.#forget(transaction);
    if (sender.byNonce.size === 0) this.#senders.delete(keyOf(sender.address));
  }

  #forget(transaction: TypedTransaction): void {
    const key = keyOf(transaction.hash());
    const pooled = this.#byHash.get(key);
    if (pooled === undefined) return;
    this.#bytes -= pooled.sizeBytes;
    if (pooled.origin === 'peer') {
      this.#fromPeers--;
      this.#bytesFromPeers -= pooled.sizeBytes;
    }
    this.#byHash.delete(key);
  }

  /** The account must be able to pay for all of its pooled transactions: one balance vouches for one of them. */
  #checkBalance(transaction: TypedTransaction, sender: Sender, balance: bigint): void {
    let cost = upfrontCost(transaction);
    for (const [nonce, other] of sender.byNonce) if (nonce !== transaction.nonce) cost += upfrontCost(other);
    if (cost > balance) {
      const detail = { expected: cost, actual: balance };
      throw new PoolError(
        'insufficientFunds',
        `insufficient funds for gas * price + value: balance ${balance}, needed ${cost}`,
        detail,
      );
    }
  }
}

/** Of a sender's transactions the one without which the others stand as they did. */
function lastOf({ byNonce }: Sender): TypedTransaction {
  return [...byNonce.values()].reduce((a, b) => (b.nonce > a.nonce ? b : a));
}

type Worth = { readonly isBehindGap: boolean; readonly fee: bigint };

/** What a sender's transactions are worth, with one that is to come: no more than the one that pays least. */
function worthOf({ nonce, byNonce }: Sender, added?: TypedTransaction): Worth {
  const nonces = new Set(byNonce.keys());
  let fee = added && feeCap(added);
  if (added !== undefined) nonces.add(added.nonce);
  else for (const each of byNonce.values()) if (fee === undefined || feeCap(each) < fee) fee = feeCap(each);
  let end = nonce;
  while (nonces.has(end)) end++;
  return { isBehindGap: added === undefined ? end - nonce < nonces.size : added.nonce > end, fee: fee ?? 0n };
}

type Cheap = { readonly of: Sender; readonly last: TypedTransaction; readonly worth: Worth };

function byWorth(a: Worth, b: Worth): number {
  if (a.isBehindGap !== b.isBehindGap) return a.isBehindGap ? -1 : 1;
  return a.fee < b.fee ? -1 : a.fee > b.fee ? 1 : 0;
}

/** A tenth more must be paid to be worth more. */
function isLess(a: Worth, b: Worth): boolean {
  if (a.isBehindGap !== b.isBehindGap) return a.isBehindGap;
  return a.fee * (100n + REPLACEMENT_PERCENT) <= b.fee * 100n && a.fee < b.fee;
}

function feeCap(transaction: TypedTransaction): bigint {
  return 'maxFeePerGas' in transaction ? transaction.maxFeePerGas : transaction.gasPrice;
}

function tipCap(transaction: TypedTransaction): bigint {
  return 'maxPriorityFeePerGas' in transaction ? transaction.maxPriorityFeePerGas : transaction.gasPrice;
}

function upfrontCost(transaction: TypedTransaction): bigint {
  return transaction.gasLimit * feeCap(transaction) + transaction.value;
}

function outbids(transaction: TypedTransaction, replaced: TypedTransaction): boolean {
  const raised = (value: bigint): bigint => (value * (100n + REPLACEMENT_PERCENT) + 99n) / 100n;
  return feeCap(transaction) >= raised(feeCap(replaced)) && tipCap(transaction) >= raised(tipCap(replaced));
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
