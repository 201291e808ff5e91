/**
 * Follows the chain that peers serve: finds where it leaves ours, fetches what lies behind in order, and imports it, by
 * execution or by proof. Which chain is preferred is for the importer to say; sync only brings blocks.
 */
import type { Block } from '@ethereumjs/block';
import { ClientError } from '../errors.ts';
import type {
  ChainImporter,
  ImportResult,
  SealedHeader as StoredHeader,
  VerifiedProof,
} from '../execution/interface.ts';
import type { HeaderRecord, PeerInfo } from '../p2p/interface.ts';
import type { Hash } from '../prover/interface.ts';
import {
  bytesOf,
  hashOf,
  type Obtained,
  obtainBlock,
  obtainOutcome,
  obtainProof,
  type ProvenData,
} from './block-data.ts';
import type { Missing, SyncOptions, SyncState, SyncStatus } from './interface.ts';
import { isRefusedSibling, judgementOf } from './judge.ts';
import { fetchMissingProofs, type MissingProofsModules } from './missing-proofs.ts';
import { type NamedBlock, readNamed } from './named-blocks.ts';
import { type Orphan, Orphans } from './orphans.ts';
import type { UnprovenBlock } from './unproven.ts';

export type SyncModules = MissingProofsModules & {
  readonly importer: ChainImporter;
  /** Whether a block is stored, canonical or not. */
  readonly isStored: (hash: Uint8Array) => boolean;
  readonly verifiedCount: () => bigint;
  readonly revocation: () => Pick<SyncStatus, 'revokedKeys' | 'distrusted'>;
  /** A verified proof that this node holds of a block that it has not imported: its own prover's. */
  readonly ownProof: (hash: Hash, parentHash: Uint8Array) => VerifiedProof | undefined;
  /** The blocks behind the head as a peer named them, whose first has no proof; told each time that it is asked for one. */
  readonly onUnproven: (entries: readonly UnprovenBlock[], from: string) => void;
  readonly onImported: (block: Block, seal: Uint8Array, result: ImportResult) => void;
  readonly onError: (where: string, error: unknown) => void;
  readonly now: () => number;
};

/** Headers asked for at once: the most that one answer holds. */
const HEADERS_AT_ONCE = 192;
/** A peer whose chain could not be followed is not asked again for this long, unless it names another head. */
const RETRY_PEER_MS = 15_000;
/** Blocks whose missing proofs are remembered: peers name them at will. */
const MAX_MISSING = 1024;
/** Where a peer's chain leaves ours is looked for so far below the head, then so many times farther each time. */
const STEP_BACK = 8n;

type Head = { readonly number: bigint; readonly hash: Uint8Array };

/** One loop from `start` to `stop`, which sleeps until `wake` or the next poll where nothing was to be done. */
export class ChainSync {
  private readonly options: SyncOptions;
  private readonly modules: SyncModules;
  private readonly stopper = new AbortController();
  /** By peer: not before this time. */
  private readonly retryAt = new Map<string, number>();
  /** By peer: the head that it last announced, until its status says as much. */
  private readonly announced = new Map<string, Head>();
  /** Peers whose blocks came in when they were asked last. */
  private readonly helpful = new Set<string>();
  /** By block: since when its proof is missing. */
  private readonly missingSince = new Map<Hash, number>();
  private readonly orphans = new Orphans();
  private state: SyncState = { kind: 'idle' };
  private isAwake = false;
  private rouse: () => void = () => {};
  private running: Promise<void> | undefined;
  /** Imports of announced blocks, one after the other. */
  private announcing: Promise<void> = Promise.resolve();
  private readonly startedAt: bigint;

