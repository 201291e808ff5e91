/**
 * What becomes of an announcement: size, known fork, header rules, seal or forkchoice, then fetch, verify, adopt; only
 * then is it forwarded. Every step that fails names who is to blame.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { ClientError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Verdict } from '../host/host.ts';
import type {
  BlockAnnouncement,
  Fetched,
  FetchOptions,
  Judgement,
  NetworkCounters,
  NetworkPorts,
  ProofAnnouncement,
  ProofDescriptor,
  SealedHeader,
} from '../interface.ts';
import type { PeerBook } from '../peers/book.ts';
import type { Fault } from '../peers/faults.ts';
import { faultOf, reasonOf } from './blame.ts';
import { sha256 } from './descriptor.ts';
import { decodeBlockAnnouncement, decodeProofAnnouncement, encodeProofAnnouncement, hex } from './messages.ts';
import { Semaphore } from './semaphore.ts';

export type AnnouncementLimits = {
  /** for a proof to arrive once it is its turn; milliseconds */
  readonly fetchMs: number;
  /** from an announcement to its verdict; milliseconds */
  readonly totalMs: number;
  /** proofs that are fetched, and verified, at a time */
  readonly fetches: number;
  readonly verifications: number;
  /** announcements of one peer, and of all, that wait for their verdict */
  readonly pendingPerPeer: number;
  readonly pending: number;
};
export const ANNOUNCEMENT_LIMITS: AnnouncementLimits = {
  fetchMs: 60_000,
  totalMs: 180_000,
  fetches: 8,
  verifications: 1,
  pendingPerPeer: 8,
  pending: 64,
};

/** Different descriptors for one (block, proof type) that may be pending: a withheld one blocks no other. */
const MAX_PENDING_PER_PROOF = 3;
/** Contents that did not verify are remembered, so that they cost one verification in all. */
const MAX_REMEMBERED_FALSE = 4096;
/** Blocks that were forwarded; of one block there are as many messages as sizes that its body might have. */
const MAX_REMEMBERED_SAID = 1024;

export type AnnouncementModules = {
  readonly ports: Pick<
    NetworkPorts,
    'forkHashOf' | 'judgeHeader' | 'judgeBody' | 'wantsProof' | 'verifyProof' | 'adoptProof' | 'onBlock' | 'onOrphan'
  >;
  readonly fetchProof: (descriptor: ProofDescriptor, o: FetchOptions) => Promise<Fetched<Uint8Array>>;
  readonly book: PeerBook;
  readonly log: Logger;
  /** A proof has been adopted; claims to prove its block are fulfilled. */
  readonly onAdopted: (announcement: ProofAnnouncement) => void;
  /** A peer announces what follows nothing that is stored, and the node does not ask it for what lies between. */
  readonly onUnknownParent: (peer: string) => void;
  /** ends all work */
  readonly signal: AbortSignal;
};

export type AnnouncementCounters = Omit<
  NetworkCounters,
  'publishedToNobody' | 'peersDropped' | 'transactions' | 'claims'
>;

/** Judges announcements of proofs and blocks; proofs beyond what its limits let pend, come or be verified are ignored. */
export class Announcements {
  readonly #limits: AnnouncementLimits;
  readonly #modules: AnnouncementModules;
  readonly #fetching: Semaphore;
  readonly #verifying: Semaphore;
  /** block hash and type → contents that are pending */
  readonly #pending = new Map<string, Map<string, string>>();
  readonly #pendingOf = new Map<string, number>();
  #pendingTotal = 0;
  /** content → what whoever says it again is charged with */
  readonly #false = new Map<string, Fault>();
  /** sealed headers that were forwarded, and whether with their bodies */
  readonly #said = new Map<string, boolean>();
  readonly #counts = { accepted: 0, ignored: 0, rejected: 0, verified: 0, verifiedFalse: 0 };

  constructor(limits: AnnouncementLimits, modules: AnnouncementModules) {
    this.#limits = limits;
    this.#modules = modules;
    this.#fetching = new Semaphore(limits.fetches);
    this.#verifying = new Semaphore(limits.verifications);
  }

