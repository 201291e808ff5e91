import type { Block } from '@ethereumjs/block';
import type { TypedTransaction } from '@ethereumjs/tx';
import type { Address } from '@ethereumjs/util';
import type { VM } from '@ethereumjs/vm';
import { hex } from '../chain/block-error.ts';
import type { SealingConfig } from '../chain/genesis-config.ts';
import type { Network } from '../chain/network.ts';
import { buildNextBlock } from './build-block.ts';
import { SealError, sealerAddress, signSeal } from './seal.ts';
import { earliestTimestamp, sealerIndex, turnOf } from './turns.ts';

/** How long an error, or too many unproven blocks, keep the sealer from trying again. */
const RETRY_MS = 1000;
/** Timers hold no more than 2^31 ms. */
const LONGEST_SLEEP_MS = 3_600_000;

export type SealerOptions = {
  /** one of the genesis's sealers; 32 bytes */
  readonly key: Uint8Array;
  readonly coinbase: Address;
  readonly extraData: Uint8Array;
  /** no block is made while this many wait for a proof; undefined: however many */
  readonly maxUnproven?: number | undefined;
};
export type SealerModules = {
  readonly network: Network;
  readonly head: () => Block;
  /** A VM over the state after a block, with the rules of the next; its changes are thrown away. */
  readonly vmAfter: (parent: Block, rules: { readonly number: bigint; readonly timestamp: bigint }) => Promise<VM>;
  readonly executable: (baseFee: bigint) => Iterable<TypedTransaction>;
  readonly drop: (transaction: TypedTransaction, reason: string) => void;
  /** Executes and stores the block; head and pool have moved when it returns. */
  readonly importBlock: (block: Block, seal: Uint8Array) => Promise<void>;
  /** Whether a block of a sealer at this height is known: another would be equivocation. */
  readonly hasSealed: (number: bigint, sealer: Uint8Array) => boolean;
  /** Blocks above the highest proven one. */
  readonly unproven: () => number;
  /** ms since 1970 */
  readonly now: () => number;
  /** Told when too many blocks are unproven, and with `undefined` when sealing goes on. */
  readonly onPaused: (unproven: number | undefined) => void;
  /** Told of an error that stopped a block; the sealer tries again later. */
  readonly onError: (error: unknown) => void;
};

/**
 * Makes this sealer's blocks: with a period when its turn has come, or a little later than its turn in place of one who
 * is late; without a period whenever transactions can stand in a block.
 * States: waiting → sealing → waiting, and stopped from either; one block at a time.
 */
export class Sealer {
  readonly address: Uint8Array;
  readonly #options: SealerOptions;
  readonly #modules: SealerModules;
  readonly #sealing: SealingConfig;
  readonly #index: number;
  #running: Promise<void> | undefined;
  #isStopped = false;
  /** something has happened since the sealer last looked */
  #isWoken = false;
  #rouse: () => void = () => {};
  #isPaused = false;
  /** the head that turns are counted from, and when it was first seen here */
  #seen: { readonly hash: string; readonly atMs: number } | undefined;

  /** @throws SealError `sealerUnknown` where the genesis does not name this key's address */
  constructor(options: SealerOptions, modules: SealerModules) {
    const { sealing } = modules.network.config;
    this.address = sealerAddress(options.key);
    this.#index = sealing === undefined ? -1 : sealerIndex(sealing, this.address);
    if (sealing === undefined || this.#index === -1) {
      const expected = sealing === undefined ? 'none' : sealing.sealers.map(hex).join(', ');
      const detail = { expected, actual: hex(this.address) };
      const message = `the sealing key's address ${detail.actual} is no sealer of this genesis, which names ${expected}`;
      throw new SealError('sealerUnknown', message, detail);
    }
    this.#sealing = sealing;
    this.#options = options;
    this.#modules = modules;
  }

  /** Begins to make blocks. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Call when a transaction has entered the pool, the head has moved, or a block was proven. */
  wake(): void {
    this.#isWoken = true;
    this.#rouse();
  }

