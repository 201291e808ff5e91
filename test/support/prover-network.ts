/**
 * Provers that share work over a network that delays, reorders and loses, on a clock that only the test moves: the
 * claims, the work-sharing and the queue are the node's own; blocks, gossip and proving are made up.
 */
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { workSharing } from '../../client/node/work-sharing.ts';
import type { ProvingClaim } from '../../client/p2p/interface.ts';
import { PEER_RATES, PeerBook } from '../../client/p2p/peers/book.ts';
import { Claims } from '../../client/p2p/proofs/claims.ts';
import type { BlockClaim, Hash } from '../../client/prover/interface.ts';
import { jobStore } from '../../client/prover/service/job-store.ts';
import { ProvingQueue } from '../../client/prover/service/queue.ts';
import { hashOf } from '../../client/sync/block-data.ts';
import { memoryTables } from './service-tables.ts';

const TYPE = 128;
const ZERO: Hash = `0x${'00'.repeat(32)}`;
const CLAIM: BlockClaim = {
  ...{ schemaId: 0x7a01, chainId: 1337n, chainSpecHash: ZERO, parentHash: ZERO },
  ...{ blockHash: ZERO, newPayloadRequestRoot: ZERO },
};
const STATS = { segments: 1, instructions: 1, cells: 1, interactions: 1, provingMs: 5, stages: {}, peakRssBytes: 1 };
const TICK_MS = 100;
const START_MS = 1_800_000_000_000;

/** A prover at work on a block; times are ms since the start of the run. */
export type Work = { readonly prover: number; readonly block: number; readonly from: number; to: number | undefined };

export type Wire = {
  /** ms that a message takes to one of its receivers; undefined: it is lost to that one */
  readonly delay: () => number | undefined;
};

export class ProverNetwork {
  readonly works: Work[] = [];
  /** block → when somebody had proven it */
  readonly provenAt = new Map<number, number>();
  private readonly t: TestContext;
  private readonly wire: Wire;
  private readonly provers: SimulatedProver[] = [];

  constructor(t: TestContext, wire: Wire) {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout', 'setInterval'], now: START_MS });
    this.t = t;
    this.wire = wire;
    t.after(() => this.stop());
  }

  now(): number {
    return Date.now() - START_MS;
  }

  /** @param proveMs time that a block takes this prover; infinite: it never ends and goes on saying that it works */
  add(proveMs: (block: number) => number): SimulatedProver {
    const prover = new SimulatedProver(this.provers.length, proveMs, {
      say: (message, from) => this.toOthers(from, (to) => to.hear(message)),
      prove: (block, from) => {
        this.provenAt.set(block, Math.min(this.now(), this.provenAt.get(block) ?? Number.POSITIVE_INFINITY));
        this.toOthers(from, (to) => to.takeProof(block), 0);
      },
      others: (from) => this.provers.filter((each) => each !== from && each.isUp).length,
      work: (work) => this.works.push(work),
      now: () => this.now(),
    });
    this.provers.push(prover);
    return prover;
  }

  /** Lets time pass, in steps of a tenth of a second. */
  async pass(ms: number, isOver: () => boolean = () => false): Promise<void> {
    for (const end = this.now() + ms; this.now() < end && !isOver(); ) {
      this.t.mock.timers.tick(TICK_MS);
      await settle();
    }
  }

  /** How long two provers worked on one block at once, by block, in ms; the longest pair of each. */
  overlaps(): ReadonlyMap<number, number> {
    const overlaps = new Map<number, number>();
    for (const a of this.works)
      for (const b of this.works) {
        if (a.block !== b.block || a.prover >= b.prover) continue;
        const both = Math.min(a.to ?? this.now(), b.to ?? this.now()) - Math.max(a.from, b.from);
        if (both > (overlaps.get(a.block) ?? 0)) overlaps.set(a.block, both);
      }
    return overlaps;
  }

  async stop(): Promise<void> {
    await Promise.all(this.provers.map((prover) => prover.kill()));
  }

  /** Proofs are asked for until they have come: they are late, not lost. */
  private toOthers(from: SimulatedProver, deliver: (to: SimulatedProver) => void, lost?: number): void {
    for (const to of this.provers) {
      const delay = this.wire.delay() ?? (lost === undefined ? undefined : 2000);
      if (to !== from && delay !== undefined) setTimeout(() => to.isUp && deliver(to), delay);
    }
  }
}

type Surroundings = {
  readonly say: (message: Uint8Array, from: SimulatedProver) => void;
  readonly prove: (block: number, from: SimulatedProver) => void;
  readonly others: (from: SimulatedProver) => number;
  readonly work: (work: Work) => void;
  readonly now: () => number;
};

