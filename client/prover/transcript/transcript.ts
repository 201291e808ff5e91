import type { Ext } from '../field/fp5.ts';
import type { HashMany } from '../hash/hash-many.ts';
import { absorb, extFromBytes, initialSponge, type Sponge, squeeze } from '../hash/sponge.ts';
import { LABELS, type Label } from './labels.ts';

/** One absorbed message or sample, for the transcript inventory. */
export type TranscriptEvent = {
  readonly kind: 'absorb' | 'send' | 'sample' | 'grind';
  readonly label: Label;
  readonly words: number;
};

/** Called before each event takes effect. */
export type TranscriptListener = (e: TranscriptEvent) => void;

/** Where the messages of a sub-protocol come from: the proof, or what a backend made of the same state. */
export type Channel = {
  /** `count` elements of E, absorbed as one message. */
  readExts(label: Label, count: number): Ext[];
  sampleExt(label: Label): Ext;
  /** A nonce with `bits` zero bits; none where no bits are asked for. */
  grind(label: Label, bits: number): void;
};

/** Rows of a codeword at queried places, and how deep below the cap they lie. */
export type OpeningShape = {
  readonly indices: readonly number[];
  readonly rowWords: number;
  readonly depth: number;
};

/** What both sides do alike: absorb what both know, and sample. */
export abstract class Transcript {
  protected sponge: Sponge = initialSponge();
  protected readonly hashMany: HashMany | undefined;
  private readonly listener: TranscriptListener | undefined;

  constructor(listener?: TranscriptListener, hashMany?: HashMany) {
    this.listener = listener;
    this.hashMany = hashMany;
  }

  protected note(kind: TranscriptEvent['kind'], label: Label, words: number): void {
    this.listener?.({ kind, label, words });
  }

  protected absorbMessage(kind: 'absorb' | 'send', label: Label, words: ArrayLike<number>): void {
    this.note(kind, label, words.length);
    this.sponge = absorb(this.sponge, LABELS[label], words, this.hashMany);
  }

  /** Absorbs data that both sides have: not part of the proof. */
  absorb(label: Label, words: ArrayLike<number>): void {
    this.absorbMessage('absorb', label, words);
  }

  /** A challenge of E, each coordinate within 2^−17 of uniform in total variation. */
  sampleExt(label: Label): Ext {
    this.note('sample', label, 5);
    const { bytes, sponge } = squeeze(this.sponge, LABELS[label]);
    this.sponge = sponge;
    return extFromBytes(bytes);
  }

  /** `count` challenges, each from an output of its own. */
  sampleExts(label: Label, count: number): Ext[] {
    return Array.from({ length: count }, () => this.sampleExt(label));
  }

  /** `count` indices of `bits` ≤ 32 bits, eight from each output. */
  sampleIndices(label: Label, count: number, bits: number): number[] {
    this.note('sample', label, count);
    const indices: number[] = [];
    while (indices.length < count) {
      const { bytes, sponge } = squeeze(this.sponge, LABELS[label]);
      this.sponge = sponge;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      for (let i = 0; i < 8 && indices.length < count; i++) indices.push(view.getUint32(4 * i, true) % 2 ** bits);
    }
    return indices;
  }

  /** The sponge as data, to hand to a backend; what it absorbs there is not seen here. */
  state(): Sponge {
    return this.sponge;
  }
}
