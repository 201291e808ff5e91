import type { Common } from '@ethereumjs/common';
import type { TypedTransaction } from '@ethereumjs/tx';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodeTransaction, PoolError } from './admission.ts';

/** Transactions in the pool, over all senders, and per sender. */
const MAX_TRANSACTIONS = 4096;
const MAX_PER_SENDER = 256;
/** Of them, how many may come from peers: strangers cannot keep the node's own users out. */
const MAX_FROM_PEERS = 3072;
const MAX_PER_SENDER_FROM_PEERS = 64;
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
type Pooled = { readonly transaction: TypedTransaction; readonly origin: Origin; readonly addedAt: number };

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
  readonly #senders = new Map<string, Sender>();
  /** in the order of their arrival */
  readonly #byHash = new Map<string, Pooled>();
  #fromPeers = 0;
  /** number of heads seen */
  #heads = 0;

  constructor(modules: PoolModules) {
    this.#modules = modules;
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
    if (replaced === undefined && !this.#hasRoom(sender, origin)) {
      throw new PoolError('poolFull', 'the transaction pool is full');
    }
    this.#checkBalance(transaction, sender, account.balance);
    if (replaced !== undefined) this.#forget(replaced);
    sender.byNonce.set(transaction.nonce, transaction);
    this.#senders.set(keyOf(address), sender);
    this.#byHash.set(key, { transaction, origin, addedAt: this.#modules.now() });
    if (origin === 'peer') this.#fromPeers++;
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
    const next = new Map<Sender, TypedTransaction>();
    const advance = (sender: Sender, nonce: bigint): void => {
      const transaction = sender.byNonce.get(nonce);
      if (transaction !== undefined && feeCap(transaction) >= baseFee) next.set(sender, transaction);
      else next.delete(sender);
    };
    for (const sender of this.#senders.values()) advance(sender, sender.nonce);
    while (next.size > 0) {
      let best: [Sender, TypedTransaction] | undefined;
      for (const entry of next) {
        if (
          best === undefined ||
          entry[1].getEffectivePriorityFee(baseFee) > best[1].getEffectivePriorityFee(baseFee)
        ) {
          best = entry;
        }
      }
      if (best === undefined) return;
      yield best[1];
      advance(best[0], best[1].nonce + 1n);
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

  #hasRoom({ byNonce }: Sender, origin: Origin): boolean {
    if (this.size >= MAX_TRANSACTIONS || byNonce.size >= MAX_PER_SENDER) return false;
    return origin === 'local' || (this.#fromPeers < MAX_FROM_PEERS && byNonce.size < MAX_PER_SENDER_FROM_PEERS);
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
    if (this.#byHash.get(key)?.origin === 'peer') this.#fromPeers--;
    this.#byHash.delete(key);
  }

  /** The account must be able to pay for all of its pooled transactions up to this one. */
  #checkBalance(transaction: TypedTransaction, sender: Sender, balance: bigint): void {
    let cost = upfrontCost(transaction);
    for (const [nonce, earlier] of sender.byNonce) if (nonce < transaction.nonce) cost += upfrontCost(earlier);
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
