/** Which block each sealer was first seen to seal at each height, and who was seen to seal two. */
import { RLP } from '@ethereumjs/rlp';
import type { SealedHeader, SealerFault } from '../interface.ts';
import { numberKey, numberOfKey } from './schema.ts';
import type { Store, StoreBatch } from './store.ts';

const NUMBER_BYTES = 8;

/** Which of a sealer's blocks at one height a header is, in the order in which this node saw them. */
export type SealPlace = 'first' | 'second' | 'later';

/** The tables `sealed` and `faults`. `onFault` hears of a sealer once for each height, when the evidence is on disk. */
export class SealLog {
  readonly #store: Store;
  readonly #onFault: (fault: SealerFault) => void;
  /** being written: as good as stored for whoever asks */
  readonly #pending = new Map<string, SealedHeader>();
  /** the second seal of a fault that is being written */
  readonly #pendingFaults = new Map<string, SealedHeader>();

  constructor(store: Store, onFault: (fault: SealerFault) => void) {
    this.#store = store;
    this.#onFault = onFault;
  }

  /** The header that a sealer was first seen to seal at a height. */
  sealedAt(number: bigint, sealer: Uint8Array): SealedHeader | undefined {
    const key = keyOf(number, sealer);
    return this.#pending.get(nameOf(key)) ?? decodeSealed(this.#store.get('sealed', key));
  }

  /**
   * The place of a header among those that its sealer sealed at its height: the one that it has, or would get if it were
   * observed now. All that is kept of a sealer at a height are its first two, so that all others are `later`.
   */
  placeOf(number: bigint, sealer: Uint8Array, header: Uint8Array): SealPlace {
    const first = this.sealedAt(number, sealer);
    if (first === undefined || Buffer.compare(first.header, header) === 0) return 'first';
    const second = this.#secondAt(keyOf(number, sealer));
    return second === undefined || Buffer.compare(second.header, header) === 0 ? 'second' : 'later';
  }

  /** Notes a seal that obeys every rule, on disk when this returns; a second header at one height is evidence. */
  async observe(number: bigint, sealer: Uint8Array, sealed: SealedHeader): Promise<void> {
    const first = this.sealedAt(number, sealer);
    if (first !== undefined) return await this.#compare(number, sealer, first, sealed);
    const batch = this.#store.batch();
    const done = this.claim(batch, number, sealer, sealed);
    try {
      await this.#store.write(batch);
    } finally {
      done();
    }
  }

  /**
   * Adds a seal that nothing else was noted of to a batch, which stores it with its block.
   * @returns call it when the batch was written or given up
   */
  claim(batch: StoreBatch, number: bigint, sealer: Uint8Array, sealed: SealedHeader): () => void {
    const key = keyOf(number, sealer);
    batch.put('sealed', key, RLP.encode([sealed.header, sealed.seal]));
    this.#pending.set(nameOf(key), sealed);
    return () => this.#pending.delete(nameOf(key));
  }

  async *faults(): AsyncGenerator<SealerFault> {
    for await (const [key, value] of this.#store.entries('faults')) {
      const [first, second] = RLP.decode(value) as unknown as [RawSealed, RawSealed];
      yield {
        number: numberOfKey(key),
        sealer: key.slice(NUMBER_BYTES),
        blocks: [sealedOf(first), sealedOf(second)],
      };
    }
  }

  #secondAt(key: Uint8Array): SealedHeader | undefined {
    const pending = this.#pendingFaults.get(nameOf(key));
    const stored = pending === undefined ? this.#store.get('faults', key) : undefined;
    if (stored === undefined) return pending;
    const [, second] = RLP.decode(stored) as unknown as [RawSealed, RawSealed];
    return sealedOf(second);
  }

  async #compare(number: bigint, sealer: Uint8Array, first: SealedHeader, second: SealedHeader): Promise<void> {
    if (Buffer.compare(first.header, second.header) === 0) return;
    const key = keyOf(number, sealer);
    const name = nameOf(key);
    if (this.#pendingFaults.has(name) || this.#store.has('faults', key)) return;
    this.#pendingFaults.set(name, second);
    try {
      const blocks = [first, second].map(({ header, seal }) => [header, seal]);
      await this.#store.write(this.#store.batch().put('faults', key, RLP.encode(blocks)));
      this.#onFault({ number, sealer, blocks: [first, second] });
    } finally {
      this.#pendingFaults.delete(name);
    }
  }
}

type RawSealed = [header: Uint8Array, seal: Uint8Array];

function decodeSealed(value: Uint8Array | undefined): SealedHeader | undefined {
  return value === undefined ? undefined : sealedOf(RLP.decode(value) as unknown as RawSealed);
}

function sealedOf([header, seal]: RawSealed): SealedHeader {
  return { header, seal };
}

function keyOf(number: bigint, sealer: Uint8Array): Uint8Array {
  return Uint8Array.of(...numberKey(number), ...sealer);
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}
