/** Fetches objects from whoever has them, goes on with others after a failure, and finds who sent false bytes. */
import { setTimeout } from 'node:timers/promises';
import type { Hash } from '../../prover/interface.ts';
import type { BlockDataKind, Fetched, FetchedData, FetchOptions, ProofDescriptor } from '../interface.ts';
import type { PeerBook } from '../peers/book.ts';
import type { RequestClient } from './client.ts';
import { CHUNK_BYTES, sha256 } from './descriptor.ts';
import type { DataKind } from './messages.ts';
import type { Semaphore } from './semaphore.ts';

export type FetchModules = {
  readonly client: Pick<RequestClient, 'data'>;
  readonly book: PeerBook;
  /** connected peers, the best first */
  readonly peers: () => readonly string[];
  /** bytes of all objects that are being fetched */
  readonly memory: Semaphore;
};

/** Chunks of one proof that are asked for at a time. */
const PARALLEL_CHUNKS = 6;
/** Requests of one fetch that one peer may hold. */
const PER_PEER = 2;
const BUSY_PAUSE_MS = 250;
/** How often a peer may say that it is busy before a fetch goes on without it. */
const MAX_BUSY = 20;

/**
 * A proof's bytes: chunks from several peers at once, each compared with its hash when it comes, so that false bytes
 * cost a MiB and their sender.
 */
export async function fetchProof(
  descriptor: ProofDescriptor,
  { signal, prefer = [] }: FetchOptions,
  modules: FetchModules,
): Promise<Fetched<Uint8Array>> {
  const { sizeBytes, chunkHashes } = descriptor;
  const release = await modules.memory.acquire(sizeBytes, signal);
  if (release === undefined) return { ok: false, code: 'aborted' };
  try {
    const sources = new Sources(prefer, modules.peers);
    const chunks: Uint8Array[] = [];
    const missing = chunkHashes.map((_, i) => i);
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const work = async (): Promise<void> => {
      for (let i = missing.shift(); i !== undefined; i = missing.shift()) {
        const chunk = await fetchChunk(descriptor, i, sources, both, modules);
        if (chunk === undefined) {
          stop.abort();
          return;
        }
        chunks[i] = chunk;
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL_CHUNKS, chunkHashes.length) }, work));
    if (signal.aborted) return { ok: false, code: 'aborted' };
    if (stop.signal.aborted) return { ok: false, code: 'unavailable' };
    return { ok: true, value: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : join(chunks, sizeBytes) };
  } finally {
    release();
  }
}

async function fetchChunk(
  { proofHash, sizeBytes, chunkHashes }: ProofDescriptor,
  index: number,
  sources: Sources,
  signal: AbortSignal,
  { client, book }: FetchModules,
): Promise<Uint8Array | undefined> {
  const offset = index * CHUNK_BYTES;
  const request = {
    kind: 'proof',
    hash: proofHash,
    offset,
    length: Math.min(CHUNK_BYTES, sizeBytes - offset),
  } as const;
  for (;;) {
    const peer = await sources.take(signal);
    if (peer === undefined) return undefined;
    const answer = await client.data(peer, request, sizeBytes, signal);
    if (!answer.ok) {
      sources.failed(peer, answer.code === 'busy');
      if (answer.code === 'aborted') return undefined;
      continue;
    }
    const { bytes, totalBytes } = answer.value;
    if (totalBytes === sizeBytes && equal(sha256(bytes), chunkHashes[index])) {
      sources.done(peer);
      return bytes;
    }
    book.charge(peer, 'wrongBytes', `proof ${proofHash} chunk ${index}`);
    sources.failed(peer, false);
  }
}

export type BlockDataRequest = {
  readonly kind: BlockDataKind;
  readonly blockHash: Hash;
  readonly maxBytes: number;
  /** a copy is never made of several peers' ranges */
  readonly oneServer?: boolean;
  readonly check: (bytes: Uint8Array) => boolean | Promise<boolean>;
};

/** A range that a peer sent for a copy that turned out false: kept as a hash until a true copy tells. */
type Suspect = { readonly peer: string; readonly offset: number; readonly length: number; readonly digest: Uint8Array };
type Part = { readonly peer: string; readonly bytes: Uint8Array };
type Copy = { readonly parts: readonly Part[]; readonly bytes: Uint8Array };

/**
 * Data that can be checked only as a whole. The first copy may be made of several peers' ranges; if it is false, copies
 * are taken from one peer each, and the first true one shows which ranges of the first were false.
 */
export async function fetchBlockData(
  request: BlockDataRequest,
  { signal, prefer = [] }: FetchOptions,
  modules: FetchModules,
): Promise<FetchedData> {
  const { book, memory } = modules;
  const release = await memory.acquire(request.maxBytes, signal);
  if (release === undefined) return { ok: false, code: 'aborted' };
  try {
    const sources = new Sources(prefer, modules.peers);
    const suspects: Suspect[] = [];
    for (;;) {
      const isMixed = suspects.length === 0 && request.oneServer !== true;
      const copy = await fetchCopy(request, sources, isMixed, signal, modules);
      if (copy === undefined) return { ok: false, code: signal.aborted ? 'aborted' : 'unavailable' };
      const peers = new Set(copy.parts.map(({ peer }) => peer));
      if (await request.check(copy.bytes)) {
        for (const peer of guiltyOf(suspects, copy.bytes)) book.charge(peer, 'wrongBytes', what(request));
        return { ok: true, value: copy.bytes, servers: [...peers] };
      }
      if (peers.size > 1) {
        suspects.push(...suspectsOf(copy));
        sources.again();
      } else {
        for (const peer of peers) {
          book.charge(peer, 'wrongBytes', what(request));
          sources.exclude(peer);
        }
      }
    }
  } finally {
    release();
  }
}

