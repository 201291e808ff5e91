import type { Block, BlockHeader } from '@ethereumjs/block';
import { ClientError } from '../../errors.ts';
import { decodeHeader } from '../chain/block-codec.ts';
import { hex } from '../chain/block-error.ts';
import { validateHeader } from '../chain/header-rules.ts';
import type { Network } from '../chain/network.ts';
import type {
  BlockExecution,
  ChainExecutor,
  ChainImporter,
  HeadChange,
  HeaderVerdict,
  ImportCounters,
  ImportResult,
  ProvenBlock,
  SealedHeader,
  SealerFault,
} from '../interface.ts';
import { isPreferred } from '../sealing/fork-choice.ts';
import { recoverSealer } from '../sealing/seal.ts';
import { sealerIndex, turnOf, validateSeal } from '../sealing/turns.ts';
import { applyProvenBlock } from '../state/apply-proven.ts';
import { proofKey, putBlock, putHeadChange } from './blocks.ts';
import type { ChainView } from './chain-view.ts';
import { contentSource, putChanges, putExecuted } from './commit.ts';
import { numberKey, numberOfKey } from './schema.ts';
import { SealLog } from './seal-log.ts';
import type { Store, StoreBatch } from './store.ts';

export const DEFAULT_REORG_DEPTH = 64;

export type ImporterOptions = {
  /** how many canonical blocks at most are given up for a better chain */
  readonly reorgDepth: number;
};
export type ImporterModules = {
  readonly network: Network;
  readonly store: Store;
  readonly view: ChainView;
  readonly executor: ChainExecutor;
  /** ms since 1970 */
  readonly now: () => number;
  /** Adds what others keep of a block that was executed to the batch that stores it. */
  readonly extend?: (batch: StoreBatch, block: Block, hash: Uint8Array) => void;
  /** Told when the head has moved and is on disk; the import that moved it waits for what this returns. */
  readonly onHead?: (change: HeadChange) => Promise<void> | void;
  readonly onFault?: (fault: SealerFault) => void;
};
type Counter = keyof ImportCounters;

/** The one way by which blocks enter the store: rules, execution or proof, fork choice, one batch. */
export class Importer implements ChainImporter {
  readonly #options: ImporterOptions;
  readonly #modules: ImporterModules;
  readonly #seals: SealLog;
  #head: Block;
  #last: Promise<unknown> = Promise.resolve();

  /** @param modules.store holds at least genesis */
  constructor(options: ImporterOptions, modules: ImporterModules) {
    this.#options = options;
    this.#modules = modules;
    this.#seals = new SealLog(modules.store, modules.onFault ?? (() => {}));
    this.#head = modules.view.head();
  }

  readonly head = (): Block => this.#head;

  readonly counters = (): ImportCounters => ({
    executed: this.#counter('executed'),
    applied: this.#counter('applied'),
  });

  readonly sealerFaults = (): AsyncIterable<SealerFault> => this.#seals.faults();

  /** Whether a sealer was seen to seal a block at a height; it must not seal another. */
  hasSealed(number: bigint, sealer: Uint8Array): boolean {
    return this.#seals.sealedAt(number, sealer) !== undefined;
  }