  constructor(options: SyncOptions, modules: SyncModules) {
    this.options = options;
    this.modules = modules;
    this.startedAt = modules.importer.head().header.number;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** A peer has announced a block whose header passed; it can serve it, or knows who does. */
  noteHead(peer: string, head: Head): void {
    this.announced.set(peer, head);
    this.retryAt.delete(peer);
    this.wake();
  }

  /**
   * A peer has announced a block of a sealer's whose parent is not stored: what lies between is asked of it at once,
   * without a round for its status. A peer whose chain could not be followed lately is not believed before its status
   * says so.
   * @returns whether it is going to be asked
   */
  noteOrphan(peer: string, head: Head): boolean {
    const status = this.modules.network.peers().find(({ id }) => id === peer)?.status;
    if (status === undefined || head.number <= status.headNumber) return false;
    if ((this.retryAt.get(peer) ?? 0) > this.modules.now()) return false;
    this.announced.set(peer, head);
    this.wake();
    return true;
  }

  /** A block of a sealer's, announced with its body before its parent is stored; executed when that is. */
  keepOrphan(orphan: Orphan): void {
    this.orphans.add(orphan);
  }

  /**
   * A block that was announced with its body, after header and body have passed: executed at once, without the round of
   * requests by which the loop finds it. Whoever forwards a block need not have executed it and pays for nothing.
   */
  takeAnnounced(block: Block, seal: Uint8Array): void {
    this.announcing = this.announcing.then(() => this.importAnnounced(block, seal));
  }

  /** A peer's status names another head than before. */
  noteStatus(peer: string): void {
    this.retryAt.delete(peer);
    this.wake();
  }

  /** Something may have changed: a peer, an announcement, a proof. */
  wake(): void {
    this.isAwake = true;
    this.rouse();
  }

  async stop(): Promise<void> {
    this.stopper.abort();
    this.rouse();
    await Promise.all([this.running, this.announcing]);
  }

  status(): SyncStatus {
    const { importer, network, provenNumber, canonicalHash, verifiedCount, acceptedProofTypes } = this.modules;
    const head = importer.head();
    let highest = head.header.number;
    for (const peer of network.peers()) {
      const number = this.headOf(peer)?.number ?? 0n;
      if (number > highest) highest = number;
    }
    const proven = provenNumber();
    return {
      mode: this.options.mode,
      state: this.stateNow(highest > head.header.number),
      head: { number: head.header.number, hash: hashOf(head.hash()) },
      provenHead: { number: proven, hash: hashOf(canonicalHash(proven) ?? new Uint8Array(32)) },
      highest,
      startedAt: this.startedAt,
      acceptedProofTypes,
      ...this.modules.revocation(),
      verified: verifiedCount(),
      ...importer.counters(),
    };
  }

  /** A block that was waited for may have come in with the announcement of its proof, beside this loop. */
  private stateNow(isBehind: boolean): SyncState {
    const { state } = this;
    const isOver = state.kind === 'idle' || (state.kind === 'waiting' && this.modules.isStored(bytesOf(state.hash)));
    if (!isOver) return state;
    return { kind: isBehind ? 'looking' : 'idle' };
  }

  private async run(): Promise<void> {
    while (!this.stopper.signal.aborted) {
      this.isAwake = false;
      let progressed = false;
      try {
        progressed = (await this.step()) || (await fetchMissingProofs(this.modules, this.stopper.signal));
      } catch (error) {
        if (!this.stopper.signal.aborted) this.modules.onError('sync', error);
      }
      if (!progressed && !this.isAwake) await this.sleep();
    }
  }

  private async importAnnounced(block: Block, seal: Uint8Array): Promise<void> {
    const { importer, onImported, onError } = this.modules;
    if (this.stopper.signal.aborted) return;
    try {
      const { result } = await importer.importExecuted(block, seal);
      if (result.kind !== 'known') onImported(block, seal, result);
      this.wake();
      await this.adoptOrphans(hashOf(block.hash()));
    } catch (error) {
      if (isRefusedSibling(error)) return;
      onError(`block ${block.header.number} ${hashOf(block.hash())}`, error);
    }
  }

  /** Executes announced blocks that follow one that is stored now. */
  private async adoptOrphans(parent: Hash): Promise<void> {
    const { importer, assemble, network } = this.modules;
    for (const { headerRlp, seal, body, from } of this.orphans.takeChildren(parent)) {
      try {
        await importer.checkHeader({ header: headerRlp, seal });
        this.takeAnnounced(assemble(headerRlp, body), seal);
      } catch (error) {
        const judgement = judgementOf(error);
        if (judgement.verdict === 'reject') network.charge(from, judgement.fault ?? 'invalidHeader');
      }
    }
  }

  private sleep(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, this.options.pollMs);
      const { signal } = this.stopper;
      function done(): void {
        clearTimeout(timer);
        resolve();
      }
      this.rouse = done;
      if (signal.aborted || this.isAwake) done();
    });
  }

  /** @returns whether a block was imported */
  private async step(): Promise<boolean> {
    for (const peer of this.peersAhead()) {
      const entries = await this.entriesBehindOurs(peer);
      if (entries === undefined) {
        this.retryAt.set(peer.id, this.modules.now() + RETRY_PEER_MS);
        this.announced.delete(peer.id);
        this.helpful.delete(peer.id);
        continue;
      }
      if (await this.importAll(entries, peer.id)) {
        this.helpful.add(peer.id);
        return true;
      }
      this.helpful.delete(peer.id);
      if (this.stopper.signal.aborted) return false;
    }
    if (this.state.kind === 'importing') this.state = { kind: 'idle' };
    return false;
  }

  /**
   * Peers whose head is not ours and not behind ours: first those who have kept their word, then those whom this node has
   * chosen, then the highest. Each may take its time before it turns out to have nothing, and anyone may name any height.
   */
  private peersAhead(): PeerInfo[] {
    const { importer, network, isStored, now } = this.modules;
    const own = importer.head().header.number;
    const time = now();
    const here = new Set(network.peers().map(({ id }) => id));
    for (const kept of [this.retryAt, this.announced, this.helpful]) {
      for (const id of kept.keys()) if (!here.has(id)) kept.delete(id);
    }
    const ahead: { readonly peer: PeerInfo; readonly number: bigint }[] = [];
    for (const peer of network.peers()) {
      const head = this.headOf(peer);
      if (head === undefined || (this.retryAt.get(peer.id) ?? 0) > time) continue;
      if (head.number >= own && !isStored(head.hash)) ahead.push({ peer, number: head.number });
    }
    const trust = ({ id, direction }: PeerInfo): number =>
      this.helpful.has(id) ? 2 : direction === 'outbound' ? 1 : 0;
    return ahead.sort((a, b) => trust(b.peer) - trust(a.peer) || Number(b.number - a.number)).map(({ peer }) => peer);
  }

  /** What a peer's status says, or what it has announced since. */
  private headOf({ id, status }: PeerInfo): Head | undefined {
    const announced = this.announced.get(id);
    if (announced !== undefined && (status === undefined || announced.number > status.headNumber)) return announced;
    this.announced.delete(id);
    return status && { number: status.headNumber, hash: bytesOf(status.headHash) };
  }

  /**
   * The peer's blocks from the first that we do not have on, oldest first. They may follow a block beside our chain: two
   * branches that grow side by side are compared block by block, not from where they parted each time.
   * @returns undefined if its chain leaves ours too far below the head, or it does not serve it
   */
  private async entriesBehindOurs(peer: PeerInfo): Promise<NamedBlock[] | undefined> {
    const { network, isStored, importer } = this.modules;
    const own = importer.head().header.number;
    const signal = this.stopper.signal;
    // Whether its chain leaves ours below the head is not known: a few headers more cost less than another question.
    for (let back = STEP_BACK; ; back *= STEP_BACK) {
      const tooDeep = back > BigInt(this.options.reorgDepth);
      const depth = tooDeep ? BigInt(this.options.reorgDepth) : back;
      const first = own > depth ? own + 1n - depth : 1n;
      const answer = await network.headers({ from: first, count: HEADERS_AT_ONCE }, { signal, peer: peer.id });
      // It may have gone over to a lower chain since it named its head; what lies below is looked at.
      if (!answer.ok && answer.code !== 'unknown') return undefined;
      const entries = readNamed(this.modules, answer.ok ? answer.value : [], peer.id);
      if (entries === undefined) return undefined;
      if (entries[0] !== undefined && isStored(entries[0].parentHash)) {
        const fresh = entries.findIndex((e) => !isStored(bytesOf(e.hash)));
        return fresh < 0 ? undefined : entries.slice(fresh);
      }
      if (tooDeep || first === 1n) return undefined;
    }
  }

  /** Imports blocks in order, fetching a few ahead. @param from who named them @returns whether any came in */
  private async importAll(entries: readonly NamedBlock[], from: string): Promise<boolean> {
    const ahead: Promise<Obtained<Block | ProvenData>>[] = [];
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.stopper.signal]);
    const fetchTo = (end: number): void => {
      while (ahead.length < Math.min(end, entries.length)) {
        const fetched = this.obtain(entries[ahead.length]!, from, signal);
        // An import that ends early leaves fetches behind; their errors are those of the abort.
        fetched.catch(() => {});
        ahead.push(fetched);
      }
    };
    let imported = false;
    try {
      for (const [i, entry] of entries.entries()) {
        // Asking for what is waited for is no import yet.
        if (this.state.kind !== 'waiting' || this.state.hash !== entry.hash)
          this.state = { kind: 'importing', number: entry.number, hash: entry.hash };
        if (!(await this.headerPasses(entries.slice(i), from))) break;
        fetchTo(i + this.window());
        const data = await ahead[i]!;
        if (this.stopper.signal.aborted) break;
        if (!data.ok) {
          this.state = { kind: 'waiting', number: entry.number, hash: entry.hash, missing: data.missing };
          if (data.missing === 'proof') this.modules.onUnproven(entries.slice(i), from);
          break;
        }
        this.state = { kind: 'importing', number: entry.number, hash: entry.hash };
        if (!(await this.importOne(entry, data.value, from))) break;
        this.missingSince.delete(entry.hash);
        imported = true;
      }
    } finally {
      stop.abort();
    }
    // What followed by itself need not be asked for.
    await this.announcing;
    if (imported && this.state.kind === 'importing') this.state = { kind: 'idle' };
    return imported;
  }

  /** Blocks to fetch ahead; for execution a body is all that is fetched. */
  private window(): number {
    return this.options.mode === 'full' ? this.options.window * 2 : this.options.window;
  }

  /** Whether the first of these blocks is to be imported: for itself, or since the others make a higher chain on it. */
  private async headerPasses(entries: readonly NamedBlock[], from: string): Promise<boolean> {
    const { importer, network, now } = this.modules;
    const branch = entries.map(storedHeader);
    try {
      if ((await importer.checkHeader(branch[0]!)).isWanted) return true;
      if (await importer.admitBranch(branch)) return true;
    } catch (error) {
      const judgement = judgementOf(error);
      if (judgement.verdict === 'reject') network.charge(from, judgement.fault ?? 'invalidHeader');
      if (isRefusedSibling(error) && (await importer.admitBranch(branch))) return true;
    }
    this.retryAt.set(from, now() + RETRY_PEER_MS);
    return false;
  }

  private async obtain(entry: NamedBlock, from: string, signal: AbortSignal): Promise<Obtained<Block | ProvenData>> {
    const o = { signal, prefer: [from] };
    if (this.options.mode === 'full' || this.fallsBack(entry.hash)) return obtainBlock(this.modules, entry, o);
    const own = this.modules.ownProof(entry.hash, entry.parentHash);
    const [proof, block] = await Promise.all([
      own === undefined ? obtainProof(this.modules, entry, from, o) : ({ ok: true, value: own } as const),
      obtainBlock(this.modules, entry, o),
    ]);
    if (!proof.ok) return this.without(entry.hash, proof.missing);
    if (!block.ok) return block;
    const outcome = await obtainOutcome(this.modules, block.value, entry.hash, o);
    if (!outcome.ok) return outcome;
    return { ok: true, value: { block: block.value, proof: proof.value, ...outcome.value } };
  }

  private without(hash: Hash, missing: Missing): Obtained<never> {
    if (!this.missingSince.has(hash)) this.missingSince.set(hash, this.modules.now());
    const [oldest] = this.missingSince.keys();
    if (this.missingSince.size > MAX_MISSING && oldest !== undefined) this.missingSince.delete(oldest);
    return { ok: false, missing };
  }

  /** Whether a proof has been missing for so long that the block is executed instead. */
  private fallsBack(hash: Hash): boolean {
    if (this.options.fallback === 'wait') return false;
    const since = this.missingSince.get(hash);
    return since !== undefined && this.modules.now() - since >= this.options.fallbackAfterMs;
  }

  private async importOne(entry: NamedBlock, data: Block | ProvenData, from: string): Promise<boolean> {
    const { importer, onImported, network } = this.modules;
    const { seal } = entry;
    try {
      const isProven = 'stateDiff' in data;
      const block = isProven ? data.block : data;
      const result = isProven
        ? await importer.importProven({ ...data, seal })
        : (await importer.importExecuted(data, seal)).result;
      onImported(block, seal, result);
      await this.adoptOrphans(entry.hash);
      return true;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      const judgement = judgementOf(error);
      // The proof speaks for the block: what does not lead to its state is the diff, and its server's.
      const guilty = 'stateDiff' in data ? data.diffFrom : from;
      if (judgement.verdict === 'reject') network.charge(guilty, judgement.fault ?? 'invalidHeader');
      if (guilty === from) this.retryAt.set(from, this.modules.now() + RETRY_PEER_MS);
      // A lie about a diff is no error of this node, and cannot fill its log.
      if (judgement.verdict !== 'reject' || judgement.fault !== 'invalidDiff')
        this.modules.onError(`block ${entry.number} ${entry.hash}`, error);
      return false;
    }
  }
}

const storedHeader = ({ headerRlp, seal }: HeaderRecord): StoredHeader => ({ header: headerRlp, seal });