  /** No new block is begun; returns when a running one is stored. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#rouse();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      // Transactions that are sent together stand in one block: let the requests that wait be read first.
      await new Promise((resolve) => setImmediate(resolve));
      this.#isWoken = false;
      try {
        const waitMs = this.#waitMs();
        if (waitMs === 0) await this.#sealOne();
        else await this.#sleep(waitMs);
      } catch (error) {
        this.#modules.onError(error);
        await this.#sleep(this.#sealing.period === 0n ? undefined : RETRY_MS);
      }
    }
  }

  /** How long until a block is due on this head: 0 now, undefined when nothing but an event makes it so. */
  #waitMs(): number | undefined {
    const { head, executable, hasSealed, now } = this.#modules;
    const { header } = head();
    const number = header.number + 1n;
    if (hasSealed(number, this.address)) return undefined;
    if (this.#sealing.period === 0n) {
      const [first] = executable(header.calcNextBaseFee());
      return first === undefined ? undefined : this.#pauseMs();
    }
    const waitMs = Math.max(0, this.#dueMs(head()) - now());
    return waitMs > 0 ? waitMs : this.#pauseMs();
  }

  /**
   * When this sealer's block on a head is due, in ms since 1970. Out of turn it also gives everyone before it in the
   * row a period, counted from when the head came, so that nodes that start late or were cut off do not all seal at
   * once.
   */
  #dueMs(head: Block): number {
    const { header } = head;
    const { sealers, period } = this.#sealing;
    const hash = hex(head.hash());
    if (this.#seen?.hash !== hash) this.#seen = { hash, atMs: this.#modules.now() };
    const places = this.#index - turnOf(this.#sealing, header.number + 1n);
    const distance = (places + sealers.length) % sealers.length;
    const earliestMs = Number(earliestTimestamp(this.#sealing, header.timestamp, distance === 0)) * 1000;
    if (distance === 0) return earliestMs;
    return Math.max(earliestMs, this.#seen.atMs + Number(period) * 1000 * (1 + distance));
  }

  #pauseMs(): number {
    const { maxUnproven } = this.#options;
    const unproven = maxUnproven === undefined ? 0 : this.#modules.unproven();
    const isPaused = maxUnproven !== undefined && unproven >= maxUnproven;
    if (isPaused !== this.#isPaused) {
      this.#isPaused = isPaused;
      this.#modules.onPaused(isPaused ? unproven : undefined);
    }
    return isPaused ? RETRY_MS : 0;
  }

  async #sealOne(): Promise<void> {
    const { network, head, vmAfter, executable, drop, importBlock, now } = this.#modules;
    const { key, coinbase, extraData } = this.#options;
    const parent = head();
    const number = parent.header.number + 1n;
    const isInTurn = turnOf(this.#sealing, number) === this.#index;
    const seconds = BigInt(Math.floor(now() / 1000));
    const earliest = earliestTimestamp(this.#sealing, parent.header.timestamp, isInTurn);
    const timestamp = seconds > earliest ? seconds : earliest;
    const candidates = [...executable(parent.header.calcNextBaseFee())];
    const vm = await vmAfter(parent, { number, timestamp });
    const { block, refused } = await buildNextBlock({ vm, parent, timestamp, coinbase, extraData, candidates });
    for (const { transaction, reason } of refused) drop(transaction, reason);
    const isOnDemand = this.#sealing.period === 0n;
    if (isOnDemand && block.transactions.length === 0) {
      if (refused.length === 0) await this.#sleep(undefined);
      return;
    }
    // The head may have moved meanwhile, and a block of this height may be known: a second one would be equivocation.
    if (Buffer.compare(head().hash(), parent.hash()) !== 0 || this.#isStopped) return;
    await importBlock(block, signSeal(network, block.hash(), key));
  }

  async #sleep(waitMs: number | undefined): Promise<void> {
    if (this.#isWoken || this.#isStopped) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#rouse = resolve;
      if (waitMs !== undefined) timer = setTimeout(resolve, Math.min(waitMs, LONGEST_SLEEP_MS));
    });
    clearTimeout(timer);
    this.#rouse = () => {};
  }
}