/**
 * One whole copy.
 * @param mixed whether another peer may go on where one has failed
 */
async function fetchCopy(
  request: BlockDataRequest,
  sources: Sources,
  mixed: boolean,
  signal: AbortSignal,
  { client, book }: FetchModules,
): Promise<Copy | undefined> {
  const { kind, blockHash, maxBytes } = request;
  let parts: Part[] = [];
  let offset = 0;
  let total: number | undefined;
  for (;;) {
    const peer = await sources.take(signal);
    if (peer === undefined) return undefined;
    if (!mixed) {
      parts = [];
      offset = 0;
      total = undefined;
    }
    for (;;) {
      const answer = await client.data(
        peer,
        { kind: kind as DataKind, hash: blockHash, offset, length: CHUNK_BYTES },
        maxBytes,
        signal,
      );
      if (!answer.ok) {
        sources.failed(peer, answer.code === 'busy');
        if (answer.code === 'aborted') return undefined;
        break;
      }
      if (total !== undefined && answer.value.totalBytes !== total) {
        if (parts.some((part) => part.peer === peer)) {
          // Whoever contradicts itself would never come to an end.
          book.charge(peer, 'wrongBytes', `${what(request)}: ${total} bytes, then ${answer.value.totalBytes}`);
          sources.failed(peer, false);
          break;
        }
        // Two peers speak of different objects: the later one starts a copy of its own.
        parts = [];
        offset = 0;
        total = undefined;
        continue;
      }
      total = answer.value.totalBytes;
      parts.push({ peer, bytes: answer.value.bytes });
      offset += answer.value.bytes.length;
      if (offset >= total) {
        sources.done(peer);
        return {
          parts,
          bytes: join(
            parts.map(({ bytes }) => bytes),
            total,
          ),
        };
      }
    }
  }
}

function suspectsOf({ parts }: Copy): Suspect[] {
  let offset = 0;
  return parts.map(({ peer, bytes }) => {
    const suspect = { peer, offset, length: bytes.length, digest: sha256(bytes) };
    offset += bytes.length;
    return suspect;
  });
}

function guiltyOf(suspects: readonly Suspect[], truth: Uint8Array): ReadonlySet<string> {
  const guilty = suspects.filter(
    ({ offset, length, digest }) => !equal(sha256(truth.subarray(offset, offset + length)), digest),
  );
  return new Set(guilty.map(({ peer }) => peer));
}

/** Which peers a fetch may still ask, and which are busy with it. */
class Sources {
  readonly #prefer: readonly string[];
  readonly #peers: () => readonly string[];
  readonly #excluded = new Set<string>();
  readonly #failed = new Set<string>();
  readonly #active = new Map<string, number>();
  readonly #busy = new Map<string, { times: number; until: number }>();
  #wake: (() => void)[] = [];

  constructor(prefer: readonly string[], peers: () => readonly string[]) {
    this.#prefer = prefer;
    this.#peers = peers;
  }

  /** A peer to ask next, when there is one; undefined when all have failed or the signal has come. */
  async take(signal: AbortSignal): Promise<string | undefined> {
    while (!signal.aborted) {
      const connected = this.#peers();
      const here = new Set(connected);
      const now = performance.now();
      const left = [...new Set([...this.#prefer.filter((peer) => here.has(peer)), ...connected])].filter(
        (peer) => !this.#excluded.has(peer) && !this.#failed.has(peer),
      );
      if (left.length === 0) return undefined;
      const free = left.filter(
        (peer) => (this.#active.get(peer) ?? 0) < PER_PEER && (this.#busy.get(peer)?.until ?? 0) <= now,
      );
      // The preferred first, then whoever has least to do.
      free.sort((a, b) => (this.#active.get(a) ?? 0) - (this.#active.get(b) ?? 0));
      const [peer] = free;
      if (peer !== undefined) {
        this.#active.set(peer, (this.#active.get(peer) ?? 0) + 1);
        return peer;
      }
      await this.#change(signal);
    }
    return undefined;
  }

  done(peer: string): void {
    this.#active.set(peer, (this.#active.get(peer) ?? 1) - 1);
    this.#notify();
  }

  failed(peer: string, busy: boolean): void {
    const times = (this.#busy.get(peer)?.times ?? 0) + 1;
    if (busy && times <= MAX_BUSY) this.#busy.set(peer, { times, until: performance.now() + BUSY_PAUSE_MS });
    else this.#failed.add(peer);
    this.done(peer);
  }

  /** Never to be asked again by this fetch. */
  exclude(peer: string): void {
    this.#excluded.add(peer);
  }

  /** Peers that failed may be asked again. */
  again(): void {
    this.#failed.clear();
    this.#busy.clear();
  }

  async #change(signal: AbortSignal): Promise<void> {
    const changed = new Promise<void>((resolve) => this.#wake.push(resolve));
    const pause = new AbortController();
    const either = AbortSignal.any([signal, pause.signal]);
    await Promise.race([changed, setTimeout(BUSY_PAUSE_MS, undefined, { signal: either }).catch(() => {})]);
    pause.abort();
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function equal(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0;
}

function what({ kind, blockHash }: BlockDataRequest): string {
  return `${kind} of block ${blockHash}`;
}