  counters(): AnnouncementCounters {
    return { ...this.#counts, pending: this.#pendingTotal };
  }

  /** The verdict on an `execution_proof` message. @param forkHash of the topic that it came by */
  onProof(bytes: Uint8Array, forkHash: string, from: string): Promise<Verdict> {
    return this.#counted('proof', from, () => this.#judgeProof(bytes, forkHash, from));
  }

  /** The verdict on a `block` message. */
  onBlock(bytes: Uint8Array, forkHash: string, from: string): Promise<Verdict> {
    return this.#counted('block', from, () => this.#judgeBlock(bytes, forkHash, from));
  }

  async #counted(topic: string, from: string, judge: () => Promise<Outcome>): Promise<Verdict> {
    const { book, log } = this.#modules;
    let outcome: Outcome;
    try {
      outcome = await judge();
    } catch (error) {
      const fault = faultOf(error);
      if (fault === undefined) log.error({ topic, reason: reasonOf(error) }, 'an announcement failed in this node');
      outcome =
        fault === undefined
          ? { verdict: 'ignore', code: 'internal' }
          : { verdict: 'reject', code: 'malformed', fault, detail: reasonOf(error) };
    }
    if (outcome.fault !== undefined) book.charge(from, outcome.fault, `${topic}: ${outcome.detail ?? outcome.code}`);
    log.debug({ topic, from, verdict: outcome.verdict, code: outcome.code }, 'announcement judged');
    this.#counts[COUNTER[outcome.verdict]]++;
    return outcome.verdict;
  }

  async #judgeBlock(bytes: Uint8Array, forkHash: string, from: string): Promise<Outcome> {
    const { ports, book } = this.#modules;
    if (!book.spend(from, 'messages')) return TOO_MANY;
    const block: BlockAnnouncement = decodeBlockAnnouncement(bytes);
    const name = hex(sha256(Buffer.concat([block.headerRlp, block.seal])));
    if (this.#isSaid(name, block)) return SAID;
    const header = await this.#judgeHeader(block, forkHash, from);
    if (header.verdict !== 'accept') return header;
    if (block.body !== undefined) {
      const body = await ports.judgeBody(block, block.body);
      if (body.verdict !== 'accept') return outcomeOf(body, 'invalidBody');
    }
    // It may have been said otherwise meanwhile.
    if (this.#isSaid(name, block)) return SAID;
    this.#said.delete(name);
    this.#said.set(name, block.body !== undefined);
    const [oldest] = this.#said.keys();
    if (this.#said.size > MAX_REMEMBERED_SAID && oldest !== undefined) this.#said.delete(oldest);
    ports.onBlock(block, from);
    return ACCEPT;
  }

  /** Whether this says no more of a block than what has been forwarded: it costs peers a message all the same. */
  #isSaid(name: string, { body }: BlockAnnouncement): boolean {
    const withBody = this.#said.get(name);
    return withBody === true || (withBody === false && body === undefined);
  }

  async #judgeProof(bytes: Uint8Array, forkHash: string, from: string): Promise<Outcome> {
    const { ports, book } = this.#modules;
    if (!book.spend(from, 'messages')) return TOO_MANY;
    const announcement = decodeProofAnnouncement(bytes);
    const { claim, proof } = announcement;
    if (hex(keccak_256(announcement.headerRlp)) !== claim.blockHash) {
      return { verdict: 'reject', code: 'claimOfAnotherBlock', fault: 'malformedMessage' };
    }
    const content = contentOf(announcement);
    const knownFalse = this.#false.get(content);
    if (knownFalse !== undefined) return { verdict: 'reject', code: 'knownFalse', fault: knownFalse };
    const release = this.#enter(`${claim.blockHash} ${proof.proofType}`, content, from);
    if (release === undefined) return { verdict: 'ignore', code: 'pending' };
    try {
      const header = await this.#judgeHeader(announcement, forkHash, from);
      if (header.verdict !== 'accept') return header;
      const wanted = await ports.wantsProof(announcement);
      if (wanted.verdict !== 'accept') return outcomeOf(wanted, 'malformedMessage');
      // No fault: a prover that catches up announces in bursts, and what is ignored costs nothing.
      if (!book.spend(from, 'proofChecks')) return { verdict: 'ignore', code: 'proofBudget' };
      const deadline = AbortSignal.any([this.#modules.signal, AbortSignal.timeout(this.#limits.totalMs)]);
      return await this.#check(announcement, content, from, deadline);
    } finally {
      release();
    }
  }

  async #judgeHeader(header: SealedHeader, forkHash: string, from: string): Promise<Outcome> {
    const { ports, onUnknownParent } = this.#modules;
    let fork: string | undefined;
    try {
      fork = ports.forkHashOf(header.headerRlp);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      return { verdict: 'reject', code: error.code, fault: 'invalidHeader' };
    }
    if (fork === undefined) return { verdict: 'reject', code: 'unknownFork', fault: 'unknownFork' };
    if (fork !== forkHash) return { verdict: 'reject', code: 'topicOfAnotherFork', fault: 'unknownFork' };
    const judgement = await ports.judgeHeader(header);
    const isOrphan = judgement.verdict !== 'accept' && judgement.code === 'unknownParent';
    if (isOrphan && !ports.onOrphan(header, from)) onUnknownParent(from);
    return outcomeOf(judgement, 'invalidHeader');
  }

  async #check(a: ProofAnnouncement, content: string, from: string, signal: AbortSignal): Promise<Outcome> {
    const { ports } = this.#modules;
    const fetched = await this.#fetch(a, from, signal);
    if (!('value' in fetched)) return fetched;
    const release = await this.#verifying.acquire(1, signal);
    if (release === undefined) return { verdict: 'ignore', code: 'overloaded' };
    let verified: Judgement;
    try {
      verified = await ports.verifyProof(a, fetched.value, signal);
    } finally {
      release();
    }
    if (verified.verdict === 'ignore') return outcomeOf(verified, 'invalidProof');
    // Only now an attempt has been made.
    this.#counts.verified++;
    if (verified.verdict === 'reject') {
      this.#counts.verifiedFalse++;
      const outcome = outcomeOf(verified, 'invalidProof');
      this.#rememberFalse(content, outcome.fault ?? 'invalidProof');
      return outcome;
    }
    const adopted = await ports.adoptProof(a, fetched.value, from);
    if (adopted.verdict !== 'accept') return { ...adopted, verdict: 'ignore' };
    this.#modules.onAdopted(a);
    return ACCEPT;
  }