export class SimulatedProver {
  readonly index: number;
  isUp = false;
  private readonly key: Uint8Array;
  private readonly proveMs: (block: number) => number;
  private readonly around: Surroundings;
  private readonly tables = memoryTables();
  private readonly known = new Set<number>();
  private readonly proven = new Set<number>();
  private claims: Claims | undefined;
  private queue: ProvingQueue | undefined;
  private ended = new AbortController();

  constructor(index: number, proveMs: (block: number) => number, around: Surroundings) {
    this.index = index;
    this.key = sha256(Buffer.from(`prover ${index}`));
    this.proveMs = proveMs;
    this.around = around;
  }

  /** Starts its process, with nothing of an earlier one but what it had stored. */
  async start(): Promise<void> {
    this.isUp = true;
    this.ended = new AbortController();
    const now = Date.now;
    const claims = new Claims({
      genesisHash: ZERO,
      identity: { publicKey: this.key, sign: async (message) => signature(this.key, message) },
      verify: (key, message, signed) => Buffer.compare(signature(key, message), signed) === 0,
      isProvable: (hash) => this.isWanted(numberOf(hash)),
      onContested: (own) => void this.say(own),
      book: new PeerBook({ now, onBan: () => {}, onFault: () => {} }, PEER_RATES),
      now,
    });
    this.claims = claims;
    const network = {
      claimProving: (claim: ProvingClaim) => this.say(claim),
      claimedUntil: (hash: Hash, type: number) => claims.until(hash, type),
      isOwnClaimFirst: (hash: Hash, type: number) => claims.isOwnFirst(hash, type),
      peers: () => Array.from({ length: this.around.others(this) }, () => ({}) as never),
    };
    this.queue = new ProvingQueue(
      { profile: 'P100', deadlineMs: 3_600_000, maxBacklog: 1000, retryAfterMs: () => 10_000 },
      {
        store: jobStore(this.tables, TYPE),
        prover: { prove: ({ input }, { signal }) => this.prove(numberOf(hashOf(input)), signal) },
        isWanted: (hash) => this.isWanted(numberOf(hashOf(hash))),
        sharing: workSharing(() => network, TYPE),
        jobInput: async (hash) => ({ ok: true, input: hash, headerRlp: hash, expected: CLAIM }),
        accept: async () => ({
          ok: true,
          info: { proofType: TYPE, vkHash: ZERO, claim: CLAIM, proofHash: ZERO, proofSize: 1, verifyingTimeMs: 1 },
        }),
        now,
        onChange: (hash, job) => {
          if (job.state !== 'proved') return;
          this.proven.add(numberOf(hashOf(hash)));
          this.around.prove(numberOf(hashOf(hash)), this);
        },
        onProgress: () => {},
        onError: (error) => {
          throw error;
        },
      },
    );
    await this.queue.resume();
  }

  /** `kill -9`: nothing is said, what was stored stays. */
  async kill(): Promise<void> {
    this.isUp = false;
    this.ended.abort();
    await this.queue?.stop();
    this.queue = undefined;
  }

  /** A block has been imported. */
  learn(block: number): void {
    this.known.add(block);
    if (this.isWanted(block)) void this.queue?.request(hashAt(block), BigInt(block));
  }

  hear(message: Uint8Array): void {
    void this.claims?.onClaim(message, 'peer');
  }

  takeProof(block: number): void {
    this.proven.add(block);
    this.claims?.fulfilled(hashOf(hashAt(block)), TYPE);
    this.queue?.recheck();
  }

  private isWanted(block: number): boolean {
    return this.known.has(block) && !this.proven.has(block);
  }

  private async say(claim: ProvingClaim): Promise<number> {
    if (!this.isUp || this.claims === undefined) return 0;
    this.around.say(await this.claims.sign(claim), this);
    return this.around.others(this);
  }

  private async prove(
    block: number,
    signal: AbortSignal,
  ): ReturnType<ConstructorParameters<typeof ProvingQueue>[1]['prover']['prove']> {
    const work: Work = { prover: this.index, block, from: this.around.now(), to: undefined };
    this.around.work(work);
    const ms = this.proveMs(block);
    await new Promise<void>((resolve) => {
      if (Number.isFinite(ms)) setTimeout(resolve, ms);
      for (const end of [signal, this.ended.signal]) end.addEventListener('abort', () => resolve());
    });
    work.to = this.around.now();
    if (signal.aborted) return { ok: false, code: 'aborted', detail: '' };
    return { ok: true, proof: Uint8Array.of(1), stats: { ...STATS, backend: 'wasm' } };
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A block's hash has its number at its end, and any bytes before. */
function hashAt(block: number): Uint8Array {
  const hash = sha256(Buffer.from(`block ${block}`));
  new DataView(hash.buffer).setUint32(28, block);
  return hash;
}
const numberOf = (hash: Hash): number => Number.parseInt(hash.slice(-8), 16);
const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(bytes).digest());
const signature = (key: Uint8Array, message: Uint8Array): Uint8Array =>
  Uint8Array.from(createHash('sha512').update(key).update(message).digest());