  readonly checkHeader = async (sealed: SealedHeader): Promise<HeaderVerdict> => {
    const header = decodeHeader(this.#modules.network.common, sealed.header);
    const verdict = this.#judge(header, sealed.seal);
    if (verdict.sealer !== undefined) await this.#seals.observe(header.number, verdict.sealer, sealed);
    return verdict;
  };

  readonly importExecuted = (
    block: Block,
    seal: Uint8Array,
  ): Promise<{ readonly result: ImportResult; readonly execution: BlockExecution | undefined }> =>
    this.#queued(async () => {
      const hash = block.hash();
      if (this.#isStored(hash)) return { result: { kind: 'known' }, execution: undefined };
      const verdict = this.#judge(block.header, seal);
      const execution = await this.#modules.executor.execute(block);
      const result = await this.#store(block, seal, verdict, 'executed', (batch) =>
        putExecuted(batch, block, seal, execution),
      );
      return { result, execution };
    });

  readonly importProven = (proven: ProvenBlock): Promise<ImportResult> =>
    this.#queued(async () => {
      const { block, seal, receipts, stateDiff, proof } = proven;
      const { network, store } = this.#modules;
      const hash = block.hash();
      requireProofOf(block, proven);
      const key = proofKey(hash, proof.proofType);
      if (this.#isStored(hash)) {
        if (!store.has('proofs', key)) await store.write(store.batch().put('proofs', key, proof.bytes));
        return { kind: 'known' };
      }
      const verdict = this.#judge(block.header, seal);
      const parent = this.#header(block.header.parentHash);
      const changes = applyProvenBlock(network, contentSource(store), parent, { block, receipts, stateDiff });
      return await this.#store(block, seal, verdict, 'applied', (batch) => {
        putBlock(batch, { block, receiptsRlp: receipts, stateDiff, seal });
        putChanges(batch, changes);
        batch.put('proofs', key, proof.bytes);
      });
    });

  #queued<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run);
    this.#last = result.catch(() => {});
    return result;
  }

  #isStored(hash: Uint8Array): boolean {
    return this.#modules.store.has('headers', hash);
  }

  #header(hash: Uint8Array): BlockHeader {
    const { store, network } = this.#modules;
    const rlp = store.get('headers', hash);
    if (rlp === undefined) {
      throw new ImportError('unknownParent', `parent ${hex(hash)} is not in this chain's store`, { parent: hex(hash) });
    }
    return decodeHeader(network.common, rlp);
  }

  /** Every rule of a header and its seal against its parent and the head. */
  #judge(header: BlockHeader, seal: Uint8Array): HeaderVerdict {
    const { network, now } = this.#modules;
    const parent = this.#header(header.parentHash);
    validateHeader(network.config, header, parent, header.parentHash);
    const { sealer, isInTurn } = validateSeal(network, header, parent, seal, now());
    this.#forkPoint(header.parentHash, parent);
    return { header, hash: header.hash(), sealer, isInTurn };
  }

  /**
   * The highest canonical block among a block and its ancestors.
   * @throws ImportError `reorgTooDeep` where that is deeper below the head than reorgs go
   */
  #forkPoint(hash: Uint8Array, from: BlockHeader): bigint {
    const { store } = this.#modules;
    const lowest = this.#head.header.number - BigInt(this.#options.reorgDepth);
    let header = from;
    let at = hash;
    while (header.number >= lowest) {
      const canonical = store.canonicalHash(header.number);
      if (canonical !== undefined && Buffer.compare(canonical, at) === 0) return header.number;
      at = header.parentHash;
      header = this.#header(at);
    }
    const detail = { head: this.#head.header.number, reorgDepth: this.#options.reorgDepth };
    const message = `block ${from.number} ${hex(hash)} leaves the chain more than ${detail.reorgDepth} blocks below the head ${detail.head}`;
    throw new ImportError('reorgTooDeep', message, detail);
  }

  /** Stores a valid block in one batch: as the new head where fork choice prefers it, else beside the chain. */
  async #store(
    block: Block,
    seal: Uint8Array,
    { sealer, isInTurn, hash }: HeaderVerdict,
    counter: Counter,
    put: (batch: StoreBatch) => void,
  ): Promise<ImportResult> {
    const { store, extend, onHead } = this.#modules;
    const { number } = block.header;
    const batch = store.batch();
    put(batch);
    batch.meta(counter, numberKey(this.#counter(counter) + 1n));
    const sealed: SealedHeader = { header: block.header.serialize(), seal };
    const isFirst = sealer !== undefined && this.#seals.sealedAt(number, sealer) === undefined;
    const done = isFirst ? this.#seals.claim(batch, number, sealer, sealed) : undefined;
    const isHead = isPreferred({ number, isInTurn, hash }, this.#headCandidate());
    const change = isHead ? this.#changeTo(block) : undefined;
    if (change !== undefined) putHeadChange(batch, change);
    if (counter === 'executed') extend?.(batch, block, hash);
    try {
      await store.write(batch);
    } finally {
      done?.();
    }
    if (sealer !== undefined && !isFirst) await this.#seals.observe(number, sealer, sealed);
    if (change === undefined) return { kind: 'side' };
    this.#head = block;
    await onHead?.(change);
    return { kind: 'head', change };
  }

  #headCandidate(): { readonly number: bigint; readonly isInTurn: boolean; readonly hash: Uint8Array } {
    const { network, store } = this.#modules;
    const { sealing } = network.config;
    const { number } = this.#head.header;
    const hash = this.#head.hash();
    const seal = store.get('seals', hash);
    const isInTurn =
      sealing === undefined ||
      seal === undefined ||
      sealerIndex(sealing, recoverSealer(network, hash, seal)) === turnOf(sealing, number);
    return { number, isInTurn, hash };
  }

  /** Both ways from the fork point: the canonical one and the one that ends with a block. */
  #changeTo(block: Block): HeadChange {
    const { view } = this.#modules;
    const parent = this.#header(block.header.parentHash);
    const fork = this.#forkPoint(block.header.parentHash, parent);
    const adopted = [block];
    while ((adopted[0] as Block).header.number > fork + 1n) {
      adopted.unshift(view.requireBlock((adopted[0] as Block).header.parentHash));
    }
    const reverted: Block[] = [];
    for (let at = this.#head; at.header.number > fork; at = view.requireBlock(at.header.parentHash)) {
      reverted.unshift(at);
    }
    return { head: block, reverted, adopted };
  }

  #counter(counter: Counter): bigint {
    const value = this.#modules.store.meta(counter);
    return value === undefined ? 0n : numberOfKey(value);
  }
}

function requireProofOf(block: Block, { proof }: ProvenBlock): void {
  const pairs = [
    ['block', block.hash(), proof.blockHash],
    ['parent', block.header.parentHash, proof.parentHash],
  ] as const;
  for (const [what, expected, actual] of pairs) {
    if (Buffer.compare(expected, actual) === 0) continue;
    const detail = { expected: hex(expected), actual: hex(actual) };
    const message = `proof names the ${what} ${detail.actual}, expected ${detail.expected}`;
    throw new ImportError('proofOfOtherBlock', message, detail);
  }
}

/** `unknownParent` and `reorgTooDeep` say nothing about the block itself. */
export class ImportError extends ClientError<'unknownParent' | 'reorgTooDeep' | 'proofOfOtherBlock'> {}
