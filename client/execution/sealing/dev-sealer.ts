import type { Block } from '@ethereumjs/block';
import type { TypedTransaction } from '@ethereumjs/tx';
import type { Address } from '@ethereumjs/util';
import type { VM } from '@ethereumjs/vm';
import { buildNextBlock } from './build-block.ts';

export type SealerOptions = {
  readonly coinbase: Address;
  readonly extraData: Uint8Array;
};
export type SealerModules = {
  readonly head: () => Block;
  /** A VM over the state after a block, with the rules of the next; its changes are thrown away. */
  readonly vmAfter: (parent: Block, rules: { readonly number: bigint; readonly timestamp: bigint }) => Promise<VM>;
  readonly executable: (baseFee: bigint) => Iterable<TypedTransaction>;
  readonly drop: (transaction: TypedTransaction, reason: string) => void;
  /** Executes and stores the block as the new head; the pool knows of the head when it returns. */
  readonly importBlock: (block: Block) => Promise<void>;
  readonly now: () => number;
  /** Told of an error that stopped a block; the sealer tries again with the next transaction. */
  readonly onError: (error: unknown) => void;
};

/**
 * The only sealer of a development chain: a block whenever transactions can stand in one, one at a time.
 * States: idle → sealing → idle, and stopped from either.
 */
export class DevSealer {
  readonly #options: SealerOptions;
  readonly #modules: SealerModules;
  #running: Promise<void> | undefined;
  /** woken since the pool was last looked at */
  #isWoken = false;
  #isStopped = false;

  constructor(options: SealerOptions, modules: SealerModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Call when a transaction has entered the pool. */
  wake(): void {
    this.#isWoken = true;
    if (this.#isStopped || this.#running !== undefined) return;
    this.#running = this.#sealAll()
      .catch((error: unknown) => this.#modules.onError(error))
      .finally(() => {
        this.#running = undefined;
        if (this.#isWoken) this.wake();
      });
  }

  /** No new block is begun; returns when a running one is stored. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #sealAll(): Promise<void> {
    // Transactions that are sent together stand in one block: let the requests that wait be read first.
    await new Promise((resolve) => setImmediate(resolve));
    do {
      this.#isWoken = false;
    } while (!this.#isStopped && ((await this.#sealOne()) || this.#isWoken));
  }

  /** Returns whether a block was made. */
  async #sealOne(): Promise<boolean> {
    const { head, vmAfter, executable, drop, importBlock, now } = this.#modules;
    const parent = head();
    const candidates = [...executable(parent.header.calcNextBaseFee())];
    if (candidates.length === 0) return false;
    const seconds = BigInt(Math.floor(now() / 1000));
    const earliest = parent.header.timestamp + 1n;
    const timestamp = seconds > earliest ? seconds : earliest;
    const { block, refused } = await buildNextBlock({
      vm: await vmAfter(parent, { number: parent.header.number + 1n, timestamp }),
      parent,
      timestamp,
      ...this.#options,
      candidates,
    });
    for (const { transaction, reason } of refused) drop(transaction, reason);
    if (block.transactions.length === 0) return refused.length > 0;
    await importBlock(block);
    return true;
  }
}
