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
import { sealerIndex, turnOf, validateSeal, validateSealer } from '../sealing/turns.ts';
import { applyProvenBlock } from '../state/apply-proven.ts';
import { MissingContentError } from '../state/strict-source.ts';
import { proofKey, putBlock, putHeadChange } from './blocks.ts';
import type { ChainView } from './chain-view.ts';
import { contentSource, putChanges, putExecuted } from './commit.ts';
import { numberKey, numberOfKey } from './schema.ts';
import { SealLog, type SealPlace } from './seal-log.ts';
import type { Store, StoreBatch } from './store.ts';

export const DEFAULT_REORG_DEPTH = 64;
/** Hashes of blocks that are taken for the chain that goes over them, until they are stored; more than a range of headers. */
const MAX_ADMITTED = 1024;
/** Blocks that broke a rule when they ran: whoever shows one again does not make it run again. */
const MAX_BROKEN = 1024;

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
type Counter = Exclude<keyof ImportCounters, 'siblingsRefused'>;
type Judged = Omit<HeaderVerdict, 'isWanted'>;

/** The one way by which blocks enter the store: rules, execution or proof, fork choice, one batch. */
export class Importer implements ChainImporter {
  readonly #options: ImporterOptions;
  readonly #modules: ImporterModules;
  readonly #seals: SealLog;
  /** refused beside their siblings, and part of a higher chain */
  readonly #admitted = new Set<string>();
  /** by hash: the rule that the block broke when it ran */
  readonly #broken = new Map<string, ClientError>();
  #siblingsRefused = 0n;
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
    siblingsRefused: this.#siblingsRefused,
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
    const demand = this.#demandFor(verdict);
    if (demand === 'none') throw this.#refusal(verdict);
    if (demand === 'seal') this.#siblingsRefused++;
    return { ...verdict, isWanted: demand === 'block' };
  };

  readonly admitBranch = async (branch: readonly SealedHeader[]): Promise<boolean> => {
    const { network, now } = this.#modules;
    if (this.#head.header.number >= this.#highestOf(branch)) return false;
    const names: string[] = [];
    let admitted = 0;
    let parent: BlockHeader | undefined;
    for (const sealed of branch) {
      let judged: Judged;
      try {
        const header = decodeHeader(network.common, sealed.header);
        if (parent === undefined) judged = this.#judge(header, sealed.seal);
        else judged = judgeAfter(network, header, parent, sealed.seal, now());
      } catch (error) {
        // Whoever sent it is charged when its turn to be imported comes.
        if (error instanceof ClientError) break;
        throw error;
      }
      const { header, hash, sealer } = judged;
      names.push(hex(hash));
      parent = header;
      if (header.number <= this.#head.header.number) continue;
      if (sealer !== undefined) await this.#seals.observe(header.number, sealer, sealed);
      if (this.#placeOf(judged) !== 'later') admitted = names.length;
    }
    for (const name of names.slice(0, admitted)) this.#admit(name);
    return admitted > 0;
  };

  readonly importExecuted = (
    block: Block,
    seal: Uint8Array,
  ): Promise<{ readonly result: ImportResult; readonly execution: BlockExecution | undefined }> =>
    this.#queued(async () => {
      const hash = block.hash();
      if (this.#isStored(hash)) return { result: { kind: 'known' }, execution: undefined };
      const verdict = this.#judgeWanted(block.header, seal);
      const execution = await this.#execute(block, hex(hash));
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
      const verdict = this.#judgeWanted(block.header, seal);
      const parent = this.#header(block.header.parentHash);
      const changes = applyProvenBlock(network, contentSource(store), parent, { block, receipts, stateDiff });
      return await this.#store(block, seal, verdict, 'applied', (batch) => {
        putBlock(batch, { block, receiptsRlp: receipts, stateDiff, seal });
        putChanges(batch, changes);
        batch.put('proofs', key, proof.bytes);
      });
    });

  async #execute(block: Block, name: string): Promise<BlockExecution> {
    const known = this.#broken.get(name);
    if (known !== undefined) throw known;
    try {
      return await this.#modules.executor.execute(block);
    } catch (error) {
      // What this store lacks says nothing of the block.
      if (error instanceof ClientError && !(error instanceof MissingContentError)) {
        this.#broken.set(name, error);
        const [oldest] = this.#broken.keys();
        if (this.#broken.size > MAX_BROKEN && oldest !== undefined) this.#broken.delete(oldest);
      }
      throw error;
    }
  }

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
  #judge(header: BlockHeader, seal: Uint8Array): Judged {
    const { network, now } = this.#modules;
    // An announced block whose parent is missing is looked for: only one that a sealer has made.
    if (!this.#isStored(header.parentHash)) validateSealer(network, header, seal);
    const parent = this.#header(header.parentHash);
    const judged = judgeAfter(network, header, parent, seal, now());
    this.#forkPoint(header.parentHash, parent);
    return judged;
  }

  /** `#judge`, for a block that is about to be imported. @throws ImportError `siblingRefused` too */
  #judgeWanted(header: BlockHeader, seal: Uint8Array): Judged {
    const judged = this.#judge(header, seal);
    if (this.#demandFor(judged) !== 'block') throw this.#refusal(judged);
    return judged;
  }

  /** Of a block that obeys the rules of its header: is it to be imported, is its seal of use as evidence, or neither? */
  #demandFor(judged: Judged): 'block' | 'seal' | 'none' {
    const { header, hash, isInTurn } = judged;
    const place = this.#placeOf(judged);
    if (place === 'first' || this.#admitted.has(hex(hash)) || this.#isStored(hash)) return 'block';
    if (place === 'later') return 'none';
    return isPreferred({ number: header.number, isInTurn, hash }, this.#headCandidate()) ? 'block' : 'seal';
  }

  /** Blocks of networks without sealers have no siblings of one sealer. */
  #placeOf({ header, sealer }: Judged): SealPlace {
    return sealer === undefined ? 'first' : this.#seals.placeOf(header.number, sealer, header.serialize());
  }

  #refusal({ header, hash, sealer = new Uint8Array(0) }: Judged): ImportError {
    this.#siblingsRefused++;
    const detail = { number: header.number, hash: hex(hash), sealer: hex(sealer) };
    const message = `block ${detail.number} ${detail.hash} is one of several that ${detail.sealer} sealed at this height`;
    return new ImportError('siblingRefused', message, detail);
  }

  /** As the last header that decodes says: enough to see that a branch is no higher than the head, at the price of no signature. */
  #highestOf(branch: readonly SealedHeader[]): bigint {
    try {
      const last = branch.at(-1);
      return last === undefined ? 0n : decodeHeader(this.#modules.network.common, last.header).number;
    } catch (error) {
      if (error instanceof ClientError) return 0n;
      throw error;
    }
  }

  #admit(name: string): void {
    this.#admitted.delete(name);
    this.#admitted.add(name);
    const [oldest] = this.#admitted;
    if (this.#admitted.size > MAX_ADMITTED && oldest !== undefined) this.#admitted.delete(oldest);
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
    { sealer, isInTurn, hash }: Judged,
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
    this.#admitted.delete(hex(hash));
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

/** Every rule of a header and its seal against its parent's header. @throws ClientError */
function judgeAfter(
  network: Network,
  header: BlockHeader,
  parent: BlockHeader,
  seal: Uint8Array,
  nowMs: number,
): Judged {
  validateHeader(network.config, header, parent, parent.hash());
  return { header, hash: header.hash(), ...validateSeal(network, header, parent, seal, nowMs) };
}

/** `unknownParent`, `reorgTooDeep` and `siblingRefused` say nothing about the block itself. */
export class ImportError extends ClientError<
  'unknownParent' | 'reorgTooDeep' | 'siblingRefused' | 'proofOfOtherBlock'
> {}