  async #fetch(
    a: ProofAnnouncement,
    from: string,
    signal: AbortSignal,
  ): Promise<Outcome | { readonly value: Uint8Array }> {
    const release = await this.#fetching.acquire(1, signal);
    if (release === undefined) return { verdict: 'ignore', code: 'overloaded' };
    try {
      const timed = AbortSignal.any([signal, AbortSignal.timeout(this.#limits.fetchMs)]);
      const fetched = await this.#modules.fetchProof(a.proof, { signal: timed, prefer: [from] });
      if (fetched.ok) return fetched;
      if (this.#modules.signal.aborted) return { verdict: 'ignore', code: 'stopping' };
      // Whoever forwards has fetched, verified and stored: it can serve.
      return { verdict: 'ignore', code: 'notFetched', fault: 'withheldData', detail: `proof ${a.proof.proofHash}` };
    } finally {
      release();
    }
  }

  /** Takes a place among those that wait; undefined where there is none or the same content has one. */
  #enter(proofOf: string, content: string, from: string): (() => void) | undefined {
    const { pendingPerPeer, pending } = this.#limits;
    const mine = this.#pendingOf.get(from) ?? 0;
    const contents = this.#pending.get(proofOf) ?? new Map<string, string>();
    const taken =
      contents.size >= MAX_PENDING_PER_PROOF || contents.has(content) || [...contents.values()].includes(from);
    if (taken || mine >= pendingPerPeer || this.#pendingTotal >= pending) return undefined;
    contents.set(content, from);
    this.#pending.set(proofOf, contents);
    this.#pendingOf.set(from, mine + 1);
    this.#pendingTotal++;
    return () => {
      contents.delete(content);
      if (contents.size === 0) this.#pending.delete(proofOf);
      const left = (this.#pendingOf.get(from) ?? 1) - 1;
      if (left === 0) this.#pendingOf.delete(from);
      else this.#pendingOf.set(from, left);
      this.#pendingTotal--;
    };
  }

  #rememberFalse(content: string, fault: Fault): void {
    this.#false.set(content, fault);
    const [oldest] = this.#false.keys();
    if (this.#false.size > MAX_REMEMBERED_FALSE && oldest !== undefined) this.#false.delete(oldest);
  }
}

/** A verdict with its reason and, where somebody is to blame, the fault. */
type Outcome = {
  readonly verdict: Verdict;
  readonly code: string;
  readonly fault?: Fault;
  readonly detail?: string;
};

const ACCEPT: Outcome = { verdict: 'accept', code: 'accepted' };
const TOO_MANY: Outcome = { verdict: 'ignore', code: 'tooManyMessages', fault: 'tooManyMessages' };
/** No fault: it says nothing false. */
const SAID: Outcome = { verdict: 'ignore', code: 'saidBefore' };
const COUNTER = { accept: 'accepted', ignore: 'ignored', reject: 'rejected' } as const;

/** An ignored message is nobody's fault; a rejected one is its sender's. */
function outcomeOf(judgement: Judgement, fault: Fault): Outcome {
  if (judgement.verdict === 'accept') return ACCEPT;
  if (judgement.verdict === 'ignore') return judgement;
  return { fault, ...judgement, detail: judgement.code };
}

/** What a verification depends on: everything but the seal, which makes a block canonical, not valid. */
function contentOf(announcement: ProofAnnouncement): string {
  return hex(sha256(encodeProofAnnouncement({ ...announcement, seal: new Uint8Array(0) })));
}
